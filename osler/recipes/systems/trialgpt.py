"""TrialGPT's matching of a patient with a trial's criteria (Jin et al. 2024, Nat Commun 15:9074, arXiv:2307.15051)."""

from osler.prompting.criterion_matching import CriterionMatching

RECIPE = CriterionMatching()
REPORTED = {"criterion accuracy": 87.3}
DIFFERS = (
    "one criterion per call, since a case of the task is one criterion; the paper puts all inclusion criteria of a trial "
    "in one call and all exclusion criteria in another (trialgpt_ranking does)",
    "the prompt's wording is ours, after the paper's description",
)
