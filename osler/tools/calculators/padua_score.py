"""Padua prediction score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged, level
from osler.tools.calculators.vital_signs import AGE, BODY_MASS

_WEIGHTS = {
    "active_cancer": 3,
    "previous_thromboembolism": 3,
    "reduced_mobility": 3,
    "thrombophilia": 3,
    "trauma_or_surgery": 2,
    "heart_or_respiratory_failure": 1,
    "infarction_or_stroke": 1,
    "infection_or_rheumatic_disease": 1,
    "hormones": 1,
}


@block
class PaduaScore(Score):
    """Risk of venous thromboembolism in medical inpatients, 0 to 20 points; 4 or more: high.

    Source: Barbar et al. 2010, table 1. What is not given counts as absent.
    """

    title = "Padua prediction score for venous thromboembolism"
    source = "Barbar S et al., J Thromb Haemost 2010;8(11):2450-2457, doi:10.1111/j.1538-7836.2010.04044.x"
    limits = "For medical inpatients."
    normal = ("bmi",)
    inputs = (
        AGE,
        BODY_MASS,
        *absent(
            ("active_cancer", "", "metastatic, or treated within 6 months"),
            ("previous_thromboembolism", "", "in the past, other than superficial"),
            ("reduced_mobility", "", "bed rest with bathroom privileges for at least 3 days"),
            ("thrombophilia", "", "a known thrombophilic condition"),
            ("trauma_or_surgery", "", "within a month"),
            ("heart_or_respiratory_failure", "", ""),
            ("infarction_or_stroke", "", "acute myocardial infarction or ischemic stroke"),
            ("infection_or_rheumatic_disease", "", "acute infection or rheumatologic disorder"),
            ("hormones", "", "ongoing hormonal treatment"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            **flagged(given, _WEIGHTS),
            "age": at_least(given["age"], (70, 1)),
            "bmi": at_least(given["bmi"], (30, 1)),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (4, "high risk"), below="low risk")
