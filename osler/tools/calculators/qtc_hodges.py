"""QT interval corrected by Hodges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.qt_interval import QT, RATE


@block
class QtcHodges(Calculator):
    """QT + 1.75 x (heart rate - 60), in ms. Source: Hodges, Salerno & Erlien 1983."""

    title = "QT interval corrected for heart rate (Hodges)"
    source = "Hodges M, Salerno D, Erlien D, J Am Coll Cardiol 1983;1:694"
    medcalc = 58
    inputs = (QT, RATE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["qt"] + 1.75 * (given["heart_rate"] - 60), unit="ms")
