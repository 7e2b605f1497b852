"""QT interval corrected by the Framingham study's line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.qt_interval import QT, RATE, cycle


@block
class QtcFramingham(Calculator):
    """QT + 154 x (1 - RR in seconds), in ms. Source: Sagie et al. 1992."""

    title = "QT interval corrected for heart rate (Framingham)"
    source = "Sagie A et al., Am J Cardiol 1992;70(7):797-801, doi:10.1016/0002-9149(92)90562-D"
    medcalc = 57
    inputs = (QT, RATE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["qt"] + 154 * (1 - cycle(given["heart_rate"])), unit="ms")
