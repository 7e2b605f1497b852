"""Glomerular filtration rate by the CKD-EPI equation of 2021."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import AGE, CREATININE, SEX


@block
class CkdEpi2021(Calculator):
    """Glomerular filtration rate in mL/min/1.73 m^2 from creatinine, age and sex, without race.

    142 x min(Scr/k, 1)^a x max(Scr/k, 1)^-1.200 x 0.9938^age (x 1.012 in women); k 0.7 and a -0.241 in women, 0.9 and
    -0.302 in men. Source: Inker et al. 2021.
    """

    title = "Glomerular filtration rate (CKD-EPI 2021, creatinine, without race)"
    source = "Inker LA et al., N Engl J Med 2021;385(19):1737-1749, doi:10.1056/NEJMoa2102953"
    limits = "For adults (18 years and more) with stable kidney function."
    medcalc = 3
    inputs = (SEX, AGE, CREATININE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        female = given["sex"] == "female"
        ratio = given["creatinine"] / (0.7 if female else 0.9)
        low = min(ratio, 1) ** (-0.241 if female else -0.302)
        found = 142 * low * max(ratio, 1) ** -1.2 * 0.9938 ** given["age"] * (1.012 if female else 1)
        note = "the equation was made for adults" if given["age"] < 18 else ""
        return Result(value=found, unit="mL/min/1.73 m^2", note=note)
