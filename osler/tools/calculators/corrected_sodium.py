"""Sodium corrected for glucose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import GLUCOSE
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import SODIUM


@block
class CorrectedSodium(Calculator):
    """Sodium in mEq/L as it would be at a glucose of 100 mg/dL: sodium + 2.4 for each 100 mg/dL above.

    Source: Hillier, Abbott & Barrett 1999. At 100 mg/dL and below there is nothing to correct.
    """

    title = "Sodium corrected for hyperglycemia (Hillier)"
    source = "Hillier TA, Abbott RD, Barrett EJ, Am J Med 1999;106(4):399-403, doi:10.1016/S0002-9343(99)00055-8"
    medcalc = 26
    inputs = (SODIUM, GLUCOSE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        above = max(given["glucose"] - 100, 0)
        note = "" if above else "no hyperglycemia: the measured sodium stands"
        return Result(value=given["sodium"] + 0.024 * above, unit="mEq/L", note=note)
