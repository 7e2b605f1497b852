"""AutoMedPrompt (Wu et al. 2025, arXiv:2502.15944): the system prompt improved by textual gradients, gated on 50 dev items.

Values from the released code: start prompt, minibatches of 5 (MedQA, NephSAP; 1 for PubMedQA), 50 validation items,
revert unless better, stop after 3 steps without gain, answers at temperature 0.4. The arXiv id is recalled. Reported:
accuracy with Llama 3 70B as answerer and gpt-4o-mini as critic, zero-shot beside it: 75.2, 71.6 and 61.6.

A re-analysis of the released outputs: the gain on PubMedQA is mostly that "maybe" is no longer said (6 answers where
55 are right), so accuracy rises from 0.752 to 0.826 while macro F1 falls from 0.667 to 0.613; and the released pattern
for the answer letter reads the article "A" as option A, which alone moves MedQA by up to 6 points.
"""

from osler.prompting.optimise.textual_gradient import TextualGradient
from osler.prompting.zero_shot import ZeroShot

RECIPE = TextualGradient(
    inner=ZeroShot(by="generate", temperature=0.4, max_tokens=1024),
    instruction="You are a helpful, creative, and smart assistant.",
    minibatch=5,
    steps=12,
    patience=3,
    most_valid=50,
)
TINY = TextualGradient(
    inner=ZeroShot(by="generate", temperature=0.4, max_tokens=64),
    instruction="You are a helpful, creative, and smart assistant.",
    minibatch=2,
    steps=4,
    patience=2,
    most_valid=20,
    max_tokens=128,
)
REPORTED = {"medqa": 77.7, "pubmedqa": 82.6, "nephsap": 63.8}
DIFFERS = (
    "the critic is the model that answers unless backward names another; the paper's is gpt-4o-mini",
    "the most steps (12) are ours: the released code's number is not known to us",
    "TextGrad goes back from the loss to the answer and on to the prompt in two calls; here it is one",
    "the texts of loss, backward and edit are ours; the case's fields are passed by name, where the released code shifts them by one",
    "the instruction stands before the task's own, which says how the answer is written, and not in its place",
    "answers are read by our parser, not by the released pattern that takes the article A for option A",
)
