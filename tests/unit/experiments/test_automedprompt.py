"""The experiment on textual gradients: its claims in a quick run, and its formulas against draws and by hand."""

from __future__ import annotations

import random

import pytest

from osler.experiments import experiment
from osler.experiments.automedprompt import SKILL, of_record, skill_with
from osler.recipes.systems.automedprompt import RECIPE


def test_the_quick_run_holds() -> None:
    outcome = experiment("automedprompt", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 5
    only_adds, gated, free = outcome.tables[0].rows
    assert only_adds[1] == gated[1] == "0"
    assert int(free[1]) > 0
    assert only_adds[2] == "5 of 5"


def test_the_skill_with_every_phrase() -> None:
    assert skill_with(0) == pytest.approx(SKILL)
    assert skill_with(3) == pytest.approx(0.8802, abs=1e-4)


def test_the_record_by_hand() -> None:
    """One case: the first score is 1 in half of the runs, and a later one mends the other half."""
    assert of_record(0.5, 1, 0, 1) == pytest.approx(0.5)
    assert of_record(0.5, 1, 1, 1) == pytest.approx(0.75)
    assert of_record(0.5, 1, 3, 3) == pytest.approx(1 - 0.5**4)
    assert of_record(0.5, 1, 3, 1) == pytest.approx(0.75)  # one idle variant ends it


def test_the_record_against_draws() -> None:
    rng = random.Random(7)
    won = []
    for _ in range(4000):
        best, idle = sum(rng.random() < 0.6 for _ in range(50)), 0
        for _ in range(RECIPE.steps):
            new = sum(rng.random() < 0.6 for _ in range(50))
            best, idle = (new, 0) if new > best else (best, idle + 1)
            if idle == RECIPE.patience:
                break
        won.append(best / 50)
    mean = sum(won) / len(won)
    error = (sum((value - mean) ** 2 for value in won) / len(won) ** 2) ** 0.5
    assert abs(mean - of_record(0.6, 50, RECIPE.steps, RECIPE.patience)) < 4 * error
