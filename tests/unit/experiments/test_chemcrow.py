"""The experiment on ChemCrow: its claims in a quick run, its reading of runs, and its formulas against draws."""

from __future__ import annotations

import math
import random

import pytest

from osler.core.types import Prediction
from osler.experiments import experiment
from osler.experiments.chemcrow import CHECKS, NOISE, early, of_early, of_preference, of_wrong, ran

N = 40_000


def test_the_quick_run_holds() -> None:
    outcome = experiment("chemcrow", quick=True)
    assert not outcome.failed, outcome.failed
    only, enforced = outcome.figures[0].curves[0].points, outcome.figures[0].curves[2].points
    assert all(point.y == 0 for point in enforced)
    assert only[-1].y == 1
    assert outcome.tables[0].rows[-1][-1] == "0"


def trace(*calls: tuple[str, str, bool]) -> Prediction:
    lines = []
    for at, (tool, subject, ok) in enumerate(calls, 1):
        lines += [
            "model: next",
            f'call {at}: {tool}({{"molecule":"{subject}"}})',
            "result: {}" if ok else "error: Error: no",
        ]
    return Prediction(answer=None, rationale="\n".join(lines))


first, second = CHECKS


@pytest.mark.parametrize(
    ("calls", "too_early"),
    [
        ([(first, "a", True), (second, "a", True), ("molecule_facts", "a", True)], False),
        ([(first, "a", True), ("molecule_facts", "a", True), (second, "a", True)], True),
        ([(first, "a", True), (second, "b", True), ("molecule_facts", "a", True)], True),
        ([("molecule_facts", "a", False), (first, "a", True), (second, "a", True)], False),  # refused: it did not run
        ([(first, "a", True), (second, "a", False), ("molecule_facts", "a", True)], True),
        ([], False),
    ],
)
def test_a_run_is_read_off_its_trace(calls: list[tuple[str, str, bool]], too_early: bool) -> None:
    found = trace(*calls)
    assert ran(found) == [(tool, subject) for tool, subject, ok in calls if ok]
    assert early(found) == too_early


@pytest.mark.parametrize(("hasty", "wrong"), [(0.0, 0.2), (0.3, 0.5), (1.0, 0.0), (0.0, 0.0)])
def test_the_formulas_of_the_order_against_draws(hasty: float, wrong: float) -> None:
    rng = random.Random(1)
    seen = missed = 0
    for _ in range(N):
        slips = [rng.random() < wrong for _ in range(3)]
        seen += rng.random() < hasty or slips[0] or slips[1]
        missed += any(slips)
    assert seen / N == pytest.approx(of_early(hasty, wrong), abs=0.012)
    assert missed / N == pytest.approx(of_wrong(wrong), abs=0.012)


@pytest.mark.parametrize(("doublings", "bias", "fault"), [(3.0, 0.0, 0.45), (3.0, 0.1, 0.0), (2.5, 0.2, 0.45)])
def test_the_formula_of_preference_against_draws(doublings: float, bias: float, fault: float) -> None:
    rng = random.Random(2)
    won = sum(1 + rng.gauss(0, NOISE) - (1 - fault + bias * doublings + rng.gauss(0, NOISE)) > 0.02 for _ in range(N))
    assert won / N == pytest.approx(of_preference(doublings, bias, fault), abs=0.012)
    assert math.isclose(of_preference(1.0, 0.0, 0.02), 0.5)
