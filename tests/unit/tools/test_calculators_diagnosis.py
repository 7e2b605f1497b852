"""Scores of diagnosis: every published limit and worked examples by hand."""

from __future__ import annotations

from typing import Any

import pytest
from score_cases import CASES

from osler.tools.calculators.centor_score import CentorScore
from osler.tools.calculators.fever_pain import FeverPain
from osler.tools.calculators.perc_rule import PercRule
from osler.tools.calculators.score import Score, at_least, level
from osler.tools.calculators.wells_deep_vein_thrombosis import WellsDeepVeinThrombosis
from osler.tools.calculators.wells_pulmonary_embolism import WellsPulmonaryEmbolism

NORMAL = {type(case.score): case.normal for case in CASES}


def found(score: Score, **changes: Any) -> tuple[Any, str]:
    result = score.calculate({**NORMAL[type(score)], **changes})
    return result.value, result.note


def test_wells_embolism_pulse_and_classes() -> None:
    score = WellsPulmonaryEmbolism()
    assert found(score, heart_rate=100) == (0, "pulmonary embolism unlikely")
    assert found(score, heart_rate=101) == (1.5, "pulmonary embolism unlikely")
    assert found(score, signs_of_dvt=True, hemoptysis=True) == (4, "pulmonary embolism unlikely")
    assert found(score, signs_of_dvt=True, surgery=True) == (4.5, "pulmonary embolism likely")


def test_wells_embolism_counts_pairs_once() -> None:
    score = WellsPulmonaryEmbolism()
    assert found(score, immobilization=True, surgery=True)[0] == 1.5
    assert found(score, previous_dvt=True, previous_embolism=True)[0] == 1.5


def test_wells_thrombosis_by_hand() -> None:
    score = WellsDeepVeinThrombosis()
    assert found(score, bedridden=True, major_surgery=True) == (1, "deep vein thrombosis unlikely")
    assert found(score, active_cancer=True, calf_swelling=True) == (2, "deep vein thrombosis likely")
    assert found(score, active_cancer=True, calf_swelling=True, alternative_as_likely=True)[0] == 0
    assert found(score, alternative_as_likely=True)[0] == -2


def test_perc_limits_and_meaning() -> None:
    score = PercRule()
    assert found(score) == (0, "ruled out where the suspicion is low")
    for name, inside, outside in (("age", 49, 50), ("heart_rate", 99, 100), ("oxygen_saturation", 95, 94)):
        assert found(score, **{name: inside})[0] == 0
        assert found(score, **{name: outside}) == (1, "cannot be ruled out by this rule")
    assert found(score, previous_dvt=True, previous_embolism=True)[0] == 1


@pytest.mark.parametrize(
    ("age", "points"),
    [(3, 1), (14, 1), (15, 0), (44, 0), (45, -1), (90, -1), (2.9, 0), ({"value": 14, "unit": "months"}, 0)],
)
def test_centor_age(age: Any, points: float) -> None:
    assert found(CentorScore(), age=age)[0] == points


def test_centor_temperature_is_above_38_in_either_unit() -> None:
    for value, unit, points in ((38, "degC", 0), (38.1, "degC", 1), (100.4, "degF", 0), (100.5, "degF", 1)):
        assert found(CentorScore(), age=30, temperature={"value": value, "unit": unit})[0] == points


def test_centor_and_fever_pain_by_hand() -> None:
    assert found(CentorScore(), age=10, temperature=39, no_cough=True, tonsils=True)[0] == 4
    assert found(CentorScore(), age=50, temperature=37, tender_nodes=True)[0] == 0
    assert found(FeverPain(), fever=True, purulent_tonsils=True)[0] == 2
    assert found(FeverPain())[0] == 0


def test_steps() -> None:
    assert [at_least(value, (3, 7), (1, 2), below=5) for value in (4, 3, 2, 1, 0)] == [7, 7, 2, 2, 5]
    assert at_least(None, (3, 7), below=5) == 0
    assert [level(value, (2, "high"), below="low") for value in (1, 2)] == ["low", "high"]
