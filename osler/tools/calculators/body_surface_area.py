"""Body surface area."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import HEIGHT, WEIGHT
from osler.tools.calculators.body_mass_index import doubtful
from osler.tools.calculators.calculator import Calculator, Result


@block
class BodySurfaceArea(Calculator):
    """Body surface area in m^2: the root of height (cm) times weight (kg) over 3600. Source: Mosteller 1987."""

    title = "Body surface area (Mosteller)"
    source = "Mosteller RD, N Engl J Med 1987;317(17):1098, doi:10.1056/NEJM198710223171717"
    medcalc = 60
    inputs = (WEIGHT, HEIGHT)

    def compute(self, given: Mapping[str, Any]) -> Result:
        weight, height = given["weight"], given["height"]
        return Result(value=math.sqrt(weight * height / 3600), unit="m^2", note=doubtful(weight, height))
