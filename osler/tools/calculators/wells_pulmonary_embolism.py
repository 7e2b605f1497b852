"""Wells' criteria for pulmonary embolism."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, flagged, level
from osler.tools.calculators.vital_signs import PULSE


@block
class WellsPulmonaryEmbolism(Score):
    """Pretest probability of pulmonary embolism, 0 to 12.5 points.

    Source: Wells et al. 2000, table 2; up to 4 points: unlikely. What is not given counts as absent.
    """

    title = "Wells' criteria for pulmonary embolism"
    source = "Wells PS et al., Thromb Haemost 2000;83(3):416-420, doi:10.1055/s-0037-1613830"
    limits = "For adults with suspected pulmonary embolism, not pregnant."
    medcalc = 8
    inputs = (
        PULSE,
        *absent(
            (
                "signs_of_dvt",
                "Clinical signs and symptoms of Deep Vein Thrombosis",
                "leg swelling and pain on palpation",
            ),
            (
                "embolism_most_likely",
                "Pulmonary Embolism is #1 diagnosis OR equally likely",
                "no other diagnosis is more likely than pulmonary embolism",
            ),
            ("immobilization", "Immobilization for at least 3 days", "bed rest for at least 3 days"),
            ("surgery", "Surgery in the previous 4 weeks", "surgery in the previous 4 weeks"),
            ("previous_embolism", "Previously Documented Pulmonary Embolism", "pulmonary embolism in the past"),
            ("previous_dvt", "Previously documented Deep Vein Thrombosis", "deep vein thrombosis in the past"),
            ("hemoptysis", "Hemoptysis", ""),
            (
                "malignancy",
                "Malignancy with treatment within 6 months or palliative",
                "cancer treated within 6 months or palliative",
            ),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            **flagged(given, {"signs_of_dvt": 3, "embolism_most_likely": 3, "hemoptysis": 1, "malignancy": 1}),
            "heart_rate": 1.5 if given["heart_rate"] > 100 else 0,
            "immobilization_or_surgery": 1.5 if given["immobilization"] or given["surgery"] else 0,
            "previous_embolism_or_dvt": 1.5 if given["previous_embolism"] or given["previous_dvt"] else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (4.5, "pulmonary embolism likely"), below="pulmonary embolism unlikely")
