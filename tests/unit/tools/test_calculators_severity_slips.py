"""The slips of the benchmark's labels: each is told from the score, and none is known where the labels are right."""

from __future__ import annotations

from typing import Any

import pytest
from score_cases import CASES

from osler.tools.calculators.caprini_score import CapriniScore
from osler.tools.calculators.child_pugh import ChildPugh
from osler.tools.calculators.glasgow_coma_scale import GlasgowComaScale
from osler.tools.calculators.medcalc_slips import REASONS, slipped
from osler.tools.calculators.score import Score
from osler.tools.calculators.sirs import Sirs
from osler.tools.calculators.sofa import Sofa

CALM = {"temperature": 37, "heart_rate": 70, "respiratory_rate": 15, "leukocytes": 7}


@pytest.mark.parametrize(
    ("score", "arguments", "entities", "right", "label"),
    [
        (
            GlasgowComaScale(),
            {"eye": "eyes open spontaneously", "verbal": "oriented", "motor": "obeys commands"},
            {"Best verbal response": "oriented"},
            15,
            20,
        ),
        (CapriniScore(), {"age": 70, "bmi": 30, "stroke": True, "surgery": "minor"}, {}, 2 + 1 + 5 + 1, 2 + 1),
        (
            ChildPugh(),
            {"bilirubin": 1.5, "albumin": 4, "inr": 1, "ascites": "moderate"},
            {"Bilirubin": [1.5, "mg/dL"], "Albumin": [4.0, "g/dL"], "Ascites": "moderate"},
            7,
            4,
        ),
        (Sirs(), CALM, {"White blood cell count": [7000.0, "µL"]}, 0, 2),
        (Sirs(), CALM, {"White blood cell count": [7000.0, "m^3"]}, 0, 1),
        (Sofa(), {"pao2": 100, "fio2": 21}, {"On mechanical ventilation": False}, 0, 2 + 2),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_a_slip_makes_the_label_of_the_score(
    score: Score, arguments: dict[str, Any], entities: dict[str, Any], right: float, label: float
) -> None:
    found = score.calculate(arguments)
    assert found.value == right
    assert slipped(score.medcalc, found.parts, entities) == label


def test_a_slip_is_known_only_with_its_reason() -> None:
    ids = {case.score.medcalc for case in CASES} - {0}
    assert set(REASONS) < ids
    for number in ids - set(REASONS):
        assert slipped(number, {}, {}) is None
