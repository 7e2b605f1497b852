"""Calculated serum osmolality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import GLUCOSE
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import SODIUM, UREA_NITROGEN


@block
class SerumOsmolality(Calculator):
    """2 x sodium (mmol/L) + urea nitrogen (mg/dL) / 2.8 + glucose (mg/dL) / 18, in mOsm/kg.

    Source: Smithline & Gardner 1976.
    """

    title = "Calculated serum osmolality"
    source = "Smithline N, Gardner KD, JAMA 1976;236(14):1594-1597, doi:10.1001/jama.1976.03270150028028"
    limits = "Ethanol and other alcohols are not counted."
    medcalc = 30
    inputs = (SODIUM, UREA_NITROGEN, GLUCOSE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        parts = {
            "sodium": 2 * given["sodium"],
            "urea_nitrogen": given["urea_nitrogen"] / 2.8,
            "glucose": given["glucose"] / 18,
        }
        return Result(value=sum(parts.values()), unit="mOsm/kg", parts=parts)
