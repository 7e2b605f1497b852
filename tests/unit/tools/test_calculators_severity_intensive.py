"""APACHE II and SOFA: every published limit, worked examples by hand."""

from __future__ import annotations

import pytest
from score_cases import given
from score_reading import NORMAL, part, walk

from osler.core.errors import ToolError
from osler.tools.calculators.apache_ii import ApacheIi
from osler.tools.calculators.sofa import Sofa

APACHE = {
    "temperature": "41:4 40.9:3 39:3 38.9:1 38.5:1 38.4:0 36:0 35.9:1 34:1 33.9:2 32:2 31.9:3 30:3 29.9:4",
    "heart_rate": "180:4 179:3 140:3 139:2 110:2 109:0 70:0 69:2 55:2 54:3 40:3 39:4",
    "respiratory_rate": "50:4 49:3 35:3 34:1 25:1 24:0 12:0 11:1 10:1 9:2 6:2 5:4",
    "ph": "7.7:4 7.69:3 7.6:3 7.59:1 7.5:1 7.49:0 7.33:0 7.32:2 7.25:2 7.24:3 7.15:3 7.14:4",
    "sodium": "180:4 179:3 160:3 159:2 155:2 154:1 150:1 149:0 130:0 129:2 120:2 119:3 111:3 110:4",
    "potassium": "7:4 6.9:3 6:3 5.9:1 5.5:1 5.4:0 3.5:0 3.4:1 3:1 2.9:2 2.5:2 2.4:4",
    "creatinine": "3.5:4 3.4:3 2:3 1.9:2 1.5:2 1.4:0 0.6:0 0.5:2",
    "hematocrit": "60:4 59.9:2 50:2 49.9:1 46:1 45.9:0 30:0 29.9:2 20:2 19.9:4",
    "leukocytes": "40:4 39.9:2 20:2 19.9:1 15:1 14.9:0 3:0 2.9:2 1:2 0.9:4",
    "age": "44:0 45:2 54:2 55:3 64:3 65:5 74:5 75:6",
    "glasgow_coma_score": "15:0 14:1 9:6 3:12",
}


@pytest.mark.parametrize("name", APACHE)
def test_apache_limits(name: str) -> None:
    walk(ApacheIi(), name, APACHE[name])


def test_apache_mean_arterial_pressure_is_of_two_pressures() -> None:
    for mean, points in (
        (160, 4),
        (159, 3),
        (130, 3),
        (129, 2),
        (110, 2),
        (109, 0),
        (70, 0),
        (69, 2),
        (50, 2),
        (49, 4),
    ):
        assert part(ApacheIi(), "mean_arterial_pressure", systolic=mean, diastolic=mean) == points
    assert part(ApacheIi(), "mean_arterial_pressure", systolic=150, diastolic=90) == 2  # (150 + 2 x 90) / 3 = 110


def test_apache_oxygenation_is_the_gradient_from_half_oxygen_on_and_the_pressure_below() -> None:
    walk(ApacheIi(), "a_a_gradient", "500:4 499:3 350:3 349:2 200:2 199:0", "oxygenation", fio2=50)
    walk(ApacheIi(), "pao2", "71:0 70.5:0 70:1 61:1 60:3 55:3 54.9:4", "oxygenation", fio2=49)
    assert part(ApacheIi(), "oxygenation", fio2=49, a_a_gradient=600) == 0
    assert part(ApacheIi(), "oxygenation", fio2=50, pao2=40) == 0
    for fraction, missing in ((60, "a_a_gradient"), (40, "pao2")):
        with pytest.raises(ToolError, match=f"needs {missing}"):
            ApacheIi().calculate({**NORMAL[ApacheIi], "fio2": fraction, missing: None})


def test_apache_creatinine_counts_twice_in_acute_renal_failure() -> None:
    walk(ApacheIi(), "creatinine", "3.5:8 2:6 1.5:4 1.4:0 0.5:4", acute_renal_failure=True)


@pytest.mark.parametrize(("surgery", "points"), [("nonoperative", 5), ("emergency", 5), ("elective", 2)])
def test_apache_chronic_health(surgery: str, points: float) -> None:
    assert part(ApacheIi(), "chronic_health", organ_failure=True, surgery=surgery) == points
    assert part(ApacheIi(), "chronic_health", organ_failure=False, surgery=surgery) == 0


def test_apache_of_a_septic_patient_by_hand() -> None:
    septic = given(age=68, temperature=39.2, systolic=80, diastolic=50, heart_rate=125, respiratory_rate=32)
    septic |= given(fio2=60, a_a_gradient=360, ph=7.28, sodium=133, potassium=5.6, creatinine=2.4, hematocrit=31)
    septic |= given(leukocytes=22, glasgow_coma_score=13, acute_renal_failure=True)
    # age 5, temperature 3, mean pressure 60: 2, pulse 2, breathing 1, gradient 3, pH 2, sodium 0, potassium 1,
    # creatinine 3 twice, hematocrit 0, leukocytes 2, coma 2
    assert ApacheIi().calculate(septic).value == 5 + 3 + 2 + 2 + 1 + 3 + 2 + 0 + 1 + 6 + 0 + 2 + 2


SOFA = {
    "platelets": ("coagulation", "150:0 149:1 100:1 99:2 50:2 49:3 20:3 19:4"),
    "bilirubin": ("liver", "1.1:0 1.2:1 1.9:1 2:2 5.9:2 6:3 11.9:3 12:4"),
    "glasgow_coma_score": ("nervous_system", "15:0 14:1 13:1 12:2 10:2 9:3 6:3 5:4"),
    "creatinine": ("kidneys", "1.1:0 1.2:1 1.9:1 2:2 3.4:2 3.5:3 4.9:3 5:4"),
    "urine_output": ("kidneys", "500:0 499:3 200:3 199:4"),
    "dopamine": ("circulation", "0:0 0.1:2 5:2 5.1:3 15:3 15.1:4"),
    "dobutamine": ("circulation", "0:0 1:2 20:2"),
    "epinephrine": ("circulation", "0:0 0.01:3 0.1:3 0.11:4"),
    "norepinephrine": ("circulation", "0:0 0.01:3 0.1:3 0.11:4"),
}


@pytest.mark.parametrize("name", SOFA)
def test_sofa_limits(name: str) -> None:
    item, text = SOFA[name]
    walk(Sofa(), name, text, item)


def test_sofa_lungs_have_three_points_only_with_support() -> None:
    # at 50 % oxygen, 200 mmHg is a ratio of 400
    walk(Sofa(), "pao2", "200:0 199:1 150:1 149:2 100:2 99:2 50:2 49:2", "respiration", fio2=50)
    for support in ("ventilated", "cpap"):
        walk(Sofa(), "pao2", "200:0 199:1 150:1 149:2 100:2 99:3 50:3 49:4", "respiration", fio2=50, **{support: True})


def test_sofa_mean_arterial_pressure_below_70() -> None:
    assert part(Sofa(), "circulation", systolic=90, diastolic=60) == 0  # mean 70
    assert part(Sofa(), "circulation", systolic=89, diastolic=60) == 1
    assert part(Sofa(), "circulation", systolic=None, diastolic=None, hypotension=True) == 1


def test_sofa_counts_what_is_missing_as_normal_and_says_so() -> None:
    found = Sofa().calculate({"platelets": 90})
    assert found.value == 2
    assert found.note == "counted as normal, not given: pao2, fio2, bilirubin, glasgow_coma_score, creatinine"
