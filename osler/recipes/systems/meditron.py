"""MEDITRON's inference: zero-shot chains of thought, five branches at 0.8, voted (Chen et al. 2023, arXiv:2311.16079)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

RECIPE = SelfConsistency(k=5, temperature=0.8, inner=ChainOfThought())
TINY = SelfConsistency(k=3, temperature=0.8, inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=128)))
REPORTED = {"medqa_4_options": 70.2, "average": 72.0}
DIFFERS = (
    "the figures are those of MEDITRON-70B after pretraining on medical text and supervised tuning, which are not here",
    "the wording of the prompt is ours",
)
