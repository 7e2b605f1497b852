"""When tuning may begin, what it must show afterwards, and when it is paid back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.tuning.gate import Attempt, TuningRule, before, break_even, non_inferior

MISSED = Attempt("few_shot", met=False, tokens=900.0)
MET = Attempt("medprompt", met=True, tokens=900.0)
PLAIN = Attempt("zero_shot", met=False, tokens=200.0)
RULE = TuningRule()


def test_a_missed_target_opens_the_gate() -> None:
    found = before(RULE, [MISSED, PLAIN], cases=400)
    assert (found.passed, found.trigger) == (True, "prompting missed")
    assert "few_shot, zero_shot" in found.reason


def test_without_a_logged_attempt_it_stays_shut() -> None:
    found = before(RULE, [], cases=400)
    assert not found.passed
    assert "no prompting attempt is logged" in found.reason


def test_a_met_target_needs_no_tuning() -> None:
    assert not before(RULE, [PLAIN, Attempt("few_shot", True, 250.0)], cases=400, plain_tokens=200.0).passed


def test_a_long_prompt_that_meets_the_target_may_be_saved() -> None:
    found = before(RULE, [MET, PLAIN], cases=400, plain_tokens=200.0)
    assert (found.passed, found.trigger) == (True, "shorter prompts")
    assert "4.5 times" in found.reason


@pytest.mark.parametrize("cases", [0, 10, 49])
def test_too_few_cases_are_refused_whatever_was_tried(cases: int) -> None:
    found = before(RULE, [MISSED], cases=cases)
    assert not found.passed
    assert "below the minimum of 50" in found.reason


def test_abundant_data_are_a_reason_of_their_own() -> None:
    assert before(RULE, [], cases=10_000).trigger == "abundant data"
    assert not before(RULE, [], cases=9_999).passed


def test_stages_with_data_of_their_own_have_no_minimum_of_cases() -> None:
    assert before(RULE, [MISSED], cases=None).passed


def test_a_recorded_reason_overrules_and_is_kept() -> None:
    found = before(TuningRule(reason="the board asked for it"), [], cases=10)
    assert (found.passed, found.trigger) == (True, "recorded reason")
    assert "below the minimum" in found.reason
    assert "the board asked for it" in found.reason


@given(st.floats(0.01, 1e4), st.floats(0.0, 10.0), st.floats(0.0, 10.0))
def test_the_break_even_is_where_both_ways_cost_the_same(training: float, prompt: float, tuned: float) -> None:
    calls = break_even(training, prompt, tuned)
    if calls is None:
        assert prompt <= tuned
    else:
        assert math.isclose(training + calls * tuned, calls * prompt, rel_tol=1e-6, abs_tol=1e-6)


def test_no_worse_by_the_interval_and_the_side_that_is_better() -> None:
    assert non_inferior(-0.01, 0.05, margin=0.02, higher_is_better=True)
    assert not non_inferior(-0.03, 0.05, margin=0.02, higher_is_better=True)
    assert non_inferior(-0.05, 0.01, margin=0.02, higher_is_better=False)
    assert not non_inferior(-0.05, 0.03, margin=0.02, higher_is_better=False)


def test_settings_that_contradict_are_refused() -> None:
    with pytest.raises(SpecError, match="abundant"):
        TuningRule(minimum=100, abundant=50)
    with pytest.raises(SpecError, match="safety_margin"):
        TuningRule(safety_margin=0.0)
