"""Body mass index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import HEIGHT, WEIGHT
from osler.tools.calculators.calculator import Calculator, Result


def body_mass_index(weight: float, height: float) -> float:
    """kg/m^2, from kilograms and centimetres."""
    return weight / (height / 100) ** 2


def doubtful(weight: float, height: float) -> str:
    """A word of warning where hardly a body has this weight (kg) and height (cm): one may stand in another unit."""
    index = body_mass_index(weight, height)
    if 8 <= index <= 80:
        return ""
    return f"that is a body mass index of {index:.3g} kg/m^2: check weight and height and their units"


@block
class BodyMassIndex(Calculator):
    """Weight over the square of height, in kg/m^2. Source: Keys et al. 1972 (Quetelet's index)."""

    title = "Body mass index"
    source = "Keys A et al., J Chronic Dis 1972;25(6):329-343, doi:10.1016/0021-9681(72)90027-6"
    medcalc = 6
    inputs = (WEIGHT, HEIGHT)

    def compute(self, given: Mapping[str, Any]) -> Result:
        weight, height = given["weight"], given["height"]
        return Result(value=body_mass_index(weight, height), unit="kg/m^2", note=doubtful(weight, height))
