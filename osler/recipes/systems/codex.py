"""Codex of Lievin et al.: zero-shot chains from five cues, voted and calibrated (Lievin et al. 2022, arXiv:2207.08143)."""

from osler.prompting.calibrate import Calibrate
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.prompt_vote import PromptVote
from osler.prompting.zero_shot import ZeroShot

reply = ZeroShot(by="generate", max_tokens=300)
short = ZeroShot(by="generate", max_tokens=96)
first = "Let's think step by step"
second = "Let's think step by step like a medical expert"
third = "Let's use step by step inductive reasoning, given the medical nature of the question"
fourth = "Let's differentiate using step by step reasoning like a medical expert"
fifth = "Let's derive the differential diagnosis step by step"
RECIPE = Calibrate(
    inner=PromptVote(
        strategies=(
            ChainOfThought(cue=first, extract=True, inner=reply),
            ChainOfThought(cue=second, extract=True, inner=reply),
            ChainOfThought(cue=third, extract=True, inner=reply),
            ChainOfThought(cue=fourth, extract=True, inner=reply),
            ChainOfThought(cue=fifth, extract=True, inner=reply),
        )
    )
)
TINY = Calibrate(
    cases=40,
    inner=PromptVote(
        strategies=(
            ChainOfThought(cue=first, extract=True, inner=short),
            ChainOfThought(cue=second, extract=True, inner=short),
            ChainOfThought(cue=fifth, extract=True, inner=short),
        )
    ),
)
DIFFERS = (
    "the five cues are verified in the published code; how it votes over them is recalled, so no figure is reported here",
    "one completion at temperature 0 for each cue; the 100 samples of the paper's best figure are codex_few_shot",
    "the paper looks at how calibrated votes are; the exponent that mends them on validation cases is ours",
)
