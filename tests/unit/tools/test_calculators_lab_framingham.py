"""The Framingham equations held against the point tables of ATP III, which were made from them."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from osler.core.errors import ToolError
from osler.tools.calculators.framingham_hard_coronary_disease import FraminghamHardCoronaryDisease

CALCULATOR = FraminghamHardCoronaryDisease()
# ATP III executive summary, JAMA 2001;285:2486-2497, figures 1 (men) and 2 (women). Ages 42, 52, 62, 72.
AGES = (42, 52, 62, 72)
AGE_POINTS = {"male": (0, 6, 10, 12), "female": (0, 6, 10, 14)}
CHOLESTEROL = {  # mg/dL in the middle of a band -> points in the decades 40, 50, 60, 70
    "male": {145: (0, 0, 0, 0), 180: (3, 2, 1, 0), 220: (5, 3, 1, 0), 260: (6, 4, 2, 1), 290: (8, 5, 3, 1)},
    "female": {145: (0, 0, 0, 0), 180: (3, 2, 1, 1), 220: (6, 4, 2, 1), 260: (8, 5, 3, 2), 290: (10, 7, 4, 2)},
}
SMOKER = {"male": (5, 3, 1, 1), "female": (7, 4, 2, 1)}
HDL = {65: -1, 55: 0, 45: 1, 35: 2}
PRESSURE = {  # mmHg -> points untreated, treated
    "male": {115: (0, 0), 125: (0, 1), 135: (1, 2), 150: (1, 2), 165: (2, 3)},
    "female": {115: (0, 0), 125: (1, 3), 135: (2, 4), 150: (3, 5), 165: (4, 6)},
}
RISK = {
    "male": dict(zip(range(17), (1, 1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25), strict=True)),
    "female": dict(zip(range(9, 25), (1, 1, 1, 1, 2, 2, 3, 4, 5, 6, 8, 11, 14, 17, 22, 27), strict=True)),
}


def risk(sex: str, age: float, total: float, hdl: float, systolic: float, treated: bool, smoker: bool) -> float:
    given: dict[str, Any] = {
        "sex": sex,
        "age": age,
        "total_cholesterol": total,
        "hdl_cholesterol": hdl,
        "systolic": systolic,
        "treated": treated,
        "smoker": smoker,
    }
    found = CALCULATOR.calculate(given)
    assert found.unit == "%"
    assert isinstance(found.value, float)
    return found.value


@pytest.mark.parametrize("sex", ["male", "female"])
def test_it_gives_the_risks_of_the_point_tables(sex: str) -> None:
    gaps = []
    for decade, age in enumerate(AGES):
        for total, hdl, systolic in itertools.product(CHOLESTEROL[sex], HDL, PRESSURE[sex]):
            for treated, smoker in itertools.product((False, True), repeat=2):
                points = AGE_POINTS[sex][decade] + CHOLESTEROL[sex][total][decade] + HDL[hdl]
                points += PRESSURE[sex][systolic][treated] + SMOKER[sex][decade] * smoker
                if points in RISK[sex]:
                    gaps.append(risk(sex, age, total, hdl, systolic, treated, smoker) - RISK[sex][points])
    assert len(gaps) > 500
    # Percentage points; the tables cut risks down to whole ones and round every term to a point.
    assert abs(sum(gaps) / len(gaps)) < 1.5
    assert sum(abs(gap) for gap in gaps) / len(gaps) < 2
    assert sorted(abs(gap) for gap in gaps)[int(0.95 * len(gaps))] < 6


def test_a_worked_example_in_both_units() -> None:
    terms = 52.00961 * 4.007333 + 20.014077 * 5.298317 - 0.905964 * 3.806662 + 1.305784 * 4.867534
    terms += -4.605038 * 4.007333 * 5.298317 - 2.93323 * 4.007333**2 - 172.300168
    man = risk("male", 55, 200, 45, 130, False, False)
    assert man == pytest.approx(100 * (1 - 0.9402 ** math.exp(terms)), rel=1e-4)
    assert man == pytest.approx(7.18, abs=0.01)
    same = CALCULATOR.calculate(
        {
            "sex": "male",
            "age": 55,
            "total_cholesterol": {"value": 5.17264, "unit": "mmol/L"},
            "hdl_cholesterol": {"value": 1.163843, "unit": "mmol/L"},
            "systolic": {"value": 17.33191, "unit": "kPa"},
            "treated": False,
            "smoker": False,
        }
    )
    assert same.value == pytest.approx(man, rel=1e-4)


def test_smoking_pressure_and_hdl_move_it_the_right_way() -> None:
    for sex in ("male", "female"):
        base = risk(sex, 50, 220, 45, 130, False, False)
        assert risk(sex, 50, 220, 45, 130, False, True) > base
        assert risk(sex, 50, 220, 45, 130, True, False) > base
        assert risk(sex, 50, 220, 45, 150, False, False) > base
        assert risk(sex, 50, 220, 60, 130, False, False) < base


def test_whether_the_patient_smokes_must_be_told() -> None:
    with pytest.raises(ToolError, match="needs smoker"):
        CALCULATOR.calculate(
            {
                "sex": "male",
                "age": 55,
                "total_cholesterol": 200,
                "hdl_cholesterol": 45,
                "systolic": 130,
                "treated": False,
            }
        )


def test_outside_its_ages_it_says_so() -> None:
    given = {"sex": "male", "total_cholesterol": 200, "hdl_cholesterol": 45, "systolic": 130, "treated": False}
    assert "30 to 79" in CALCULATOR.calculate({**given, "age": 25, "smoker": False}).note
