"""Codex of Lievin et al., its best form: five-shot chains of thought, 100 samples (Lievin et al. 2022, arXiv:2207.08143)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

RECIPE = SelfConsistency(
    k=100,
    temperatures=(0.50, 0.51, 0.52, 0.53, 0.54),
    inner=FewShot(
        k=5,
        inner=ChainOfThought(
            cue="Let's think step by step", self_generated=True, inner=ZeroShot(by="generate", max_tokens=300)
        ),
    ),
)
TINY = SelfConsistency(
    k=5,
    temperatures=(0.50, 0.51, 0.52, 0.53, 0.54),
    inner=FewShot(
        k=2,
        inner=ChainOfThought(
            cue="Let's think step by step", self_generated=True, keep=12, inner=ZeroShot(by="generate", max_tokens=128)
        ),
    ),
)
REPORTED = {"medqa": 60.2, "medmcqa": 62.7, "pubmedqa": 78.2}
DIFFERS = (
    "the five temperatures were to pass by the endpoint's cache; here every sample has a seed of its own as well",
    "where the paper's demonstrations have chains from the data sets, the model writes them here, kept only if right "
    "[recalled]",
    "retrieved Wikipedia passages (BM25) are a strategy of their own and not part of this recipe",
    "an answer is read by our parser, which never falls back on the option mentioned last",
)
