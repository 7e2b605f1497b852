"""The weight at which a body mass index is reached."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import HEIGHT
from osler.tools.calculators.calculator import Calculator, Quantity, Result


@block
class TargetWeight(Calculator):
    """Weight in kg that gives a target body mass index at a height. Source: the index of Keys et al. 1972, solved."""

    title = "Weight for a target body mass index"
    source = "Keys A et al., J Chronic Dis 1972;25(6):329-343, doi:10.1016/0021-9681(72)90027-6"
    medcalc = 61
    inputs = (
        Quantity(name="target_body_mass_index", unit="kg/m^2", low=8, high=80, entity="Body Mass Index (BMI)"),
        HEIGHT,
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["target_body_mass_index"] * (given["height"] / 100) ** 2, unit="kg")
