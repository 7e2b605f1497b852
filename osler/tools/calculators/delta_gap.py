"""Delta gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.anion_gap import ELECTROLYTES, anion_gap
from osler.tools.calculators.calculator import Calculator, Result

NORMAL_GAP = 12
NORMAL_BICARBONATE = 24


@block
class DeltaGap(Calculator):
    """Anion gap - 12, in mEq/L: how far the gap is above normal. Source: Wrenn 1990.

    Wrenn goes on to subtract the fall of bicarbonate; that comparison is the delta ratio here.
    """

    title = "Delta gap (anion gap above normal)"
    source = "Wrenn K, Ann Emerg Med 1990;19(11):1310-1313, doi:10.1016/S0196-0644(05)82292-9"
    medcalc = 63
    inputs = ELECTROLYTES

    def compute(self, given: Mapping[str, Any]) -> Result:
        gap = anion_gap(given)
        return Result(value=gap - NORMAL_GAP, unit="mEq/L", parts={"anion_gap": gap})
