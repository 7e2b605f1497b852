"""Child-Pugh score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import ALBUMIN
from osler.tools.calculators.calculator import Choice, Quantity
from osler.tools.calculators.score import Points, Score, level
from osler.tools.calculators.vital_signs import BILIRUBIN

_GRADES = {"absent": 1, "slight": 2, "moderate": 3, "none": 1, "grade 1-2": 2, "grade 3-4": 3}


@block
class ChildPugh(Score):
    """Severity of cirrhosis, 5 to 15 points: class A up to 6, B up to 9, C from 10.

    Source: Pugh et al. 1973, table 1. The paper grades the prothrombin time; the international normalized ratio stands
    for it here with the limits 1.7 and 2.3 in common use. Ascites and encephalopathy count as absent where not given.
    """

    title = "Child-Pugh score for the severity of cirrhosis"
    source = "Pugh RNH et al., Br J Surg 1973;60(8):646-649, doi:10.1002/bjs.1800600817"
    limits = "For cirrhosis; the higher bilirubin limits for primary biliary cholangitis are not applied."
    medcalc = 15
    inputs = (
        BILIRUBIN,
        ALBUMIN,
        Quantity(
            name="inr",
            unit="",
            about="international normalized ratio",
            low=0.5,
            high=30,
            entity="international normalized ratio",
        ),
        Choice(name="ascites", options=("absent", "slight", "moderate"), default="absent", entity="Ascites"),
        Choice(
            name="encephalopathy", options=("none", "grade 1-2", "grade 3-4"), default="none", entity="Encephalopathy"
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "bilirubin": _between(given["bilirubin"], 2, 3),
            "albumin": 4 - _between(given["albumin"], 2.8, 3.5),
            "inr": _between(given["inr"], 1.7, 2.3),
            "ascites": _GRADES[given["ascites"]],
            "encephalopathy": _GRADES[given["encephalopathy"]],
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (10, "class C"), (7, "class B"), below="class A")


def _between(value: float, low: float, high: float) -> int:
    """1 below ``low``, 2 from ``low`` to ``high``, both included, 3 above."""
    return 1 + (value >= low) + (value > high)
