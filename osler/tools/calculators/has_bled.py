"""HAS-BLED score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import AGE


@block
class HasBled(Score):
    """Risk of major bleeding under anticoagulation in atrial fibrillation, 0 to 9 points.

    Source: Pisters et al. 2010, table 3; age above 65 years, 8 or more alcoholic drinks a week. What is not given
    counts as absent, drinks as none.
    """

    title = "HAS-BLED score for major bleeding"
    source = "Pisters R et al., Chest 2010;138(5):1093-1100, doi:10.1378/chest.10-0134"
    limits = "For atrial fibrillation."
    medcalc = 25
    normal = ("drinks_per_week",)
    inputs = (
        AGE,
        Quantity(
            name="drinks_per_week",
            unit="",
            about="alcoholic drinks a week",
            low=0,
            high=500,
            required=False,
            entity="Number of Alcoholic Drinks Per Week",
        ),
        *absent(
            ("hypertension", "Hypertension history", "uncontrolled, systolic above 160 mmHg"),
            (
                "renal_disease",
                "Renal disease criteria for the HAS-BLED rule",
                "dialysis, graft, creatinine >= 200 µmol/L",
            ),
            (
                "liver_disease",
                "Liver disease criteria for the HAS-BLED rule",
                "cirrhosis, or bilirubin and enzymes high",
            ),
            ("stroke", "Stroke", "a stroke in the past"),
            ("bleeding", "Prior major bleeding or predisposition to bleeding", "major bleeding or a tendency to bleed"),
            ("labile_inr", "Labile international normalized ratio", "less than 60 % of the time in range"),
            ("drugs", "Medication usage predisposing to bleeding", "antiplatelet or non-steroidal drugs"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        names = ("hypertension", "renal_disease", "liver_disease", "stroke", "bleeding", "labile_inr", "drugs")
        return {
            **flagged(given, dict.fromkeys(names, 1)),
            "age": 1 if given["age"] > 65 else 0,
            "alcohol": at_least(given["drinks_per_week"], (8, 1)),
        }
