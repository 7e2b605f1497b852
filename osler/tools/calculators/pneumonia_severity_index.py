"""Pneumonia Severity Index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import GLUCOSE
from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged, level
from osler.tools.calculators.vital_signs import (
    ACIDITY,
    AGE,
    ARTERIAL_OXYGEN,
    BREATHING,
    HEMATOCRIT,
    PULSE,
    SEX,
    SODIUM,
    SYSTOLIC,
    TEMPERATURE,
    UREA_NITROGEN,
)

_ILLNESS = {
    "neoplastic_disease": 30,
    "liver_disease": 20,
    "heart_failure": 10,
    "cerebrovascular": 10,
    "renal_disease": 10,
}
_LABORATORY = ("ph", "urea_nitrogen", "sodium", "glucose", "hematocrit", "pao2")


def _optional(item: Quantity) -> Quantity:
    return dataclasses.replace(item, required=False)


@block
class PneumoniaSeverityIndex(Score):
    """Mortality of community-acquired pneumonia: points and risk class I to V.

    Source: Fine et al. 1997, table 2. Class I, up to 50 years without any of the illnesses and signs, is told from
    the items, not from the points. Laboratory values not given count as normal, as in the paper.
    """

    title = "Pneumonia Severity Index (PORT score) for community-acquired pneumonia"
    source = "Fine MJ et al., N Engl J Med 1997;336(4):243-250, doi:10.1056/NEJM199701233360402"
    limits = "For adults with community-acquired pneumonia."
    medcalc = 29
    normal = _LABORATORY
    inputs = (
        AGE,
        SEX,
        *absent(
            ("nursing_home", "Nursing home resident", "lives in a nursing home"),
            ("neoplastic_disease", "Neoplastic disease", "active or within a year, not of the skin"),
            ("liver_disease", "Liver disease severity", "cirrhosis or chronic hepatitis"),
            ("heart_failure", "Congestive Heart Faliure", "congestive heart failure"),
            ("cerebrovascular", "Cerebrovascular disease history", "a stroke or TIA in the past"),
            ("renal_disease", "Renal disease", "chronic renal disease or raised creatinine in the past"),
            ("altered_mental_status", "Altered mental status", "disorientation or stupor that is not chronic"),
            ("pleural_effusion", "Pleural effusion on x-ray", "pleural effusion on the chest film"),
        ),
        PULSE,
        BREATHING,
        SYSTOLIC,
        TEMPERATURE,
        *map(_optional, (ACIDITY, UREA_NITROGEN, SODIUM)),
        *map(_optional, (GLUCOSE, HEMATOCRIT, ARTERIAL_OXYGEN)),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        warm = given["temperature"]
        return {
            "age": int(given["age"]) - (10 if given["sex"] == "female" else 0),
            **flagged(given, {"nursing_home": 10, **_ILLNESS, "altered_mental_status": 20, "pleural_effusion": 10}),
            "heart_rate": at_least(given["heart_rate"], (125, 10)),
            "respiratory_rate": at_least(given["respiratory_rate"], (30, 20)),
            "systolic": 20 if given["systolic"] < 90 else 0,
            "temperature": 15 if warm < 35 or warm >= 40 else 0,
            "ph": _under(given["ph"], 7.35, 30),
            "urea_nitrogen": at_least(given["urea_nitrogen"], (30, 20)),
            "sodium": _under(given["sodium"], 130, 20),
            "glucose": at_least(given["glucose"], (250, 10)),
            "hematocrit": _under(given["hematocrit"], 30, 10),
            "pao2": _under(given["pao2"], 60, 10),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        signs = ("altered_mental_status", "heart_rate", "respiratory_rate", "systolic", "temperature")
        points = self.points(given)
        if given["age"] <= 50 and not any(points[name] for name in (*_ILLNESS, *signs)):
            return "risk class I"
        words = level(total, (131, "V"), (91, "IV"), (71, "III"), below="II")
        return f"risk class {words}"


def _under(value: float | None, limit: float, points: float) -> float:
    return points if value is not None and value < limit else 0
