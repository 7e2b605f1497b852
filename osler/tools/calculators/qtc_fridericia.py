"""QT interval corrected by Fridericia."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.qt_interval import QT, RATE, cycle


@block
class QtcFridericia(Calculator):
    """QT over the cube root of RR in seconds, in ms. Source: Fridericia 1920."""

    title = "QT interval corrected for heart rate (Fridericia)"
    source = "Fridericia LS, Acta Med Scand 1920;53(1):469-486, doi:10.1111/j.0954-6820.1920.tb18266.x"
    medcalc = 56
    inputs = (QT, RATE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["qt"] / math.cbrt(cycle(given["heart_rate"])), unit="ms")
