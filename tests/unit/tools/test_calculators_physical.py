"""Formulas on the body, the pulse and the electrocardiogram: worked by hand, in several units, and refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.tools.calculators.adjusted_body_weight import AdjustedBodyWeight
from osler.tools.calculators.body_mass_index import BodyMassIndex
from osler.tools.calculators.body_surface_area import BodySurfaceArea
from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.ideal_body_weight import IdealBodyWeight
from osler.tools.calculators.maintenance_fluids import MaintenanceFluids
from osler.tools.calculators.mean_arterial_pressure import MeanArterialPressure
from osler.tools.calculators.qtc_bazett import QtcBazett
from osler.tools.calculators.qtc_framingham import QtcFramingham
from osler.tools.calculators.qtc_fridericia import QtcFridericia
from osler.tools.calculators.qtc_hodges import QtcHodges
from osler.tools.calculators.qtc_rautaharju import QtcRautaharju
from osler.tools.calculators.target_weight import TargetWeight

CORRECTIONS: tuple[Calculator, ...] = (QtcBazett(), QtcFridericia(), QtcFramingham(), QtcHodges(), QtcRautaharju())


def q(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def beat(qt: Any, heart_rate: Any) -> dict[str, Any]:
    return {"qt": qt, "heart_rate": heart_rate}


def body(weight: Any, height: Any, sex: str = "") -> dict[str, Any]:
    found = {"weight": weight, "height": height}
    return {**found, "sex": sex} if sex else found


WORKED: list[tuple[Calculator, Mapping[str, Any], float]] = [
    (MeanArterialPressure(), {"systolic": 120, "diastolic": 80}, 280 / 3),
    (MeanArterialPressure(), {"systolic": 90, "diastolic": 60}, 70),
    (MeanArterialPressure(), {"systolic": 180, "diastolic": 120}, 140),
    (BodyMassIndex(), body(80, 200), 20),
    (BodyMassIndex(), body(90, 150), 40),
    (BodyMassIndex(), body(70, 175), 70 / 1.75**2),
    (TargetWeight(), {"target_body_mass_index": 25, "height": 200}, 100),
    (TargetWeight(), {"target_body_mass_index": 20, "height": 150}, 45),
    (TargetWeight(), {"target_body_mass_index": 22, "height": 170}, 22 * 2.89),
    (BodySurfaceArea(), body(80, 180), 2.0),
    (BodySurfaceArea(), body(20, 125), math.sqrt(2500 / 3600)),
    (BodySurfaceArea(), body(36, 100), 1.0),
    (IdealBodyWeight(), {"sex": "male", "height": 152.4}, 50),
    (IdealBodyWeight(), {"sex": "female", "height": 152.4}, 45.5),
    (IdealBodyWeight(), {"sex": "male", "height": 182.88}, 77.6),
    (IdealBodyWeight(), {"sex": "female", "height": 165.1}, 57),
    (AdjustedBodyWeight(), body(120, 182.88, "male"), 94.56),
    (AdjustedBodyWeight(), body(85.5, 152.4, "female"), 61.5),
    (AdjustedBodyWeight(), body(50, 152.4, "male"), 50),
    (MaintenanceFluids(), {"weight": 8}, 32),
    (MaintenanceFluids(), {"weight": 10}, 40),
    (MaintenanceFluids(), {"weight": 15}, 50),
    (MaintenanceFluids(), {"weight": 20}, 60),
    (MaintenanceFluids(), {"weight": 70}, 110),
    (QtcBazett(), beat(400, 60), 400),
    (QtcBazett(), beat(360, 240), 720),
    (QtcBazett(), beat(400, 15), 200),
    (QtcFridericia(), beat(400, 60), 400),
    (QtcFridericia(), beat(300, 60 * 1.331), 330),
    (QtcFridericia(), beat(300, 60 * 0.729), 270),
    (QtcFramingham(), beat(400, 60), 400),
    (QtcFramingham(), beat(350, 120), 427),
    (QtcFramingham(), beat(450, 40), 373),
    (QtcHodges(), beat(400, 60), 400),
    (QtcHodges(), beat(350, 100), 420),
    (QtcHodges(), beat(440, 40), 405),
    (QtcRautaharju(), beat(400, 60), 400),
    (QtcRautaharju(), beat(360, 100), 440),
    (QtcRautaharju(), beat(450, 40), 400),
]


def value(calculator: Calculator, arguments: Mapping[str, Any]) -> float:
    found = calculator.calculate(arguments).value
    assert isinstance(found, (int, float))
    return float(found)


@pytest.mark.parametrize(
    ("calculator", "arguments", "expected"),
    WORKED,
    ids=[f"{case[0].name}-{number}" for number, case in enumerate(WORKED)],
)
def test_worked_examples(calculator: Calculator, arguments: Mapping[str, Any], expected: float) -> None:
    assert value(calculator, arguments) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("calculator", "one", "other"),
    [
        (
            MeanArterialPressure(),
            {"systolic": 120, "diastolic": 80},
            {"systolic": q(15.99868649, "kPa"), "diastolic": q(10.66579099, "kPa")},
        ),
        (BodyMassIndex(), body(70, 175), body(q(154.3236, "lb"), q(1.75, "m"))),
        (BodySurfaceArea(), body(70, 175), body(q(70000, "g"), q(68.89764, "in"))),
        (IdealBodyWeight(), {"sex": "male", "height": 182.88}, {"sex": "Male", "height": q(6, "ft")}),
        (AdjustedBodyWeight(), body(120, 182.88, "male"), body(q(264.554715, "pounds"), q(72, "inches"), "MALE")),
        (
            TargetWeight(),
            {"target_body_mass_index": 22, "height": 170},
            {"target_body_mass_index": q(22, "kg/m²"), "height": q(1.7, "m")},
        ),
        (MaintenanceFluids(), {"weight": 15}, {"weight": q(15000, "g")}),
        *((one, beat(400, 75), beat(q(0.4, "s"), q(1.25, "1/s"))) for one in CORRECTIONS),
    ],
)
def test_units_change_nothing(calculator: Calculator, one: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    assert value(calculator, other) == pytest.approx(value(calculator, one), rel=1e-5)


@pytest.mark.parametrize(
    ("calculator", "arguments", "said"),
    [
        (MeanArterialPressure(), {"systolic": 80, "diastolic": 120}, "above the systolic"),
        (MeanArterialPressure(), {"systolic": 120}, "needs diastolic"),
        (BodyMassIndex(), body(70, 1.75), "height = 1.75 cm is outside"),
        (BodyMassIndex(), body(q(70, "cm"), 175), "measure different things"),
        (BodySurfaceArea(), body(-5, 175), "weight = -5"),
        (IdealBodyWeight(), {"sex": "other", "height": 170}, "sex must be one of"),
        (IdealBodyWeight(), {"sex": "female", "height": 90}, "no ideal weight"),
        (AdjustedBodyWeight(), body(70, 175), "needs sex"),
        (TargetWeight(), {"target_body_mass_index": 0, "height": 170}, "outside 8 to 80"),
        (MaintenanceFluids(), {}, "needs weight"),
        *((one, beat(400, 0), "heart_rate = 0") for one in CORRECTIONS),
        *((one, beat(0.4, 60), "qt = 0.4 ms is outside") for one in CORRECTIONS),
    ],
)
def test_what_cannot_be_is_refused(calculator: Calculator, arguments: Mapping[str, Any], said: str) -> None:
    with pytest.raises(ToolError, match=said):
        calculator.calculate(arguments)


@given(
    st.floats(min_value=250, max_value=600),
    st.floats(min_value=30, max_value=59),
    st.floats(min_value=61, max_value=200),
)
def test_corrections_meet_at_sixty_beats(qt: float, slow: float, fast: float) -> None:
    for calculator in CORRECTIONS:
        assert value(calculator, beat(qt, 60)) == pytest.approx(qt)
        assert value(calculator, beat(qt, slow)) < qt < value(calculator, beat(qt, fast))


@given(st.floats(min_value=1, max_value=200), st.floats(min_value=0.1, max_value=20))
def test_heavier_needs_more_fluid_but_less_for_each_kilogram(weight: float, more: float) -> None:
    here, there = (value(MaintenanceFluids(), {"weight": kg}) for kg in (weight, weight + more))
    assert here < there
    assert there / (weight + more) <= here / weight + 1e-9


@given(st.floats(min_value=10, max_value=60), st.floats(min_value=120, max_value=220))
def test_target_weight_has_the_target_index(index: float, height: float) -> None:
    weight = value(TargetWeight(), {"target_body_mass_index": index, "height": height})
    assert value(BodyMassIndex(), body(weight, height)) == pytest.approx(index)


def test_notes_say_where_a_formula_does_not_hold() -> None:
    assert "below the ideal weight" in AdjustedBodyWeight().calculate(body(50, 180, "male")).note
    assert "60 inches" in IdealBodyWeight().calculate({"sex": "male", "height": 150}).note
