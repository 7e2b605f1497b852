"""The question as it is, its options in five orders, voted (Nori et al. 2023, arXiv:2311.16452, the last rung alone)."""

from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.zero_shot import ZeroShot

RECIPE = ChoiceShuffle(n=5, inner=ZeroShot())
TINY = ChoiceShuffle(n=3, inner=ZeroShot(max_tokens=64))
