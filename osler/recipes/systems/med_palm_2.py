"""Med-PaLM 2, its prompting: ensemble refinement, 11 chains and 33 refinements (Singhal et al. 2023, arXiv:2305.09617)."""

from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.ensemble_refinement import EnsembleRefinement
from osler.prompting.few_shot import FewShot
from osler.prompting.zero_shot import ZeroShot

RECIPE = EnsembleRefinement(first=11, second=33, inner=FewShot(k=5, inner=ChainOfThought(self_generated=True)))
TINY = EnsembleRefinement(
    first=3,
    second=3,
    inner=FewShot(
        k=2,
        inner=ChainOfThought(self_generated=True, keep=12, inner=ZeroShot(by="generate", max_tokens=128)),
    ),
)
REPORTED = {"medqa": 85.4, "medmcqa": 72.3, "pubmedqa": 75.0}
DIFFERS = (
    "the figures are those of the tuned PaLM 2; tuning and the chain of retrieval of the Nature version are not here",
    "the paper says temperature sampling and gives no value that we could verify; 0.7 is ours",
    "the paper refines multiple-choice answers only; free texts are voted here when equal letter by letter",
    "the model writes the chains of the demonstrations, kept only if right; the paper's are by clinicians",
)
