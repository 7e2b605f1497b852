"""PERC rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, flagged, level
from osler.tools.calculators.vital_signs import AGE, PULSE, SATURATION


@block
class PercRule(Score):
    """Pulmonary Embolism Rule-out Criteria: how many of the eight speak against ruling it out, 0 to 8.

    Source: Kline et al. 2004. With none of them, and a low suspicion, no test is needed. What is not given counts
    as absent.
    """

    title = "PERC rule: criteria against ruling out pulmonary embolism without a test"
    source = "Kline JA et al., J Thromb Haemost 2004;2(8):1247-1255, doi:10.1111/j.1538-7836.2004.00790.x"
    limits = "For patients in whom the suspicion of pulmonary embolism is low."
    medcalc = 48
    inputs = (
        AGE,
        PULSE,
        SATURATION,
        *absent(
            ("leg_swelling", "Unilateral Leg Swelling", "of one leg"),
            ("hemoptysis", "Hemoptysis", ""),
            ("surgery_or_trauma", "Recent surgery or trauma", "within 4 weeks"),
            ("previous_embolism", "Previously Documented Pulmonary Embolism", "pulmonary embolism in the past"),
            ("previous_dvt", "Previously documented Deep Vein Thrombosis", "deep vein thrombosis in the past"),
            ("hormones", "Hormone use", "oral contraceptives or estrogens"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "age": 1 if given["age"] >= 50 else 0,
            "heart_rate": 1 if given["heart_rate"] >= 100 else 0,
            "oxygen_saturation": 1 if given["oxygen_saturation"] < 95 else 0,
            **flagged(given, dict.fromkeys(("leg_swelling", "hemoptysis", "surgery_or_trauma", "hormones"), 1)),
            "previous_embolism_or_dvt": 1 if given["previous_embolism"] or given["previous_dvt"] else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (1, "cannot be ruled out by this rule"), below="ruled out where the suspicion is low")
