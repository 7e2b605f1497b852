"""Nearest demonstrations with chains the model wrote itself (Nori et al. 2023, arXiv:2311.16452, fourth rung of the ladder)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.zero_shot import ZeroShot

RECIPE = FewShot(k=5, select="knn", inner=ChainOfThought(self_generated=True))
TINY = FewShot(
    k=2, select="knn", inner=ChainOfThought(self_generated=True, keep=12, inner=ZeroShot(by="generate", max_tokens=128))
)
REPORTED = {"medqa": 88.4}
DIFFERS = (
    "the figure is GPT-4's, recalled; the ensemble of shuffled choices around it (medprompt) came to 90.2",
    "the embedder is an open one; the paper's is text-embedding-ada-002",
)
