"""TrialGPT's ranking of candidate trials by matched criteria, relevance and eligibility (Jin et al. 2024, arXiv:2307.15051)."""

from osler.prompting.trial_ranking import TrialRanking

RECIPE = TrialRanking()
TINY = TrialRanking(max_criteria=3)
DIFFERS = (
    "the prompt's wording is ours, after the paper's description",
    "criteria are parted from the registry's text by rules; at most 40 of a side are matched",
    "a criterion whose label cannot be read counts for nothing instead of ending the trial",
)
