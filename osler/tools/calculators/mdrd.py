"""Glomerular filtration rate by the MDRD study equation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Choice, Result
from osler.tools.calculators.vital_signs import AGE, CREATININE, SEX


@block
class Mdrd(Calculator):
    """Glomerular filtration rate in mL/min/1.73 m^2: 175 x Scr^-1.154 x age^-0.203, x 0.742 in women.

    Source: Levey et al. 2006, the four-variable equation for standardised creatinine. The paper's factor of 1.212 for
    Black patients is applied only where ``race`` is given as black; its use is advised against since 2021 (Delgado et
    al.), and the CKD-EPI equation of 2021 replaces this one.
    """

    title = "Glomerular filtration rate (MDRD, four variables, standardised creatinine)"
    source = "Levey AS et al., Ann Intern Med 2006;145(4):247-254, doi:10.7326/0003-4819-145-4-200608150-00004"
    limits = "For adults; too low above 60 mL/min/1.73 m^2. Prefer CKD-EPI 2021."
    medcalc = 9
    inputs = (
        SEX,
        AGE,
        CREATININE,
        Choice(
            name="race",
            options=("black", "white", "other"),
            about="the equation's race term; leave it out unless a figure by the old equation is asked for",
            default="other",
            entity="Race",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        found = 175 * given["creatinine"] ** -1.154 * given["age"] ** -0.203
        if given["sex"] == "female":
            found *= 0.742
        if given["race"] == "black":
            found *= 1.212
        note = "the equation was made for adults" if given["age"] < 18 else ""
        return Result(value=found, unit="mL/min/1.73 m^2", note=note)
