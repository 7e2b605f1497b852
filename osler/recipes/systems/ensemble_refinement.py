"""Ensemble refinement without demonstrations: 11 chains, 33 refinements (Singhal et al. 2023, arXiv:2305.09617)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.ensemble_refinement import EnsembleRefinement
from osler.prompting.zero_shot import ZeroShot

RECIPE = EnsembleRefinement(first=11, second=33, inner=ChainOfThought())
TINY = EnsembleRefinement(first=3, second=3, inner=ChainOfThought(inner=ZeroShot(by="generate", max_tokens=128)))
DIFFERS = ("the paper's prompt has five demonstrations with chains: the recipe med_palm_2 has them, too",)
