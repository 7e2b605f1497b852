"""Equivalent doses: held against the published tables, in several units, and refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.morphine_equivalents import MorphineEquivalents
from osler.tools.calculators.steroid_conversion import EQUIVALENT, SteroidConversion

# The CDC's table of 2022 (MMWR 71(3), table), typed from the paper.
CDC = {
    "codeine": 0.15,
    "fentanyl_patch": 2.4,
    "hydrocodone": 1.0,
    "hydromorphone": 5.0,
    "methadone": 4.7,
    "morphine": 1.0,
    "oxycodone": 1.5,
    "oxymorphone": 3.0,
    "tapentadol": 0.4,
    "tramadol": 0.2,
}


def value(calculator: Calculator, **given: Any) -> float:
    found = calculator.calculate(given).value
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize(
    ("dose", "steroid", "target", "expected"),
    [
        (5, "prednisone", "hydrocortisone", 20),
        (0.75, "dexamethasone", "prednisone", 5),
        (4, "methylprednisolone", "prednisolone", 5),
        (25, "cortisone", "hydrocortisone", 20),
        (100, "hydrocortisone", "methylprednisolone", 20),
        (6, "dexamethasone", "prednisone", 40),
        (8, "triamcinolone", "prednisone", 10),
        (0.75, "betamethasone", "dexamethasone", 0.75),
    ],
)
def test_steroids(dose: float, steroid: str, target: str, expected: float) -> None:
    assert value(SteroidConversion(), dose=dose, steroid=steroid, target=target) == pytest.approx(expected)


@given(
    st.floats(min_value=0.1, max_value=500), st.sampled_from(sorted(EQUIVALENT)), st.sampled_from(sorted(EQUIVALENT))
)
def test_steroids_there_and_back(dose: float, steroid: str, target: str) -> None:
    there = value(SteroidConversion(), dose=dose, steroid=steroid, target=target)
    assert value(SteroidConversion(), dose=there, steroid=target, target=steroid) == pytest.approx(dose)


@pytest.mark.parametrize(("drug", "factor"), CDC.items())
def test_each_opioid_has_its_published_factor(drug: str, factor: float) -> None:
    assert value(MorphineEquivalents(), **{drug: 10}) == pytest.approx(10 * factor)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"hydrocodone": 50}, 50),  # the guideline's own examples: 50 MME a day
        ({"oxycodone": 33}, 49.5),
        ({"methadone": 12}, 56.4),
        ({"codeine": 120, "tramadol": 200}, 58),
        ({"fentanyl_patch": 25, "morphine": 30}, 90),
        ({"fentanyl_buccal": 100}, 13),
        ({"morphine": {"value": 0.06, "unit": "g/day"}}, 60),
        ({"morphine": {"value": 2.5, "unit": "mg/h"}}, 60),
        ({"fentanyl_patch": {"value": 0.025, "unit": "mg/h"}}, 60),
    ],
)
def test_morphine_equivalents(given_: dict[str, Any], expected: float) -> None:
    assert value(MorphineEquivalents(), **given_) == pytest.approx(expected)


def test_several_opioids_are_added_and_told_apart() -> None:
    for one, other in itertools.combinations(CDC, 2):
        result = MorphineEquivalents().calculate({one: 20, other: 10})
        assert result.value == pytest.approx(20 * CDC[one] + 10 * CDC[other])
        assert dict(result.parts) == {one: pytest.approx(20 * CDC[one]), other: pytest.approx(10 * CDC[other])}


def test_from_fifty_on_it_warns() -> None:
    assert "reassess" in MorphineEquivalents().calculate({"morphine": 50}).note
    assert MorphineEquivalents().calculate({"morphine": 49}).note == ""


@pytest.mark.parametrize(
    ("calculator", "given_", "said"),
    [
        (MorphineEquivalents(), {}, "no opioid is given"),
        (MorphineEquivalents(), {"aspirin": 500}, "has no input 'aspirin'"),
        (MorphineEquivalents(), {"morphine": -5}, "morphine = -5"),
        (MorphineEquivalents(), {"morphine": {"value": 10, "unit": "mg"}}, "measure different things"),
        (MorphineEquivalents(), {"fentanyl_patch": {"value": 5, "unit": "mg"}}, "measure different things"),
        (SteroidConversion(), {"dose": 5, "steroid": "prednisone", "target": "ibuprofen"}, "target must be one of"),
        (SteroidConversion(), {"dose": -5, "steroid": "prednisone", "target": "cortisone"}, "dose = -5"),
        (SteroidConversion(), {"steroid": "prednisone", "target": "cortisone"}, "needs dose"),
    ],
)
def test_what_cannot_be_is_refused(calculator: Calculator, given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError, match=said):
        calculator.calculate(given_)
