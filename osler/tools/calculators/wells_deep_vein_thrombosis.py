"""Wells' criteria for deep vein thrombosis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, flagged, level


@block
class WellsDeepVeinThrombosis(Score):
    """Pretest probability of deep vein thrombosis, -2 to 9 points; 2 or more: likely.

    Source: Wells et al. 2003, table 1 (the items of 1997 and "previously documented deep vein thrombosis"). What is
    not given counts as absent.
    """

    title = "Wells' criteria for deep vein thrombosis"
    source = "Wells PS et al., N Engl J Med 2003;349(13):1227-1235, doi:10.1056/NEJMoa023153"
    limits = "For outpatients with suspected thrombosis of a leg."
    medcalc = 16
    inputs = absent(
        ("active_cancer", "Active cancer", "cancer treated within 6 months or palliative"),
        (
            "paralysis_or_plaster",
            "Paralysis, paresis, or recent plaster immobilization of the lower extremity",
            "paralysis, paresis or recent plaster of a leg",
        ),
        (
            "bedridden",
            "Bedridden recently >3 days or major surgery within 12 weeks",
            "recently bedridden 3 days or more",
        ),
        ("major_surgery", "Major surgery within 12 weeks", "major surgery within 12 weeks"),
        ("tenderness", "Localized tenderness along the deep venous system", "tenderness along the deep veins"),
        ("entire_leg_swollen", "Entire Leg Swollen", ""),
        (
            "calf_swelling",
            "Calf swelling >3 centimeters compared to the other leg",
            "calf at least 3 cm thicker than the other, 10 cm below the tibial tuberosity",
        ),
        ("pitting_edema", "Pitting edema, confined to symptomatic leg", "pitting edema of the symptomatic leg only"),
        ("collateral_veins", "Collateral (nonvaricose) superficial veins present", "superficial veins, not varicose"),
        ("previous_dvt", "Previously documented Deep Vein Thrombosis", "deep vein thrombosis in the past"),
        (
            "alternative_as_likely",
            "Alternative diagnosis to Deep Vein Thrombosis as likely or more likely",
            "another diagnosis is at least as likely",
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            **flagged(given, dict.fromkeys(("active_cancer", "paralysis_or_plaster", "tenderness"), 1)),
            "bedridden_or_major_surgery": 1 if given["bedridden"] or given["major_surgery"] else 0,
            **flagged(given, dict.fromkeys(("entire_leg_swollen", "calf_swelling", "pitting_edema"), 1)),
            **flagged(given, {"collateral_veins": 1, "previous_dvt": 1, "alternative_as_likely": -2}),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (2, "deep vein thrombosis likely"), below="deep vein thrombosis unlikely")
