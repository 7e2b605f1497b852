"""APACHE II."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Choice, Flag, Quantity
from osler.tools.calculators.score import Points, Score, at_least
from osler.tools.calculators.vital_signs import (
    ACIDITY,
    AGE,
    ARTERIAL_OXYGEN,
    BREATHING,
    COMA_SCORE,
    CREATININE,
    DIASTOLIC,
    HEMATOCRIT,
    LEUKOCYTES,
    OXYGEN_FRACTION,
    POTASSIUM,
    PULSE,
    SODIUM,
    SYSTOLIC,
    TEMPERATURE,
    in_order,
)

# Lower limits of Knaus 1985, figure 1: the points of a value are those of the highest limit that it reaches.
_TEMPERATURE = ((41, 4), (39, 3), (38.5, 1), (36, 0), (34, 1), (32, 2), (30, 3))
_PRESSURE = ((160, 4), (130, 3), (110, 2), (70, 0), (50, 2))
_PULSE = ((180, 4), (140, 3), (110, 2), (70, 0), (55, 2), (40, 3))
_BREATHING = ((50, 4), (35, 3), (25, 1), (12, 0), (10, 1), (6, 2))
_GRADIENT = ((500, 4), (350, 3), (200, 2))
_ACIDITY = ((7.7, 4), (7.6, 3), (7.5, 1), (7.33, 0), (7.25, 2), (7.15, 3))
_SODIUM = ((180, 4), (160, 3), (155, 2), (150, 1), (130, 0), (120, 2), (111, 3))
_POTASSIUM = ((7, 4), (6, 3), (5.5, 1), (3.5, 0), (3, 1), (2.5, 2))
_CREATININE = ((3.5, 4), (2, 3), (1.5, 2), (0.6, 0))
_HEMATOCRIT = ((60, 4), (50, 2), (46, 1), (30, 0), (20, 2))
_LEUKOCYTES = ((40, 4), (20, 2), (15, 1), (3, 0), (1, 2))
_AGE = ((75, 6), (65, 5), (55, 3), (45, 2))


@block
class ApacheIi(Score):
    """Severity of disease in intensive care, 0 to 71 points: twelve measurements, age and chronic health.

    Source: Knaus et al. 1985, figure 1. The worst values of the first 24 hours. Oxygenation is the alveolar-arterial
    gradient from 50 % inspired oxygen on, the arterial pressure of oxygen below; the creatinine counts twice in acute
    renal failure; severe organ insufficiency or immunocompromise gives 5 points without surgery or after an emergency
    operation, 2 after an elective one. All measurements must be given.
    """

    title = "APACHE II score of disease severity in intensive care"
    source = "Knaus WA et al., Crit Care Med 1985;13(10):818-829, doi:10.1097/00003246-198510000-00009"
    limits = "For adults, with the worst values of the first 24 hours in intensive care."
    medcalc = 28
    inputs = (
        AGE,
        TEMPERATURE,
        SYSTOLIC,
        DIASTOLIC,
        PULSE,
        BREATHING,
        OXYGEN_FRACTION,
        Quantity(
            name="pao2",
            unit="mmHg",
            about="arterial oxygen pressure, needed below 50 % inspired oxygen",
            low=ARTERIAL_OXYGEN.low,
            high=ARTERIAL_OXYGEN.high,
            seldom_below=ARTERIAL_OXYGEN.seldom_below,
            required=False,
            entity=ARTERIAL_OXYGEN.entity,
        ),
        Quantity(
            name="a_a_gradient",
            unit="mmHg",
            about="alveolar-arterial oxygen gradient, needed from 50 % inspired oxygen on",
            low=-100,
            high=760,
            required=False,
            entity="A-a gradient",
        ),
        ACIDITY,
        SODIUM,
        POTASSIUM,
        CREATININE,
        HEMATOCRIT,
        LEUKOCYTES,
        COMA_SCORE,
        Flag(name="acute_renal_failure", entity="Acute renal failure"),
        Flag(
            name="organ_failure",
            about="severe organ insufficiency or immunocompromise before admission",
            entity="History of severe organ failure or immunocompromise",
        ),
        Choice(
            name="surgery",
            options=("nonoperative", "elective", "emergency"),
            default="nonoperative",
            entity="Surgery Type",
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        in_order(given["systolic"], given["diastolic"])
        pressure = (given["systolic"] + 2 * given["diastolic"]) / 3
        creatinine = at_least(given["creatinine"], *_CREATININE, below=2)
        frail = 2 if given["surgery"] == "elective" else 5
        return {
            "temperature": at_least(given["temperature"], *_TEMPERATURE, below=4),
            "mean_arterial_pressure": at_least(round(pressure, 9), *_PRESSURE, below=4),
            "heart_rate": at_least(given["heart_rate"], *_PULSE, below=4),
            "respiratory_rate": at_least(given["respiratory_rate"], *_BREATHING, below=4),
            "oxygenation": _oxygenation(given["fio2"], given["pao2"], given["a_a_gradient"]),
            "ph": at_least(given["ph"], *_ACIDITY, below=4),
            "sodium": at_least(given["sodium"], *_SODIUM, below=4),
            "potassium": at_least(given["potassium"], *_POTASSIUM, below=4),
            "creatinine": creatinine * 2 if given["acute_renal_failure"] else creatinine,
            "hematocrit": at_least(given["hematocrit"], *_HEMATOCRIT, below=4),
            "leukocytes": at_least(given["leukocytes"], *_LEUKOCYTES, below=4),
            "glasgow_coma_score": 15 - given["glasgow_coma_score"],
            "age": at_least(given["age"], *_AGE),
            "chronic_health": frail if given["organ_failure"] else 0,
        }


def _oxygenation(fraction: float, pressure: float | None, gradient: float | None) -> float:
    if fraction >= 50:
        if gradient is None:
            raise ToolError("apache_ii needs a_a_gradient from 50 % inspired oxygen on", hint="work it out first")
        return at_least(gradient, *_GRADIENT)
    if pressure is None:
        raise ToolError("apache_ii needs pao2 below 50 % inspired oxygen", hint="give the arterial oxygen pressure")
    return 0 if pressure > 70 else 1 if pressure > 60 else at_least(pressure, (55, 3), below=4)
