"""Calibrated votes: the answer stays, the probabilities come nearer to how often it is right."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, Scripted

from osler.core.errors import SpecError
from osler.evaluation.metrics.calibration import CalibrationError
from osler.evaluation.table import tabulate
from osler.experiments.exam import EXAM, exam
from osler.experiments.measure import ask
from osler.models.simulated import Simulated
from osler.prompting.calibrate import STEEPEST, Calibrate, likeliest, raised
from osler.prompting.self_consistency import SelfConsistency

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=6)


@given(SHARES, st.floats(1 / STEEPEST, STEEPEST))
def test_the_order_of_labels_stays_and_the_sum_is_one(values: list[float], exponent: float) -> None:
    total = sum(values)
    shares = {str(at): value / total for at, value in enumerate(values)}
    made = raised(shares, exponent)
    assert sum(made.values()) == pytest.approx(1)
    assert made[max(shares, key=lambda label: shares[label])] == max(made.values())
    assert raised(shares, 1.0) == pytest.approx(shares)


def test_the_likeliest_exponent_is_that_of_the_draws() -> None:
    # 90 of 100 times the label with share 0.6 of two is right: (0.6/0.4)^a = 9, a = log 9 / log 1.5
    votes = [({"a": 0.6, "b": 0.4}, "a")] * 90 + [({"a": 0.6, "b": 0.4}, "b")] * 10
    assert likeliest(votes) == pytest.approx(5.419, abs=0.01)


def test_votes_that_understate_are_mended_on_other_cases() -> None:
    train, test = exam(400, name="t"), exam(300)
    model = Simulated(skill=0.5, spread=1.2, verbosity=1).keyed([*train, *test], lettered=True)
    vote = SelfConsistency(k=21)
    raw = asyncio.run(ask(vote, model, EXAM, test))
    made = asyncio.run(ask(Calibrate(inner=vote), model, EXAM, test, train=train))
    assert [one.answer for one in made.predictions] == [one.answer for one in raw.predictions]
    metric = CalibrationError()
    errors = [
        float(metric.value(metric.statistics(tabulate(test, one.predictions)).sum(axis=0))) for one in (raw, made)
    ]
    assert errors[1] < errors[0] - 0.04


def test_too_few_cases_leave_the_votes_nearly_as_they_are() -> None:
    pairs = [(LABELLED.replace(id=f"m{at}"), "yes") for at in range(4)]
    model = Scripted(logprobs={"yes": -0.1, "no": -3.0, "not enough information": -3.0})
    fitted = asyncio.run(Calibrate().fit(pairs, model))
    assert fitted.exponent == 1.0
    found = asyncio.run(fitted.predict(LABELLED, model, seed=0))
    assert found.answer == "yes"
    assert sum(found.votes.values()) == pytest.approx(1)


def test_bad_settings_are_refused() -> None:
    with pytest.raises(SpecError, match="exponent"):
        Calibrate(exponent=0.0)
    with pytest.raises(SpecError, match="smoothing"):
        Calibrate(smoothing=0.0)
    assert Calibrate(cases=50).fitting(20) == 20
