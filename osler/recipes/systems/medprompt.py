"""MedPrompt (Nori et al. 2023, arXiv:2311.16452)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.few_shot import FewShot
from osler.prompting.zero_shot import ZeroShot

RECIPE = ChoiceShuffle(n=5, inner=FewShot(k=5, select="knn", inner=ChainOfThought(self_generated=True)))
TINY = ChoiceShuffle(
    n=3,
    inner=FewShot(
        k=2,
        select="knn",
        inner=ChainOfThought(self_generated=True, keep=12, inner=ZeroShot(by="generate", max_tokens=128)),
    ),
)
REPORTED = {"medqa": 90.2, "medmcqa": 79.1, "pubmedqa": 82.0}
DIFFERS = (
    "the embedder is an open one; the paper's is text-embedding-ada-002",
    "the instruction and the cue are ours; the answer stands on a last line, where the published code asks for it in a "
    "second turn",
    "orders of the options are drawn for each case; the authors' MMLU code draws them once for all cases, and their other "
    "code hunts through the same five, in which the third option of four never comes first",
    "equal votes go to the answer given first; the published code takes the first option",
    "calls are made at temperature 0 unless the study says otherwise; a simulated model at 0 answers alike in every order, "
    "so that its votes gain nothing there, and osler experiment medprompt draws at 0.7",
    "the figure on MedMCQA is recalled",
)
