"""Delta ratio corrected for albumin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.albumin_corrected_anion_gap import albumin_corrected_anion_gap
from osler.tools.calculators.anion_gap import ELECTROLYTES
from osler.tools.calculators.blood_tests import ALBUMIN
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.delta_gap import NORMAL_GAP
from osler.tools.calculators.delta_ratio import delta_ratio


@block
class AlbuminCorrectedDeltaRatio(Calculator):
    """(albumin-corrected anion gap - 12) / (24 - bicarbonate). Sources: Rastegar 2007; Figge et al. 1998."""

    title = "Delta ratio corrected for albumin"
    source = (
        "Rastegar A, J Am Soc Nephrol 2007;18(9):2429-2431, doi:10.1681/ASN.2006121408; Figge J et al., Crit Care Med "
        "1998;26(11):1807-1810"
    )
    limits = "For a metabolic acidosis with a raised anion gap."
    medcalc = 67
    inputs = (*ELECTROLYTES, ALBUMIN)

    def compute(self, given: Mapping[str, Any]) -> Result:
        gap = albumin_corrected_anion_gap(given)
        note = "" if gap > NORMAL_GAP else "the anion gap is not raised, so the ratio says little"
        found = delta_ratio(gap, given["bicarbonate"])
        return Result(value=found, parts={"albumin_corrected_anion_gap": gap}, note=note)
