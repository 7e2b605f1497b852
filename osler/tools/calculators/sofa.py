"""SOFA score."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.score import Points, Score, absent, at_least
from osler.tools.calculators.vital_signs import (
    ARTERIAL_OXYGEN,
    BILIRUBIN,
    COMA_SCORE,
    CREATININE,
    DIASTOLIC,
    OXYGEN_FRACTION,
    SYSTOLIC,
    in_order,
)

_LABORATORY = ("pao2", "fio2", "platelets", "bilirubin", "glasgow_coma_score", "creatinine")
_MEASURED = (ARTERIAL_OXYGEN, OXYGEN_FRACTION, BILIRUBIN, COMA_SCORE, CREATININE, SYSTOLIC, DIASTOLIC)


def _drug(name: str, entity: str) -> Quantity:
    said = f"{name}, dose running for at least an hour"
    return Quantity(name=name, unit="ug/kg/min", about=said, low=0, high=100, required=False, entity=entity)


@block
class Sofa(Score):
    """Sequential Organ Failure Assessment, 0 to 24 points: lungs, clotting, liver, circulation, brain, kidneys.

    Source: Vincent et al. 1996, table 3. 3 and 4 points for the lungs need respiratory support. The circulation is
    judged by the drugs that run, else by a mean arterial pressure below 70 mmHg: from the two pressures, or told by
    ``hypotension``. What is not given counts as normal, and the note names the measurements.
    """

    title = "SOFA score of organ failure"
    source = "Vincent JL et al., Intensive Care Med 1996;22(7):707-710, doi:10.1007/BF01709751"
    limits = "For adults, with the worst values of 24 hours."
    medcalc = 43
    normal = _LABORATORY
    inputs = (
        *(dataclasses.replace(item, required=False) for item in _MEASURED),
        Quantity(name="platelets", unit="10^9/L", low=0, high=5000, required=False, entity="Platelet count"),
        Quantity(
            name="urine_output",
            unit="mL/day",
            about="urine in a day",
            low=0,
            high=40000,
            required=False,
            entity="Urine Output",
        ),
        _drug("dopamine", "DOPamine"),
        _drug("dobutamine", "DOBUTamine"),
        _drug("epinephrine", "EPINEPHrine"),
        _drug("norepinephrine", "norEPINEPHrine"),
        *absent(
            ("ventilated", "On mechanical ventilation", "on mechanical ventilation"),
            ("cpap", "Continous positive airway pressure", "on continuous positive airway pressure"),
            ("hypotension", "Hypotension", "mean arterial pressure below 70 mmHg"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        bilirubin, platelets, coma = given["bilirubin"], given["platelets"], given["glasgow_coma_score"]
        return {
            "respiration": _respiration(given),
            "coagulation": 0
            if platelets is None
            else at_least(platelets, (150, 0), (100, 1), (50, 2), (20, 3), below=4),
            "liver": at_least(bilirubin, (12, 4), (6, 3), (2, 2), (1.2, 1)),
            "circulation": _circulation(given),
            "nervous_system": 0 if coma is None else at_least(coma, (15, 0), (13, 1), (10, 2), (6, 3), below=4),
            "kidneys": _kidneys(given["creatinine"], given["urine_output"]),
        }


def _respiration(given: Mapping[str, Any]) -> float:
    if given["pao2"] is None or given["fio2"] is None:
        return 0
    ratio = round(100 * given["pao2"] / given["fio2"], 9)
    supported = given["ventilated"] or given["cpap"]
    points = at_least(ratio, (400, 0), (300, 1), (200, 2), (100, 3), below=4)
    return points if supported else min(points, 2)


def _circulation(given: Mapping[str, Any]) -> float:
    dopamine, dobutamine = given["dopamine"] or 0, given["dobutamine"] or 0
    strongest = max(given["epinephrine"] or 0, given["norepinephrine"] or 0)
    if dopamine > 15 or strongest > 0.1:
        return 4
    if dopamine > 5 or strongest > 0:
        return 3
    if dopamine > 0 or dobutamine > 0:
        return 2
    low = given["hypotension"]
    if given["systolic"] is not None and given["diastolic"] is not None:
        in_order(given["systolic"], given["diastolic"])
        low = low or given["systolic"] + 2 * given["diastolic"] < 210
    return 1 if low else 0


def _kidneys(creatinine: float | None, urine: float | None) -> float:
    by_urine = 0 if urine is None or urine >= 500 else 4 if urine < 200 else 3
    return max(at_least(creatinine, (5, 4), (3.5, 3), (2, 2), (1.2, 1)), by_urine)
