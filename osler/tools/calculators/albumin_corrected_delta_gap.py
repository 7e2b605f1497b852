"""Delta gap corrected for albumin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.albumin_corrected_anion_gap import albumin_corrected_anion_gap
from osler.tools.calculators.anion_gap import ELECTROLYTES
from osler.tools.calculators.blood_tests import ALBUMIN
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.delta_gap import NORMAL_GAP


@block
class AlbuminCorrectedDeltaGap(Calculator):
    """Albumin-corrected anion gap - 12, in mEq/L. Sources: Wrenn 1990; Figge et al. 1998."""

    title = "Delta gap corrected for albumin"
    source = (
        "Wrenn K, Ann Emerg Med 1990;19(11):1310-1313; Figge J et al., Crit Care Med 1998;26(11):1807-1810, "
        "doi:10.1097/00003246-199811000-00019"
    )
    medcalc = 66
    inputs = (*ELECTROLYTES, ALBUMIN)

    def compute(self, given: Mapping[str, Any]) -> Result:
        gap = albumin_corrected_anion_gap(given)
        return Result(value=gap - NORMAL_GAP, unit="mEq/L", parts={"albumin_corrected_anion_gap": gap})
