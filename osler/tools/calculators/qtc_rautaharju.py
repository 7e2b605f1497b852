"""QT interval corrected by Rautaharju."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.qt_interval import QT, RATE


@block
class QtcRautaharju(Calculator):
    """QT x (120 + heart rate) / 180, in ms. Source: Rautaharju, Mason & Akiyama 2014."""

    title = "QT interval corrected for heart rate (Rautaharju)"
    source = "Rautaharju PM, Mason JW, Akiyama T, Int J Cardiol 2014;174(3):535-540, doi:10.1016/j.ijcard.2014.04.133"
    medcalc = 59
    inputs = (QT, RATE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["qt"] * (120 + given["heart_rate"]) / 180, unit="ms")
