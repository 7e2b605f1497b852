"""Every experiment that trains: it runs in its quick form and says of each claim whether it holds, does not, or is open.

A claim may fail here: what a tiny network shows is not bent to the paper. The full runs are in docs/tuning.md.
"""

from __future__ import annotations

import html

import pytest

from osler import experiments, recipes
from osler.experiments.page import render

_TUNED = {name for name in recipes.names("models") if hasattr(recipes.recipe("models", name), "schedule")}
TRAINING = [
    name
    for name in experiments.names()
    if name in _TUNED
    or name.removesuffix("_training").removesuffix("_tuning") in _TUNED
    or name in ("memorisation", "encoder_tuning", "zhongjing")
]
BEFORE = {
    "chatdoctor",
    "baize",
    "alpacare",
    "bentsao",
    "medcpt",
    "med_palm",
    "meditron",
}  # prompting's own of that name


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", [name for name in TRAINING if name not in BEFORE])
def test_a_training_experiment_runs(name: str) -> None:
    outcome = experiments.experiment(name, quick=True)
    assert outcome.quick
    assert outcome.tables
    assert outcome.figures
    assert outcome.claims
    assert all(claim.holds in (True, False, None) and claim.seen for claim in outcome.claims)
    assert len(outcome.limits) > 60
    page = render(outcome)
    assert outcome.title in html.unescape(page)
