"""Scores of risk: every published limit and worked examples by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from score_cases import CASES

from osler.core.errors import ToolError
from osler.tools.calculators.caprini_score import CapriniScore
from osler.tools.calculators.cha2ds2_vasc import Cha2ds2Vasc
from osler.tools.calculators.charlson_comorbidity_index import CharlsonComorbidityIndex
from osler.tools.calculators.has_bled import HasBled
from osler.tools.calculators.heart_score import HeartScore
from osler.tools.calculators.padua_score import PaduaScore
from osler.tools.calculators.revised_cardiac_risk_index import RevisedCardiacRiskIndex
from osler.tools.calculators.score import Score

NORMAL = {type(case.score): case.normal for case in CASES}


def total(score: Score, **changes: Any) -> Any:
    return score.calculate({**NORMAL[type(score)], **changes}).value


def yes(*names: str) -> dict[str, bool]:
    return dict.fromkeys(names, True)


@pytest.mark.parametrize(("age", "points"), [(64, 0), (65, 1), (74, 1), (75, 2)])
def test_cha2ds2_vasc_age(age: float, points: float) -> None:
    assert total(Cha2ds2Vasc(), age=age) == points


def test_cha2ds2_vasc_by_hand() -> None:
    assert total(Cha2ds2Vasc(), age=72, sex="female", **yes("hypertension", "diabetes")) == 1 + 1 + 1 + 1
    assert total(Cha2ds2Vasc(), age=80, **yes("stroke", "transient_ischemic_attack", "heart_failure")) == 2 + 2 + 1


@pytest.mark.parametrize(("changes", "points"), [({"age": 65}, 0), ({"age": 66}, 1), ({"drinks_per_week": 8}, 1)])
def test_has_bled_limits(changes: Mapping[str, Any], points: float) -> None:
    assert total(HasBled(), **changes) == points


def test_has_bled_counts_drinks_not_given_as_none_and_says_so() -> None:
    found = HasBled().calculate({"age": 70, "hypertension": True})
    assert (found.value, found.note) == (2, "counted as normal, not given: drinks_per_week")


def test_cardiac_risk_index_by_hand() -> None:
    score = RevisedCardiacRiskIndex()
    assert total(score, creatinine={"value": 200, "unit": "µmol/L"}, **yes("insulin", "high_risk_surgery")) == 3
    assert total(score, creatinine={"value": 170, "unit": "µmol/L"}) == 0  # 1.92 mg/dL
    with pytest.raises(ToolError, match="creatinine = 200 mg/dL"):
        score.calculate({"creatinine": 200})


@pytest.mark.parametrize(("age", "points"), [(44, 0), (45, 1), (64, 1), (65, 2)])
def test_heart_score_age(age: float, points: float) -> None:
    assert total(HeartScore(), age=age) == points


def test_heart_score_risk_factors() -> None:
    three = yes("hypertension", "smoking", "obesity")
    assert total(HeartScore(), **yes("hypertension", "smoking")) == 1
    assert total(HeartScore(), **three) == 2
    assert total(HeartScore(), **three, **yes("atherosclerotic_disease")) == 2


def test_heart_score_words_give_0_1_2_and_the_classes() -> None:
    score = HeartScore()
    inputs = {item.name: item.options for item in score.inputs if hasattr(item, "options")}
    assert set(inputs) == {"history", "ecg", "troponin"}
    for name, options in inputs.items():
        assert [total(score, **{name: word}) for word in options] == [0, 1, 2]
    worst = {name: options[2] for name, options in inputs.items()}
    assert score.calculate({"age": 40, **worst}).note == "moderate risk"  # 6
    assert score.calculate({"age": 50, **worst}).note == "high risk"  # 7
    assert score.calculate({"age": 50, "history": worst["history"]}).note == "low risk"  # 3


@pytest.mark.parametrize(
    ("age", "points"), [(None, 0), (49, 0), (50, 1), (59, 1), (60, 2), (69, 2), (70, 3), (79, 3), (80, 4), (95, 4)]
)
def test_charlson_age(age: float | None, points: float) -> None:
    found = CharlsonComorbidityIndex().calculate({"age": age})
    assert (found.value, found.note) == (points, "not age-adjusted" if age is None else "age-adjusted")


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({"liver_disease": "mild"}, 1),
        ({"liver_disease": "moderate to severe"}, 3),
        ({"diabetes": "none or diet-controlled"}, 0),
        ({"diabetes": "uncomplicated"}, 1),
        ({"diabetes": "end-organ damage"}, 2),
        ({"solid_tumor": "localized"}, 2),
        ({"solid_tumor": "metastatic"}, 6),
        ({"stroke": True, "transient_ischemic_attack": True}, 1),
        ({"age": 66, "heart_failure": True, "diabetes": "uncomplicated", "renal_disease": True}, 2 + 1 + 1 + 2),
    ],
)
def test_charlson_by_hand(changes: Mapping[str, Any], points: float) -> None:
    assert total(CharlsonComorbidityIndex(), **changes) == points


@pytest.mark.parametrize(
    ("changes", "points"),
    [
        ({"age": 40}, 0),
        ({"age": 41}, 1),
        ({"age": 60}, 1),
        ({"age": 61}, 2),
        ({"age": 74}, 2),
        ({"age": 75}, 3),
        ({"bmi": 25}, 0),
        ({"bmi": 25.1}, 1),
        ({"bmi": None}, 0),
        ({"surgery": "minor"}, 1),
        ({"surgery": "major"}, 2),
        ({"surgery": "laparoscopic"}, 2),
        ({"surgery": "arthroscopic"}, 2),
        ({"surgery": "elective major lower extremity arthroplasty"}, 5),
        ({"mobility": "on bed rest"}, 1),
        ({"mobility": "confined to bed >72 hours"}, 2),
    ],
)
def test_caprini_limits(changes: Mapping[str, Any], points: float) -> None:
    assert total(CapriniScore(), **changes) == points


def test_caprini_counts_thrombosis_and_embolism_once_unless_asked() -> None:
    both = yes("previous_dvt", "previous_embolism")
    assert total(CapriniScore(), **both) == 3
    assert total(CapriniScore(), **both, thrombosis_and_embolism_apart=True) == 6


def test_caprini_of_a_hip_replacement_by_hand() -> None:
    hip = {"age": 68, "bmi": 31, "surgery": "elective major lower extremity arthroplasty", "varicose_veins": True}
    found = CapriniScore().calculate(hip)
    assert (found.value, found.note) == (2 + 1 + 5 + 1, "highest risk")
    notes = [CapriniScore().calculate({"age": age, "bmi": bmi}).note for age, bmi in ((41, 20), (61, 20), (61, 30))]
    assert notes == ["low risk", "moderate risk", "high risk"]


def test_padua_by_hand() -> None:
    assert total(PaduaScore(), age=70) == 1
    assert total(PaduaScore(), bmi=30) == 1
    found = PaduaScore().calculate({"age": 75, "reduced_mobility": True})
    assert (found.value, found.note) == (4, "high risk; counted as normal, not given: bmi")
    assert PaduaScore().calculate({"age": 60, "bmi": 24, "reduced_mobility": True}).note == "low risk"
