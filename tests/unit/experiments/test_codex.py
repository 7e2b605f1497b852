"""The experiment on five wordings voted: its claims in a quick run, and its formulas against counting all votes."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import pytest

from osler.experiments import experiment
from osler.experiments.codex import APART, OPTIONS, PROMPTS, SAME, SKILLS, TRAPPED, of_two, unanimous


def test_the_quick_run_holds() -> None:
    outcome = experiment("codex", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 6
    assert len(outcome.tables[0].rows) == 3 * len(SKILLS)
    together = [row for row in outcome.tables[0].rows if row[0].endswith(SAME.title)]
    assert all(row[1] == row[2] for row in together)
    assert PROMPTS == 5


@pytest.mark.parametrize("p", SKILLS)
def test_the_formulas_against_all_votes(p: float) -> None:
    """Every way in which five wordings can answer, option 0 being right; a tie goes to who was first."""
    voted = agree = agree_right = 0.0
    for said in itertools.product(range(OPTIONS), repeat=PROMPTS):
        weight = math.prod(p if one == 0 else (1 - p) / (OPTIONS - 1) for one in said)
        counts = Counter(said)
        voted += weight * (max(counts, key=lambda option: counts[option]) == 0)
        agree += weight * (len(counts) == 1)
        agree_right += weight * (set(said) == {0})
    assert APART.theory(p) == pytest.approx(voted)
    assert unanimous(p) == pytest.approx(agree_right / agree)
    two = sum(
        math.prod(p if one else 1 - p for one in said)
        for said in itertools.product((0, 1), repeat=PROMPTS)
        if sum(said) > PROMPTS / 2
    )
    assert of_two(p) == TRAPPED.theory(p) == pytest.approx(two)
    assert SAME.theory(p) == p
