"""The experiment on two-label DRG coding: its claims in a quick run, and its formula against counting all answers."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.experiments import experiment
from osler.experiments.drg_coding import BASES, CODES, LEVELS, TABLE, UNSEEN, code, of_two


def test_the_quick_run_holds() -> None:
    outcome = experiment("drg_coding", quick=True)
    assert not outcome.failed, outcome.failed
    assert len(outcome.claims) == 5
    rare = outcome.tables[1].rows[0]
    assert rare[0] == "none"
    assert rare[2].startswith("0.0 %")
    assert outcome.tables[0].rows[-1][1:4] == [outcome.tables[0].rows[-1][1], outcome.tables[0].rows[-1][1], "100.0 %"]


def test_the_table_of_the_recipe_holds_every_pair_once() -> None:
    assert set(TABLE) == {f"{base} | {level}" for base, level in itertools.product(BASES, LEVELS)}
    assert len(CODES) == 22
    owners = {name: {base for base in BASES for level in LEVELS if code(base, level) == name} for name in CODES}
    assert all(len(bases) == 1 for bases in owners.values())
    for name in UNSEEN:  # the rest of the base group is trained on
        assert sum(value == name for value in TABLE.values()) == 1


@given(st.floats(0.0, 1.0), st.sampled_from(BASES), st.sampled_from(LEVELS))
def test_the_formula_against_every_answer(skill: float, base: str, level: str) -> None:
    """All pairs of said base and severity with their probabilities."""
    total = 0.0
    for said, graded in itertools.product(BASES, LEVELS):
        chance = skill if said == base else (1 - skill) / (len(BASES) - 1)
        chance *= skill if graded == level else (1 - skill) / (len(LEVELS) - 1)
        total += chance * (code(said, graded) == code(base, level))
    assert of_two(skill, base, level) == pytest.approx(total)
