"""Where the labels of MedCalc-Bench (v1.0) come from when they are not the score: slips of the program that made them.

The worked solutions show each slip. ``slipped`` applies it to the points of our score, so a label that equals its
result is explained, and one that does not is open. They were written while looking at these rows. No calculator uses this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Points = Mapping[str, float]
Entities = Mapping[str, Any]

REASONS: Mapping[int, str] = {
    15: (
        "the points of ascites are left out; at the very limit an albumin of 2.8 g/dL and a bilirubin of 3 mg/dL have 3 "
        "points and a bilirubin of 2 mg/dL none; encephalopathy 'Grade 0' has none"
    ),
    17: "the history of cerebrovascular disease is read from another entity, which is always false",
    21: "the verbal response is counted twice, and as 4 where it cannot be tested",
    27: "a haemoglobin at the normal limit (13 g/dL in men, 12 in women) has a point",
    28: (
        "the Glasgow Coma Scale is added instead of 15 less it; cells per µL are compared with limits in 10^9/L; the "
        "misspelt unit 'degrees celsisus' is read as Fahrenheit; a pH of 7.25 to 7.32 has no points; chronic health counts "
        "after elective surgery only; a creatinine above 1.4 counts only with a renal failure"
    ),
    29: "the misspelt unit 'degrees celsisus' is read as Fahrenheit",
    32: "diabetes, liver disease and solid tumor have 1 point in any grade, diabetes even where it is none",
    36: "only age, surgery and mobility are counted; every other item is named and not added",
    43: (
        "PaO2 is divided by the percentage of oxygen, so it is always below 100, and under positive airway pressure "
        "without a ventilator the lungs have no points; vasopressors have the 2 points of a low "
        "dopamine dose, even none; with a urine output the creatinine is left out"
    ),
    51: "the pulse counts at any rate, and cells per µL or L are compared with limits per m^3",
}


def slipped(number: int, points: Points, entities: Entities) -> float | None:
    """The label that the slips of calculator ``number`` make of our ``points``; None where no slip is known of it."""
    slip = _SLIPS.get(number)
    return None if slip is None else slip(points, entities)


def _child_pugh(points: Points, entities: Entities) -> float:
    out = {**points, "ascites": 0 if "Ascites" in entities else 1}
    bilirubin, albumin = entities["Bilirubin"][0], entities["Albumin"][0]
    if bilirubin in (2, 3):
        out["bilirubin"] = 0 if bilirubin == 2 else 3
    if albumin == 2.8:
        out["albumin"] = 3
    if entities.get("Encephalopathy") == "Grade 0":
        out["encephalopathy"] = 0
    return sum(out.values())


def _cardiac_risk(points: Points, entities: Entities) -> float:
    return sum(points.values()) - points["cerebrovascular_disease"]


def _coma_scale(points: Points, entities: Entities) -> float:
    untested = entities["Best verbal response"] == "not testable"
    verbal = 4 if untested else points["verbal"]
    return points["eye"] + points["motor"] + 2 * verbal


def _blatchford(points: Points, entities: Entities) -> float:
    limit = 13 if entities["sex"] == "Male" else 12
    return sum(points.values()) + bool(entities["Hemoglobin"][0] == limit)


def _apache(points: Points, entities: Entities) -> float:
    out = dict(points)
    out["glasgow_coma_score"] = entities["Glasgow Coma Score"]
    out["leukocytes"] = 4
    if entities["Temperature"][1] == "degrees celsisus":
        out["temperature"] = 4
    if entities.get("Acute renal failure") is not True and entities.get("Chronic Renal Failure") is not True:
        out["creatinine"] = 0
    if points["chronic_health"] == 5:
        out["chronic_health"] = 0
    if points["ph"] == 2:
        out["ph"] = 0
    return sum(out.values())


def _pneumonia(points: Points, entities: Entities) -> float:
    cold = entities["Temperature"][1] == "degrees celsisus"
    return sum(points.values()) + (15 - points["temperature"] if cold else 0)


def _charlson(points: Points, entities: Entities) -> float:
    out = {**points, "diabetes": 0, "liver_disease": 0, "solid_tumor": 0}
    out["diabetes"] = 1 if entities.get("Diabetes mellitus criteria for CCI rule") else 0
    out["liver_disease"] = 1 if entities.get("Liver disease severity") else 0
    out["solid_tumor"] = 1 if entities.get("Solid tumor") else 0
    return sum(out.values())


def _caprini(points: Points, entities: Entities) -> float:
    return points["age"] + points["surgery"] + points["mobility"]


def _sofa(points: Points, entities: Entities) -> float:
    ventilated, cpap = (
        entities.get(name) is True for name in ("On mechanical ventilation", "Continous positive airway pressure")
    )
    dopamine = entities.get("DOPamine", [0])[0]
    urine = entities.get("Urine Output")
    out = dict(points)
    out["respiration"] = 4 if ventilated else 0 if cpap else 2
    out["circulation"] = 2 if dopamine <= 5 or "DOBUTamine" in entities else 3
    if urine is not None:
        out["kidneys"] = 3 if urine[0] < 500 else 0
    return sum(out.values())


def _sirs(points: Points, entities: Entities) -> float:
    unit = entities["White blood cell count"][1]
    return sum({**points, "heart_rate": 1, "leukocytes": points["leukocytes"] if unit == "m^3" else 1}.values())


_SLIPS: Mapping[int, Callable[[Points, Entities], float]] = {
    15: _child_pugh,
    17: _cardiac_risk,
    21: _coma_scale,
    27: _blatchford,
    28: _apache,
    29: _pneumonia,
    32: _charlson,
    36: _caprini,
    43: _sofa,
    51: _sirs,
}
