"""HEART score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Choice
from osler.tools.calculators.score import Points, Score, absent, at_least, level
from osler.tools.calculators.vital_signs import AGE

_SUSPICION = ("slightly suspicious", "moderately suspicious", "highly suspicious")
_TRACE = ("normal", "non-specific repolarization disturbance", "significant ST deviation")
_TROPONIN = (
    "less than or equal to normal limit",
    "between the normal limit or up to three times the normal limit",
    "greater than three times normal limit",
)
_RISKS = ("hypercholesterolemia", "hypertension", "diabetes", "smoking", "family_history", "obesity")


@block
class HeartScore(Score):
    """Risk of a major cardiac event in chest pain, 0 to 10 points: history, ECG, age, risk factors, troponin.

    Source: Six et al. 2008, table 1. Known atherosclerotic disease gives 2 points, as three risk factors do. What is
    not given counts as absent or normal.
    """

    title = "HEART score for major cardiac events in chest pain"
    source = "Six AJ et al., Neth Heart J 2008;16(6):191-196, doi:10.1007/BF03086144"
    limits = "For adults with chest pain at the emergency department, without ST elevation."
    medcalc = 18
    inputs = (
        AGE,
        Choice(name="history", options=_SUSPICION, default=_SUSPICION[0], entity="Suspicion History"),
        Choice(name="ecg", options=_TRACE, default=_TRACE[0], entity="Electrocardiogram Test"),
        Choice(name="troponin", options=_TROPONIN, default=_TROPONIN[0], entity="Initial troponin"),
        *absent(
            ("hypercholesterolemia", "hypercholesterolemia", ""),
            ("hypertension", "Hypertension history", ""),
            ("diabetes", "Diabetes mellitus criteria for CCI rule", "diabetes mellitus"),
            ("smoking", "smoking", "smokes, or stopped within a month"),
            ("family_history", "parent or sibling with Cardiovascular disease before age 65", "early in the family"),
            ("obesity", "obesity", "body mass index above 30 kg/m^2"),
            ("atherosclerotic_disease", "atherosclerotic disease", "infarction, revascularisation, stroke, peripheral"),
            ("transient_ischemic_attack", "Transient Ischemic Attacks History", "counts as atherosclerotic disease"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        known = given["atherosclerotic_disease"] or given["transient_ischemic_attack"]
        return {
            "history": _SUSPICION.index(given["history"]),
            "ecg": _TRACE.index(given["ecg"]),
            "age": at_least(given["age"], (65, 2), (45, 1)),
            "risk_factors": 2 if known else at_least(sum(given[name] for name in _RISKS), (3, 2), (1, 1)),
            "troponin": _TROPONIN.index(given["troponin"]),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (7, "high risk"), (4, "moderate risk"), below="low risk")
