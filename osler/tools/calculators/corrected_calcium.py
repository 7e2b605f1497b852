"""Calcium corrected for albumin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import ALBUMIN
from osler.tools.calculators.calculator import Calculator, Quantity, Result


@block
class CorrectedCalcium(Calculator):
    """Total calcium in mg/dL corrected for albumin: calcium + 0.8 x (4 g/dL - albumin).

    Source: Payne et al. 1973, in the units and with the rounded slope in common use.
    """

    title = "Calcium corrected for albumin"
    source = "Payne RB et al., Br Med J 1973;4(5893):643-646, doi:10.1136/bmj.4.5893.643"
    limits = "Measure ionised calcium in severe illness."
    medcalc = 7
    inputs = (
        Quantity(
            name="calcium",
            unit="mg/dL",
            about="total calcium",
            analyte="calcium",
            low=2,
            high=30,
            seldom_below=5,  # where calcium in mmol/L lies
            seldom_above=20,
            entity="Calcium",
        ),
        ALBUMIN,
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["calcium"] + 0.8 * (4 - given["albumin"]), unit="mg/dL")
