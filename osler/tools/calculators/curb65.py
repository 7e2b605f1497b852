"""CURB-65."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, level
from osler.tools.calculators.vital_signs import AGE, BREATHING, DIASTOLIC, SYSTOLIC, UREA_NITROGEN, in_order

_UREA_MG_DL = 7 * 2.8014  # the paper's limit, 7 mmol/L of urea, as urea nitrogen (28.014 g/mol)


@block
class Curb65(Score):
    """Mortality of community-acquired pneumonia, 0 to 5 points.

    Source: Lim et al. 2003: new confusion, urea above 7 mmol/L (urea nitrogen above 19.6 mg/dL), 30 breaths a minute or
    more, systolic below 90 or diastolic up to 60 mmHg, 65 years or more. Confusion not given counts as absent.
    """

    title = "CURB-65 score for community-acquired pneumonia"
    source = "Lim WS et al., Thorax 2003;58(5):377-382, doi:10.1136/thorax.58.5.377"
    limits = "For adults with community-acquired pneumonia."
    medcalc = 45
    inputs = (
        AGE,
        UREA_NITROGEN,
        BREATHING,
        SYSTOLIC,
        DIASTOLIC,
        *absent(("confusion", "Confusion", "new disorientation, or a mental test score up to 8")),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        in_order(given["systolic"], given["diastolic"])
        low = given["systolic"] < 90 or given["diastolic"] <= 60
        return {
            "confusion": 1 if given["confusion"] else 0,
            "urea": 1 if given["urea_nitrogen"] > round(_UREA_MG_DL, 9) else 0,
            "respiratory_rate": 1 if given["respiratory_rate"] >= 30 else 0,
            "blood_pressure": 1 if low else 0,
            "age": 1 if given["age"] >= 65 else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (3, "severe"), (2, "intermediate"), below="low risk")
