"""FIB-4 index of liver fibrosis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Quantity, Result
from osler.tools.calculators.vital_signs import AGE


@block
class Fib4(Calculator):
    """Age x AST / (platelets in 10^9/L x sqrt(ALT)). Source: Sterling et al. 2006.

    Below 1.45 advanced fibrosis is unlikely, above 3.25 likely (the paper, in HIV and hepatitis C).
    """

    title = "FIB-4 index of liver fibrosis"
    source = "Sterling RK et al., Hepatology 2006;43(6):1317-1325, doi:10.1002/hep.21178"
    limits = "Less reliable under 35 and over 65 years; not for acute hepatitis."
    medcalc = 19
    inputs = (
        AGE,
        Quantity(
            name="ast",
            unit="U/L",
            about="aspartate aminotransferase",
            low=1,
            high=50000,
            entity="Aspartate aminotransferase",
        ),
        Quantity(
            name="alt",
            unit="U/L",
            about="alanine aminotransferase",
            low=1,
            high=50000,
            entity="Alanine aminotransferase",
        ),
        Quantity(name="platelets", unit="10^9/L", about="platelet count", low=1, high=6000, entity="Platelet count"),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        found = given["age"] * given["ast"] / (given["platelets"] * math.sqrt(given["alt"]))
        reading = "indeterminate"
        if found < 1.45:
            reading = "advanced fibrosis unlikely"
        elif found > 3.25:
            reading = "advanced fibrosis likely"
        return Result(value=found, note=reading)
