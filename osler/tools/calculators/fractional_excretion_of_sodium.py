"""Fractional excretion of sodium."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import CREATININE, SODIUM


@block
class FractionalExcretionOfSodium(Calculator):
    """Share of the filtered sodium that is excreted, in percent: 100 x (U-Na x P-Cr) / (P-Na x U-Cr).

    Source: Espinel 1976. Below 1 % points to a prerenal cause, above 2 % to tubular injury, in oliguria.
    """

    title = "Fractional excretion of sodium"
    source = "Espinel CH, JAMA 1976;236(6):579-581, doi:10.1001/jama.1976.03270060029022"
    limits = "For acute kidney injury with oliguria; not under diuretics."
    medcalc = 40
    inputs = (
        SODIUM,
        CREATININE,
        dataclasses.replace(
            SODIUM, name="urine_sodium", about="sodium in urine", low=0, high=600, entity="Urine sodium"
        ),
        dataclasses.replace(
            CREATININE,
            name="urine_creatinine",
            about="creatinine in urine",
            low=1,
            high=1500,
            seldom_below=8,
            seldom_above=600,
            entity="Urine creatinine",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        excreted = given["urine_sodium"] * given["creatinine"]
        return Result(value=100 * excreted / (given["sodium"] * given["urine_creatinine"]), unit="%")
