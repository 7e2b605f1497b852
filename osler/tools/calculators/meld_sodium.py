"""MELD-Na score of 2016."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Flag, Quantity, Result
from osler.tools.calculators.vital_signs import BILIRUBIN, CREATININE, SODIUM


@block
class MeldSodium(Calculator):
    """MELD-Na, 6 to 40 points, as OPTN policy 9.1.D had it from January 2016 to July 2023.

    MELD(i) = 0.957 ln(creatinine) + 0.378 ln(bilirubin) + 1.120 ln(INR) + 0.643, rounded to the tenth, times 10; where
    that is above 11, + 1.32 (137 - Na) - 0.033 MELD(i) (137 - Na). Values below 1 count as 1, creatinine above 4 or with
    dialysis (twice, or 24 hours continuously, within a week) as 4, sodium as 125 to 137. Source: Kim et al. 2008; OPTN.
    """

    title = "MELD-Na score for end-stage liver disease (UNOS/OPTN 2016)"
    source = "Kim WR et al., N Engl J Med 2008;359(10):1018-1026, doi:10.1056/NEJMoa0801209; OPTN policy 9.1.D (2016)"
    limits = "For 12 years and more. OPTN allocates by MELD 3.0 since July 2023."
    medcalc = 23
    inputs = (
        CREATININE,
        BILIRUBIN,
        Quantity(
            name="inr",
            unit="",
            about="international normalized ratio",
            low=0.5,
            high=30,
            entity="international normalized ratio",
        ),
        SODIUM,
        Flag(
            name="dialysis",
            about="dialysis at least twice in the past week",
            entity="Dialysis at least twice in the past week",
        ),
        Flag(
            name="continuous_hemodialysis",
            about="24 hours or more of continuous veno-venous hemodialysis in the past week",
            entity="Continuous veno-venous hemodialysis for ≥24 hours in the past week",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        dialysed = given["dialysis"] or given["continuous_hemodialysis"]
        creatinine = 4.0 if dialysed else min(max(given["creatinine"], 1), 4)
        raw = 0.957 * math.log(creatinine) + 0.378 * math.log(max(given["bilirubin"], 1))
        raw += 1.120 * math.log(max(given["inr"], 1)) + 0.643
        first = nearest_whole(10 * raw)
        lacking = 137 - min(max(given["sodium"], 125), 137)
        found = first + 1.32 * lacking - 0.033 * first * lacking if first > 11 else first
        return Result(value=min(nearest_whole(found), 40), unit="points", parts={"meld": first})


def nearest_whole(value: float) -> int:
    """The nearest whole number; a half goes up, as in clinical tables."""
    return math.floor(value + 0.5)
