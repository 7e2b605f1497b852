"""Mean arterial pressure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import DIASTOLIC, SYSTOLIC, in_order


@block
class MeanArterialPressure(Calculator):
    """Mean arterial pressure in mmHg: diastolic pressure plus a third of the pulse pressure.

    Source: Meaney et al. 2000. ToolError where the diastolic pressure is above the systolic one.
    """

    title = "Mean arterial pressure from systolic and diastolic pressure"
    source = "Meaney E et al., Heart 2000;84(1):64, doi:10.1136/heart.84.1.64"
    medcalc = 5
    inputs = (SYSTOLIC, DIASTOLIC)

    def compute(self, given: Mapping[str, Any]) -> Result:
        high, low = given["systolic"], given["diastolic"]
        in_order(high, low)
        return Result(value=low + (high - low) / 3, unit="mmHg")
