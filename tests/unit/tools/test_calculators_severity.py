"""Scores of severity: every published limit, worked examples by hand, units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from score_reading import NORMAL, part, walk

from osler.core.errors import ToolError
from osler.tools.calculators.apache_ii import ApacheIi
from osler.tools.calculators.child_pugh import ChildPugh
from osler.tools.calculators.curb65 import Curb65
from osler.tools.calculators.glasgow_blatchford import GlasgowBlatchford
from osler.tools.calculators.glasgow_coma_scale import GlasgowComaScale
from osler.tools.calculators.news2 import News2
from osler.tools.calculators.pneumonia_severity_index import PneumoniaSeverityIndex
from osler.tools.calculators.qsofa import Qsofa
from osler.tools.calculators.score import Score
from osler.tools.calculators.sirs import Sirs
from osler.tools.calculators.sofa import Sofa

PSI = {
    "heart_rate": "124:0 125:10",
    "respiratory_rate": "29:0 30:20",
    "systolic": "90:0 89:20",
    "temperature": "34.9:15 35:0 39.9:0 40:15",
    "ph": "7.35:0 7.34:30",
    "urea_nitrogen": "29:0 30:20",
    "sodium": "130:0 129:20",
    "glucose": "249:0 250:10",
    "hematocrit": "30:0 29:10",
    "pao2": "60:0 59:10",
}


@pytest.mark.parametrize("name", PSI)
def test_psi_limits(name: str) -> None:
    walk(PneumoniaSeverityIndex(), name, PSI[name])


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"age": 50}, "risk class I"),
        ({"age": 51}, "risk class II"),
        ({"age": 50, "hematocrit": 29}, "risk class I"),  # laboratory values do not lift anybody out of class I
        ({"age": 50, "heart_failure": True}, "risk class II"),
        ({"age": 70}, "risk class II"),
        ({"age": 71}, "risk class III"),
        ({"age": 90}, "risk class III"),
        ({"age": 91}, "risk class IV"),
        ({"age": 100, "neoplastic_disease": True}, "risk class IV"),
        ({"age": 101, "neoplastic_disease": True}, "risk class V"),
        ({"age": 100, "sex": "female", "nursing_home": True}, "risk class IV"),
    ],
)
def test_psi_classes(changes: Mapping[str, Any], note: str) -> None:
    assert PneumoniaSeverityIndex().calculate({**NORMAL[PneumoniaSeverityIndex], **changes}).note == note


def test_psi_counts_laboratory_values_not_given_as_normal() -> None:
    seen = {name: value for name, value in NORMAL[PneumoniaSeverityIndex].items() if name not in ("ph", "glucose")}
    found = PneumoniaSeverityIndex().calculate(seen)
    assert found.value == 60
    assert found.note == "risk class II; counted as normal, not given: ph, glucose"


def test_child_pugh_limits_and_classes() -> None:
    walk(ChildPugh(), "bilirubin", "1.9:1 2:2 3:2 3.1:3")
    walk(ChildPugh(), "albumin", "3.6:1 3.5:2 2.8:2 2.7:3")
    walk(ChildPugh(), "inr", "1.6:1 1.7:2 2.3:2 2.4:3")
    for ascites, total, words in (("absent", 6, "class A"), ("slight", 7, "class B"), ("moderate", 8, "class B")):
        found = ChildPugh().calculate({"bilirubin": 2.5, "albumin": 4, "inr": 1, "ascites": ascites})
        assert (found.value, found.note) == (total, words)
    sick = {"bilirubin": 4, "albumin": 2.5, "inr": 2, "encephalopathy": "grade 1-2"}
    assert ChildPugh().calculate(sick).note == "class C"  # 3 + 3 + 2 + 1 + 2 = 11


def test_blatchford_limits() -> None:
    walk(GlasgowBlatchford(), "urea_nitrogen", "18.1:0 18.2:2 22.3:2 22.4:3 27.9:3 28:4 69.9:4 70:6")
    walk(GlasgowBlatchford(), "hemoglobin", "13:0 12.9:1 12:1 11.9:3 10:3 9.9:6", sex="male")
    walk(GlasgowBlatchford(), "hemoglobin", "12:0 11.9:1 10:1 9.9:6", sex="female")
    walk(GlasgowBlatchford(), "systolic", "110:0 109:1 100:1 99:2 90:2 89:3")
    walk(GlasgowBlatchford(), "heart_rate", "99:0 100:1")


def test_curb65_limits_and_classes() -> None:
    walk(Curb65(), "age", "64:0 65:1")
    walk(Curb65(), "urea_nitrogen", "19.6:0 19.7:1", "urea")
    walk(Curb65(), "respiratory_rate", "29:0 30:1")
    walk(Curb65(), "systolic", "90:0 89:1", "blood_pressure")
    walk(Curb65(), "diastolic", "61:0 60:1", "blood_pressure")
    old = {**NORMAL[Curb65], "age": 80}
    assert Curb65().calculate(old).note == "low risk"
    assert Curb65().calculate({**old, "confusion": True}).note == "intermediate"
    assert Curb65().calculate({**old, "confusion": True, "systolic": 80}).note == "severe"


def test_urea_in_mmol_per_litre_meets_the_papers_limits() -> None:
    for urea, points in ((7.0, 0), (7.01, 1)):
        assert part(Curb65(), "urea", urea_nitrogen={"value": urea, "unit": "mmol/L"}) == points
    for urea, points in ((6.4, 0), (6.5, 2), (7.9, 2), (8.0, 3), (9.9, 3), (10.0, 4), (25.0, 6)):
        assert part(GlasgowBlatchford(), "urea_nitrogen", urea_nitrogen={"value": urea, "unit": "mmol/L"}) == points


def test_sirs_limits() -> None:
    walk(Sirs(), "temperature", "35.9:1 36:0 38:0 38.1:1")
    walk(Sirs(), "heart_rate", "90:0 91:1")
    walk(Sirs(), "respiratory_rate", "20:0 21:1", "respiration")
    walk(Sirs(), "paco2", "32:0 31.9:1", "respiration")
    walk(Sirs(), "leukocytes", "3.9:1 4:0 12:0 12.1:1")
    walk(Sirs(), "bands", "10:0 10.1:1", "leukocytes")
    assert Sirs().calculate({**NORMAL[Sirs], "heart_rate": 100}).note == "not present"
    assert Sirs().calculate({**NORMAL[Sirs], "heart_rate": 100, "temperature": 39}).note == "present"


NEWS = {
    "respiratory_rate": "8:3 9:1 11:1 12:0 20:0 21:2 24:2 25:3",
    "oxygen_saturation": "91:3 92:2 93:2 94:1 95:1 96:0",
    "systolic": "90:3 91:2 100:2 101:1 110:1 111:0 219:0 220:3",
    "heart_rate": "40:3 41:1 50:1 51:0 90:0 91:1 110:1 111:2 130:2 131:3",
    "temperature": "35:3 35.1:1 36:1 36.1:0 38:0 38.1:1 39:1 39.1:2",
}


@pytest.mark.parametrize("name", NEWS)
def test_news2_limits(name: str) -> None:
    walk(News2(), name, NEWS[name])


def test_news2_second_oxygen_scale() -> None:
    low = "83:3 84:2 85:2 86:1 87:1 88:0 92:0 "
    walk(News2(), "oxygen_saturation", low + "93:0 95:0 97:0 100:0", scale_2=True, oxygen=False)
    walk(News2(), "oxygen_saturation", low + "93:1 94:1 95:2 96:2 97:3 100:3", scale_2=True, oxygen=True)


def test_news2_response() -> None:
    def note(**changes: Any) -> str:
        return News2().calculate({**NORMAL[News2], **changes}).note

    assert note() == "low: ward response"
    assert note(respiratory_rate=22, heart_rate=95) == "low: ward response"  # 3 points, none alone
    assert note(consciousness="confusion").startswith("low to medium")
    assert note(consciousness="confusion", respiratory_rate=22) == "medium: urgent response"
    assert note(consciousness="pain", oxygen=True, respiratory_rate=22) == "high: emergency response"


def test_qsofa_limits() -> None:
    walk(Qsofa(), "respiratory_rate", "21:0 22:1")
    walk(Qsofa(), "systolic", "101:0 100:1")
    walk(Qsofa(), "glasgow_coma_score", "15:0 14:1")
    assert Qsofa().calculate({"respiratory_rate": 24, "systolic": 95, "glasgow_coma_score": 15}).note == "positive"


@pytest.mark.parametrize(
    ("eye", "verbal", "motor", "total"),
    [
        ("eye opening to pain", "incomprehensible sounds", "withdrawal from pain", 2 + 2 + 4),
        ("eye opening to verbal command", "confused", "localizes pain", 3 + 4 + 5),
        ("no eye opening", "inappropriate words", "extension to pain", 1 + 3 + 2),
        ("eyes open spontaneously", "oriented", "flexion to pain", 4 + 5 + 3),
    ],
)
def test_coma_scale_by_hand(eye: str, verbal: str, motor: str, total: float) -> None:
    assert GlasgowComaScale().calculate({"eye": eye, "verbal": verbal, "motor": motor}).value == total


def test_coma_scale_has_no_sum_where_a_response_cannot_be_tested() -> None:
    intubated = {"eye": "eye opening to pain", "verbal": "not testable", "motor": "localizes pain"}
    with pytest.raises(ToolError, match="no sum where a response cannot be tested: verbal"):
        GlasgowComaScale().calculate(intubated)
    found = GlasgowComaScale().calculate({**intubated, "not_testable_as_best": True})
    assert (found.value, found.note) == (2 + 5 + 5, "counted as normal, not testable: verbal")


UNITS = [
    (Sofa(), "bilirubin", 2.0, {"value": 34.21, "unit": "µmol/L"}),
    (Sofa(), "creatinine", 3.5, {"value": 309.5, "unit": "µmol/L"}),
    (Sofa(), "platelets", 99.0, {"value": 99000, "unit": "/uL"}),
    (Sofa(), "pao2", 84.0, {"value": 11.2, "unit": "kPa"}),
    (ApacheIi(), "temperature", 38.5, {"value": 101.3, "unit": "degF"}),
    (ApacheIi(), "leukocytes", 20.0, {"value": 20000, "unit": "/uL"}),
    (ApacheIi(), "sodium", 150.0, {"value": 150, "unit": "mEq/L"}),
    (PneumoniaSeverityIndex(), "glucose", 250.0, {"value": 13.88, "unit": "mmol/L"}),
    (PneumoniaSeverityIndex(), "temperature", 40.0, {"value": 104, "unit": "degF"}),
    (GlasgowBlatchford(), "hemoglobin", 12.0, {"value": 120, "unit": "g/L"}),
    (ChildPugh(), "albumin", 2.8, {"value": 28, "unit": "g/L"}),
    (Sirs(), "temperature", 38.0, {"value": 100.4, "unit": "degF"}),
]


@pytest.mark.parametrize(("score", "name", "plain", "other"), UNITS, ids=lambda item: getattr(item, "name", None))
def test_another_unit_gives_the_same_points(score: Score, name: str, plain: float, other: Mapping[str, Any]) -> None:
    normal = NORMAL[type(score)]
    assert score.calculate({**normal, name: plain}) == score.calculate({**normal, name: other})


def test_a_unit_of_another_kind_is_refused() -> None:
    with pytest.raises(ToolError):
        Sofa().calculate({"creatinine": {"value": 1, "unit": "mmHg"}})
