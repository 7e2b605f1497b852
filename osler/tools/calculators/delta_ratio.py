"""Delta ratio."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.anion_gap import ELECTROLYTES, anion_gap
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.delta_gap import NORMAL_BICARBONATE, NORMAL_GAP


def delta_ratio(gap: float, bicarbonate: float) -> float:
    """(gap - 12) / (24 - bicarbonate); ToolError where bicarbonate is 24 and nothing has fallen."""
    fall = NORMAL_BICARBONATE - bicarbonate
    if abs(fall) < 1e-9:
        raise ToolError("bicarbonate is 24 mEq/L, so there is no fall to compare with", hint="the ratio is undefined")
    return (gap - NORMAL_GAP) / fall


@block
class DeltaRatio(Calculator):
    """Rise of the anion gap over the fall of bicarbonate: (gap - 12) / (24 - bicarbonate). Source: Rastegar 2007.

    Meaningful where the gap is raised; the note says so where it is not.
    """

    title = "Delta ratio (rise of the anion gap over the fall of bicarbonate)"
    source = "Rastegar A, J Am Soc Nephrol 2007;18(9):2429-2431, doi:10.1681/ASN.2006121408"
    limits = "For a metabolic acidosis with a raised anion gap."
    medcalc = 64
    inputs = ELECTROLYTES

    def compute(self, given: Mapping[str, Any]) -> Result:
        gap = anion_gap(given)
        note = "" if gap > NORMAL_GAP else "the anion gap is not raised, so the ratio says little"
        return Result(value=delta_ratio(gap, given["bicarbonate"]), parts={"anion_gap": gap}, note=note)
