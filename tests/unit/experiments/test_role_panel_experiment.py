"""The experiment on role panels: its claims in a quick run, and its formulas against counting all members."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.experiments import experiment
from osler.experiments.role_panel import BLIND, ROLES, SKILL, majority, sighted, weighed


def test_the_quick_run_holds() -> None:
    outcome = experiment("role_panel", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 6
    assert len(outcome.tables[0].rows) == len(BLIND)
    none, quoted, bare = outcome.tables[1].rows
    assert none[1:] == quoted[1:]
    assert bare[3] == "100.0 %"


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_formulas_against_all_members(p: float, decisive: float) -> None:
    """Each member is wrong (0), right (1), or right with the deciding reason (2)."""
    chance = (1 - p, p * (1 - decisive), p * decisive)
    counted = heard = 0.0
    for said in itertools.product(range(3), repeat=ROLES):
        weight = math.prod(chance[one] for one in said)
        most = sum(one > 0 for one in said) > ROLES / 2
        counted += weight * most
        heard += weight * (2 in said or most)
    assert majority(p, ROLES) == pytest.approx(counted)
    assert weighed(p, ROLES, decisive) == pytest.approx(heard)


def test_a_member_is_as_good_with_any_blind_spot() -> None:
    assert all((1 - blind) * sighted(blind) == pytest.approx(SKILL) for blind in BLIND)
