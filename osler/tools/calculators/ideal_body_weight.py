"""Ideal body weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.body import HEIGHT
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import SEX
from osler.tools.units import convert


def short(height: float) -> str:
    """What is said of a height in cm below the 60 inches from which the formula was made; "" above."""
    few = convert(height, "cm", "in") < 60
    return "under 60 inches the line is drawn beyond the heights it was made for" if few else ""


def ideal_body_weight(sex: str, height: float) -> float:
    """Devine's line in kg, for a height in cm. ToolError below the height where it gives no weight."""
    inches = convert(height, "cm", "in")
    found = (50.0 if sex == "male" else 45.5) + 2.3 * (inches - 60)
    if found <= 0:
        raise ToolError(f"there is no ideal weight by this formula at {height:g} cm", hint="it is for adults")
    return found


@block
class IdealBodyWeight(Calculator):
    """Ideal body weight in kg: 50 (men) or 45.5 (women) plus 2.3 for each inch above 60. Source: Devine 1974."""

    title = "Ideal body weight (Devine)"
    source = "Devine BJ, Drug Intell Clin Pharm 1974;8:650-655; as reviewed by Pai MP, Paloucek FP 2000"
    limits = "For adults of 60 inches (152.4 cm) and more."
    medcalc = 10
    inputs = (SEX, HEIGHT)

    def compute(self, given: Mapping[str, Any]) -> Result:
        height = given["height"]
        return Result(value=ideal_body_weight(given["sex"], height), unit="kg", note=short(height))
