"""Free water deficit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import WEIGHT
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import AGE, SEX, SODIUM


@block
class FreeWaterDeficit(Calculator):
    """Water in litres that brings the sodium to 140 mEq/L: body water x (sodium / 140 - 1).

    Body water is 0.6 of the weight in children (under 18) and men, 0.5 in women, 0.5 in men and 0.45 in women from 65
    on. Source: Adrogue & Madias 2000, table 2. Below 140 it is negative: there is no deficit.
    """

    title = "Free water deficit in hypernatremia"
    source = "Adrogue HJ, Madias NE, N Engl J Med 2000;342(20):1493-1499, doi:10.1056/NEJM200005183422006"
    medcalc = 38
    inputs = (SEX, AGE, WEIGHT, SODIUM)

    def compute(self, given: Mapping[str, Any]) -> Result:
        share = _water(given["age"], given["sex"])
        found = share * given["weight"] * (given["sodium"] / 140 - 1)
        note = "sodium is not above 140 mEq/L: there is no deficit of water" if found <= 0 else ""
        return Result(value=found, unit="L", parts={"body_water_share": share}, note=note)


def _water(age: float, sex: str) -> float:
    if age < 18:
        return 0.6
    if age < 65:
        return 0.6 if sex == "male" else 0.5
    return 0.5 if sex == "male" else 0.45
