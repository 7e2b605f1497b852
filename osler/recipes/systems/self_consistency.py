"""Forty sampled chains of thought and their plurality (Wang et al. 2023, arXiv:2203.11171, section 3.1)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

RECIPE = SelfConsistency(k=40, temperature=0.7, inner=ChainOfThought())
TINY = SelfConsistency(k=5, temperature=0.7, inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=128)))
DIFFERS = ("the paper shows demonstrations with chains written by hand; this is the zero-shot form",)
