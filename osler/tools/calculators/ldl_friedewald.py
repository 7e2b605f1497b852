"""LDL cholesterol by Friedewald."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.blood_tests import CHOLESTEROL, HDL
from osler.tools.calculators.calculator import Calculator, Quantity, Result


@block
class LdlFriedewald(Calculator):
    """LDL cholesterol in mg/dL: total cholesterol - HDL cholesterol - triglycerides / 5.

    Source: Friedewald, Levy & Fredrickson 1972, who leave out triglycerides above 400 mg/dL: ToolError there, and where
    the values leave no LDL at all.
    """

    title = "LDL cholesterol (Friedewald)"
    source = "Friedewald WT, Levy RI, Fredrickson DS, Clin Chem 1972;18(6):499-502, doi:10.1093/clinchem/18.6.499"
    limits = "Not above 400 mg/dL of triglycerides, nor in type III hyperlipoproteinemia."
    medcalc = 44
    inputs = (
        CHOLESTEROL,
        HDL,
        Quantity(
            name="triglycerides",
            unit="mg/dL",
            analyte="triglycerides",
            low=5,
            high=20000,
            seldom_below=20,
            entity="Triglycerides",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        if given["triglycerides"] > 400:
            raise ToolError("the formula does not hold above 400 mg/dL of triglycerides", hint="measure LDL directly")
        found = given["total_cholesterol"] - given["hdl_cholesterol"] - given["triglycerides"] / 5
        if found < 0:
            raise ToolError("HDL and triglycerides leave no LDL cholesterol", hint="check the values and their units")
        return Result(value=found, unit="mg/dL")
