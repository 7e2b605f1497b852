"""QT interval corrected by Bazett."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.qt_interval import QT, RATE, cycle


@block
class QtcBazett(Calculator):
    """QT / sqrt(RR in seconds), in ms. Source: Bazett 1920."""

    title = "QT interval corrected for heart rate (Bazett)"
    source = "Bazett HC, Heart 1920;7:353-370"
    limits = "Too high at fast and too low at slow heart rates."
    medcalc = 11
    inputs = (QT, RATE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["qt"] / math.sqrt(cycle(given["heart_rate"])), unit="ms")
