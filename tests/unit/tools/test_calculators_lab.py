"""Formulas on laboratory values: worked by hand or taken from the literature, in several units, and refused."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.tools.calculators.albumin_corrected_anion_gap import AlbuminCorrectedAnionGap
from osler.tools.calculators.albumin_corrected_delta_gap import AlbuminCorrectedDeltaGap
from osler.tools.calculators.albumin_corrected_delta_ratio import AlbuminCorrectedDeltaRatio
from osler.tools.calculators.anion_gap import AnionGap
from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.ckd_epi_2021 import CkdEpi2021
from osler.tools.calculators.cockcroft_gault import CockcroftGault
from osler.tools.calculators.corrected_calcium import CorrectedCalcium
from osler.tools.calculators.corrected_sodium import CorrectedSodium
from osler.tools.calculators.delta_gap import DeltaGap
from osler.tools.calculators.delta_ratio import DeltaRatio
from osler.tools.calculators.fib4 import Fib4
from osler.tools.calculators.fractional_excretion_of_sodium import FractionalExcretionOfSodium
from osler.tools.calculators.free_water_deficit import FreeWaterDeficit
from osler.tools.calculators.homa_ir import HomaIr
from osler.tools.calculators.ldl_friedewald import LdlFriedewald
from osler.tools.calculators.mdrd import Mdrd
from osler.tools.calculators.meld_sodium import MeldSodium
from osler.tools.calculators.serum_osmolality import SerumOsmolality

Given = Mapping[str, Any]


def q(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit}


def gases(sodium: float, chloride: float, bicarbonate: float, albumin: float | None = None) -> dict[str, Any]:
    found = {"sodium": sodium, "chloride": chloride, "bicarbonate": bicarbonate}
    return found if albumin is None else {**found, "albumin": albumin}


def man(age: float, creatinine: float, **more: Any) -> dict[str, Any]:
    return {"sex": "male", "age": age, "creatinine": creatinine, **more}


def woman(age: float, creatinine: float, **more: Any) -> dict[str, Any]:
    return {"sex": "female", "age": age, "creatinine": creatinine, **more}


def liver(creatinine: float, bilirubin: float, inr: float, sodium: float, **more: Any) -> dict[str, Any]:
    return {"creatinine": creatinine, "bilirubin": bilirubin, "inr": inr, "sodium": sodium, **more}


WORKED: list[tuple[Calculator, Given, float, float]] = [
    # Cockcroft & Gault 1976: a man of 40 years and 72 kg with 1 mg/dL has 100 mL/min by the formula
    (CockcroftGault(), man(40, 1, weight=72), 100, 1e-9),
    (CockcroftGault(), woman(60, 1.2, weight=60), 80 * 60 / (72 * 1.2) * 0.85, 1e-9),
    (CockcroftGault(), man(60, 1, weight=50, height=180), 80 * 50 / 72, 1e-9),  # 15.4 kg/m^2: the actual weight
    (CockcroftGault(), man(60, 1, weight=79, height=180), 80 * (50 + 2.3 * (180 / 2.54 - 60)) / 72, 1e-9),  # ideal
    (CockcroftGault(), man(60, 1, weight=62, height=170), 80 * 62 / 72, 1e-9),  # actual, below the ideal 65.9 kg
    (
        CockcroftGault(),
        man(60, 1, weight=120, height=182.88),  # 72 inches: ideal 77.6 kg, adjusted 77.6 + 0.4 x 42.4 = 94.56 kg
        80 * 94.56 / 72,
        1e-9,
    ),
    # National Kidney Foundation calculator, CKD-EPI 2021, rounded to whole numbers
    (CkdEpi2021(), man(50, 1.0), 92, 0.5),
    (CkdEpi2021(), woman(50, 1.0), 69, 0.5),
    (CkdEpi2021(), man(75, 2.0), 34, 0.5),
    (CkdEpi2021(), woman(30, 0.7), 142 * 0.9938**30 * 1.012, 1e-9),
    (CkdEpi2021(), man(30, 0.45), 142 * 2**0.302 * 0.9938**30, 1e-9),
    (Mdrd(), man(50, 1.0), 175 * 50**-0.203, 1e-9),
    (Mdrd(), woman(60, 2.0), 175 * 2**-1.154 * 60**-0.203 * 0.742, 1e-9),
    (Mdrd(), man(50, 1.0, race="black"), 175 * 50**-0.203 * 1.212, 1e-9),
    (CorrectedCalcium(), {"calcium": 8.0, "albumin": 2.0}, 9.6, 1e-9),
    (CorrectedCalcium(), {"calcium": 10.0, "albumin": 4.0}, 10.0, 1e-9),
    (CorrectedCalcium(), {"calcium": 9.0, "albumin": 5.0}, 8.2, 1e-9),
    (Fib4(), {"age": 50, "ast": 80, "alt": 64, "platelets": 200}, 50 * 80 / (200 * 8), 1e-9),
    (Fib4(), {"age": 30, "ast": 20, "alt": 25, "platelets": 300}, 0.4, 1e-9),
    (Fib4(), {"age": 60, "ast": 120, "alt": 100, "platelets": 90}, 8.0, 1e-9),
    (MeldSodium(), liver(1, 1, 1, 140), 6, 0),
    (MeldSodium(), liver(0.4, 0.2, 0.8, 120), 6, 0),  # all below their limits: 6.43, and no sodium term up to 11
    (MeldSodium(), liver(2, 3, 1.5, 140), 22, 0),  # 0.663 + 0.415 + 0.454 + 0.643 = 2.176
    (MeldSodium(), liver(2, 3, 1.5, 130), 26, 0),  # 22 + 9.24 - 5.08 = 26.2
    (MeldSodium(), liver(1, 3, 1.5, 137, dialysis=True), 28, 0),  # creatinine counts as 4: 2.839
    (MeldSodium(), liver(9, 40, 9, 120), 40, 0),
    (CorrectedSodium(), {"sodium": 130, "glucose": 600}, 142, 1e-9),
    (CorrectedSodium(), {"sodium": 140, "glucose": 200}, 142.4, 1e-9),
    (CorrectedSodium(), {"sodium": 140, "glucose": 60}, 140, 1e-9),
    (SerumOsmolality(), {"sodium": 140, "urea_nitrogen": 14, "glucose": 90}, 290, 1e-9),
    (SerumOsmolality(), {"sodium": 130, "urea_nitrogen": 28, "glucose": 540}, 300, 1e-9),
    (SerumOsmolality(), {"sodium": 145, "urea_nitrogen": 56, "glucose": 180}, 320, 1e-9),
    (HomaIr(), {"insulin": 10, "glucose": 81}, 2.0, 1e-9),
    (HomaIr(), {"insulin": 5, "glucose": q(4.5, "mmol/L")}, 1.0, 2e-3),  # Matthews: 5 x 4.5 / 22.5
    (HomaIr(), {"insulin": 20, "glucose": 162}, 8.0, 1e-9),
    (FreeWaterDeficit(), {"sex": "male", "age": 40, "weight": 70, "sodium": 160}, 6.0, 1e-9),
    (FreeWaterDeficit(), {"sex": "female", "age": 70, "weight": 60, "sodium": 154}, 2.7, 1e-9),
    (FreeWaterDeficit(), {"sex": "female", "age": 30, "weight": 56, "sodium": 150}, 2.0, 1e-9),
    (FreeWaterDeficit(), {"sex": "male", "age": 65, "weight": 70, "sodium": 168}, 7.0, 1e-9),
    (FreeWaterDeficit(), {"sex": "female", "age": 17.9, "weight": 50, "sodium": 154}, 3.0, 1e-9),
    (AnionGap(), gases(140, 104, 24), 12, 1e-9),
    (AnionGap(), gases(135, 95, 10), 30, 1e-9),
    (AnionGap(), gases(138, 115, 20), 3, 1e-9),
    (AlbuminCorrectedAnionGap(), gases(140, 104, 24, 4), 12, 1e-9),
    (AlbuminCorrectedAnionGap(), gases(140, 104, 24, 2), 17, 1e-9),
    (AlbuminCorrectedAnionGap(), gases(135, 95, 10, 5), 27.5, 1e-9),
    (DeltaGap(), gases(140, 100, 10), 18, 1e-9),
    (DeltaGap(), gases(140, 104, 24), 0, 1e-9),
    (DeltaGap(), gases(138, 115, 20), -9, 1e-9),
    (DeltaRatio(), gases(140, 100, 14), 1.4, 1e-9),
    (DeltaRatio(), gases(140, 116, 12), 0, 1e-9),
    (DeltaRatio(), gases(140, 90, 20), 4.5, 1e-9),
    (AlbuminCorrectedDeltaGap(), gases(140, 100, 10, 2), 23, 1e-9),
    (AlbuminCorrectedDeltaGap(), gases(140, 104, 24, 4), 0, 1e-9),
    (AlbuminCorrectedDeltaGap(), gases(140, 104, 24, 5), -2.5, 1e-9),
    (AlbuminCorrectedDeltaRatio(), gases(140, 100, 14, 2), 1.9, 1e-9),
    (AlbuminCorrectedDeltaRatio(), gases(140, 116, 14, 4), -0.2, 1e-9),
    (AlbuminCorrectedDeltaRatio(), gases(140, 90, 20, 4), 4.5, 1e-9),
    (
        FractionalExcretionOfSodium(),
        {"sodium": 140, "creatinine": 2, "urine_sodium": 20, "urine_creatinine": 100},
        100 * 20 * 2 / (140 * 100),
        1e-9,
    ),
    (
        FractionalExcretionOfSodium(),
        {"sodium": 125, "creatinine": 5, "urine_sodium": 75, "urine_creatinine": 50},
        6.0,
        1e-9,
    ),
    (
        FractionalExcretionOfSodium(),
        {"sodium": 140, "creatinine": 1, "urine_sodium": 140, "urine_creatinine": 100},
        1.0,
        1e-9,
    ),
    (LdlFriedewald(), {"total_cholesterol": 200, "hdl_cholesterol": 50, "triglycerides": 150}, 120, 1e-9),
    (LdlFriedewald(), {"total_cholesterol": 300, "hdl_cholesterol": 30, "triglycerides": 400}, 190, 1e-9),
    (LdlFriedewald(), {"total_cholesterol": 160, "hdl_cholesterol": 60, "triglycerides": 50}, 90, 1e-9),
]


def value(calculator: Calculator, arguments: Given) -> float:
    found = calculator.calculate(arguments).value
    assert isinstance(found, (int, float))
    return float(found)


@pytest.mark.parametrize(
    ("calculator", "arguments", "expected", "within"),
    WORKED,
    ids=[f"{case[0].name}-{number}" for number, case in enumerate(WORKED)],
)
def test_worked_examples(calculator: Calculator, arguments: Given, expected: float, within: float) -> None:
    assert value(calculator, arguments) == pytest.approx(expected, abs=within)


SAME: list[tuple[Calculator, Given, Given]] = [
    (
        CockcroftGault(),
        man(50, 1.5, weight=80, height=175),
        man(q(600, "months"), q(132.603, "µmol/L"), weight=q(80000, "g"), height=q(1.75, "m")),  # type: ignore[arg-type]
    ),
    (CkdEpi2021(), man(60, 1.2), man(60, q(106.082, "umol/L"))),  # type: ignore[arg-type]
    (Mdrd(), man(60, 1.2), man(60, q(12, "mg/L"))),  # type: ignore[arg-type]
    (
        CorrectedCalcium(),
        {"calcium": 8.0156, "albumin": 3},
        {"calcium": q(2, "mmol/L"), "albumin": q(30, "g/L")},
    ),
    (
        CorrectedCalcium(),
        {"calcium": 8.0156, "albumin": 3},
        {"calcium": q(4, "mEq/L"), "albumin": q(3000, "mg/dL")},
    ),
    (
        Fib4(),
        {"age": 50, "ast": 80, "alt": 64, "platelets": 200},
        {"age": 50, "ast": q(80, "IU/L"), "alt": q(0.064, "U/mL"), "platelets": q(200000, "/µL")},
    ),
    (
        MeldSodium(),
        liver(2, 3, 1.5, 130),
        liver(q(176.8, "µmol/L"), q(51.31, "µmol/L"), 1.5, q(130, "mEq/L")),  # type: ignore[arg-type]
    ),
    (CorrectedSodium(), {"sodium": 130, "glucose": 600}, {"sodium": 130, "glucose": q(33.3045, "mmol/L")}),
    (
        SerumOsmolality(),
        {"sodium": 140, "urea_nitrogen": 14, "glucose": 90},
        {"sodium": q(140, "mEq/L"), "urea_nitrogen": q(4.9975, "mmol/L"), "glucose": q(4.99567, "mmol/L")},
    ),
    (HomaIr(), {"insulin": 10, "glucose": 81}, {"insulin": q(60, "pmol/L"), "glucose": q(0.81, "g/L")}),
    (
        FreeWaterDeficit(),
        {"sex": "male", "age": 40, "weight": 70, "sodium": 160},
        {"sex": "Male", "age": 40, "weight": q(154.3236, "lbs"), "sodium": q(160, "mEq/L")},
    ),
    (AnionGap(), gases(140, 104, 24), gases(*(q(x, "mmol/L") for x in (140, 104, 24)))),  # type: ignore[arg-type]
    (
        LdlFriedewald(),
        {"total_cholesterol": 200, "hdl_cholesterol": 50, "triglycerides": 150},
        {
            "total_cholesterol": q(5.17264, "mmol/L"),
            "hdl_cholesterol": q(1.29316, "mmol/L"),
            "triglycerides": q(1.69409, "mmol/L"),
        },
    ),
]


@pytest.mark.parametrize(("calculator", "one", "other"), SAME, ids=[f"{c[0].name}-{n}" for n, c in enumerate(SAME)])
def test_units_change_nothing(calculator: Calculator, one: Given, other: Given) -> None:
    assert value(calculator, other) == pytest.approx(value(calculator, one), rel=1e-4)


REFUSED: list[tuple[Calculator, Given, str]] = [
    (CockcroftGault(), man(40, 1), "needs weight"),
    (CockcroftGault(), man(40, 0, weight=70), "creatinine = 0 mg/dL is outside"),
    (CockcroftGault(), woman(60, 1, weight=30, height=100), "no ideal weight"),
    (CkdEpi2021(), {"sex": "male", "age": 50}, "needs creatinine"),
    (CkdEpi2021(), man(130, 1), "age = 130"),
    (Mdrd(), man(50, 1, race="purple"), "race must be one of"),
    (CorrectedCalcium(), {"calcium": 8, "albumin": 40}, "albumin = 40 g/dL is outside"),
    (Fib4(), {"age": 50, "ast": 80, "alt": 64, "platelets": q(0.2, "10^9/L")}, "platelets = 0.2"),
    (Fib4(), {"age": 50, "ast": 80, "alt": 64, "platelets": q(200000, "µL")}, "measure different things"),
    (MeldSodium(), liver(2, 3, 1.5, q(130, "mg/dL")), "sodium = 56"),  # type: ignore[arg-type]
    (CorrectedSodium(), {"sodium": 130, "glucose": 0}, "glucose = 0"),
    (SerumOsmolality(), {"sodium": 140, "glucose": 90}, "needs urea_nitrogen"),
    (HomaIr(), {"insulin": -1, "glucose": 90}, "insulin = -1"),
    (FreeWaterDeficit(), {"sex": "male", "age": 40, "weight": 0, "sodium": 160}, "weight = 0"),
    (AnionGap(), gases(140, 10, 24), "chloride = 10"),
    (AnionGap(), {**gases(140, 100, 24), "potassium": 4}, "has no input 'potassium'"),
    (AlbuminCorrectedAnionGap(), gases(140, 104, 24), "needs albumin"),
    (DeltaGap(), {"sodium": 140, "chloride": 100}, "needs bicarbonate"),
    (DeltaRatio(), gases(140, 100, 24), "no fall to compare"),
    (AlbuminCorrectedDeltaGap(), gases(140, 104, 24, 17.1), "albumin = 17.1"),
    (AlbuminCorrectedDeltaRatio(), gases(140, 100, 24, 4), "no fall to compare"),
    (
        FractionalExcretionOfSodium(),
        {"sodium": 140, "creatinine": 2, "urine_sodium": 20, "urine_creatinine": 0},
        "urine_creatinine = 0",
    ),
    (LdlFriedewald(), {"total_cholesterol": 300, "hdl_cholesterol": 30, "triglycerides": 401}, "above 400 mg/dL"),
    (LdlFriedewald(), {"total_cholesterol": 100, "hdl_cholesterol": 60, "triglycerides": 300}, "no LDL"),
    (AnionGap(), gases("140", 104, 24), "must be a number"),  # type: ignore[arg-type]
    (AnionGap(), gases(True, 104, 24), "must be a number"),
    (AnionGap(), gases(math.nan, 104, 24), "must be a number"),
    (AnionGap(), gases({"value": 140}, 104, 24), "a value and a unit"),  # type: ignore[arg-type]
    (AnionGap(), gases({"value": 140, "unit": 3}, 104, 24), "must be a text"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(
    ("calculator", "arguments", "said"),
    REFUSED,
    ids=[f"{case[0].name}-{number}" for number, case in enumerate(REFUSED)],
)
def test_what_cannot_be_is_refused(calculator: Calculator, arguments: Given, said: str) -> None:
    with pytest.raises(ToolError, match=said):
        calculator.calculate(arguments)


@given(
    st.floats(min_value=0.2, max_value=20), st.floats(min_value=18, max_value=95), st.sampled_from(["male", "female"])
)
def test_filtration_falls_as_creatinine_and_age_rise(creatinine: float, age: float, sex: str) -> None:
    for calculator, more in ((CkdEpi2021(), {}), (Mdrd(), {}), (CockcroftGault(), {"weight": 70})):
        here = value(calculator, {"sex": sex, "age": age, "creatinine": creatinine, **more})
        assert 0 < value(calculator, {"sex": sex, "age": age, "creatinine": creatinine * 1.1, **more}) < here
        assert value(calculator, {"sex": sex, "age": age + 1, "creatinine": creatinine, **more}) < here


@given(
    st.floats(min_value=0.5, max_value=15),
    st.floats(min_value=0.1, max_value=50),
    st.floats(min_value=0.8, max_value=9),
)
def test_meld_stays_within_its_points(creatinine: float, bilirubin: float, inr: float) -> None:
    for sodium in (110, 125, 131, 137, 150):
        found = value(MeldSodium(), liver(creatinine, bilirubin, inr, sodium))
        assert 6 <= found <= 40
        assert found == round(found)
    low, normal = (value(MeldSodium(), liver(creatinine, bilirubin, inr, sodium)) for sodium in (125, 137))
    assert low >= normal


def test_notes_say_what_a_value_cannot_tell() -> None:
    assert "no hyperglycemia" in CorrectedSodium().calculate({"sodium": 140, "glucose": 60}).note
    assert "no deficit" in FreeWaterDeficit().calculate({"sex": "male", "age": 40, "weight": 70, "sodium": 130}).note
    assert "not raised" in DeltaRatio().calculate(gases(140, 116, 12)).note
    assert "likely" in Fib4().calculate({"age": 60, "ast": 120, "alt": 100, "platelets": 90}).note
    assert "adults" in Mdrd().calculate(man(17, 1)).note
