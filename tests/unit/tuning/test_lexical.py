"""Cues of negation, limits on numbers and sex."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.tuning.lexical import limits, negated, sex_agrees, stems, value_for


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("She denies smoking.", True),
        ("No known drug allergies", True),
        ("The chest film is negative", True),
        ("He doesn't smoke", True),
        ("A nodule in the left lung", False),
        ("Notable for fever", False),
    ],
)
def test_negation(text: str, wanted: bool) -> None:
    assert negated(text) is wanted


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Age ≥ 18 years", 18, 17),
        ("Adults of 18 years or older", 40, 12),
        ("Older than 65 years of age", 70, 60),
        ("18-65 years of age", 30, 70),
        ("Aged between 18 and 65 years, inclusive", 65, 66),
        ("Age below 18 or above 75 years", 80, 40),
        ("Participants must be at least 40 and at most 75 years old", 50, 80),
        ("Platelets < 150,000 per microlitre", 90_000, 160_000),
        ("HbA1c of at least 6.5 %", 6.5, 6.4),
        ("Serum potassium less than 3.5 mmol/L", 3.1, 4.0),
    ],
)
def test_limits(text: str, inside: float, outside: float) -> None:
    stated = limits(text)
    assert stated is not None
    assert stated.hold(inside)
    assert not stated.hold(outside)


@pytest.mark.parametrize("text", ["", "Diagnosis of asthma", "Seen on 2023-08-27", "Type 2 diabetes"])
def test_no_limit(text: str) -> None:
    assert limits(text) is None


@pytest.mark.parametrize(
    ("question", "sentence", "wanted"),
    [
        ("Age ≥ 18 years", "A 58-year-old woman with chest pain since 2 days.", 58),
        ("Aged 18 to 65", "45 y/o female here for a check.", 45),
        ("Serum potassium < 3.5", "INR of 1.1, serum potassium: 4.0 mmol/L, albumin 4.4", 4.0),
        ("Platelets above 100,000", "Platelets were 250,000.", 250_000),
        ("Serum potassium < 3.5", "Pulse 80", None),
    ],
)
def test_the_number_that_is_asked_for(question: str, sentence: str, wanted: float | None) -> None:
    assert value_for(question, sentence) == wanted


def test_sex() -> None:
    assert sex_agrees("Female patients only", "A 30-year-old woman") == 1
    assert sex_agrees("Males", "A 30-year-old woman") == -1
    assert sex_agrees("Male and female", "A 30-year-old woman") == 0
    assert sex_agrees("Asthma", "A 30-year-old woman") == 0


def test_stems() -> None:
    assert stems("The patient has hypertension (180)") == {"hypert", "180"}
    assert stems("hypertensive") <= stems("Hypertension is known")


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_without_an_error(one: str, other: str) -> None:
    limits(one)
    value_for(one, other)
    negated(one)
    assert sex_agrees(one, other) in (-1, 0, 1)
