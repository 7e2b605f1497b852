"""Ten-year risk of hard coronary heart disease by the Framingham equations of ATP III."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import CHOLESTEROL, HDL
from osler.tools.calculators.calculator import Calculator, Flag, Result
from osler.tools.calculators.vital_signs import AGE, SEX, SYSTOLIC

# ln age, ln cholesterol, ln HDL, ln pressure, treated, smoker, ln age x ln cholesterol, smoker x ln age, ln age squared,
# constant, ten-year survival at the mean, and the highest age that counts in the smoking term.
_MEN = (
    (52.00961, 20.014077, -0.905964, 1.305784, 0.241549, 12.096316, -4.605038, -2.84367, -2.93323, -172.300168),
    0.9402,
    70,
)
_WOMEN = (
    (31.764001, 22.465206, -1.187731, 2.552905, 0.420251, 13.07543, -5.060998, -2.996945, 0.0, -146.5933061),
    0.98767,
    78,
)


@block
class FraminghamHardCoronaryDisease(Calculator):
    """Risk in percent of a heart attack or coronary death within ten years.

    Cox equations in the logarithms of age (years), total and HDL cholesterol (mg/dL) and systolic pressure (mmHg).
    Source: ATP III final report 2002, the Framingham equations behind its point tables, with cholesterol in mg/dL.
    """

    title = "Ten-year risk of hard coronary heart disease (Framingham, ATP III)"
    source = (
        "NCEP ATP III final report, Circulation 2002;106(25):3143-3421; D'Agostino RB et al., JAMA 2001;286(2):180-187"
    )
    limits = "For 30 to 79 years without coronary heart disease, claudication or diabetes."
    medcalc = 46
    inputs = (
        SEX,
        AGE,
        CHOLESTEROL,
        HDL,
        SYSTOLIC,
        Flag(
            name="treated",
            about="blood pressure is being treated with medicines",
            default=None,
            entity="Blood pressure being treated with medicines",
        ),
        Flag(name="smoker", about="smokes cigarettes", default=None, entity="Smoker"),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        note = "" if 30 <= given["age"] < 80 else "made for 30 to 79 years"
        return Result(value=100 * ten_year_risk(given), unit="%", note=note)


def ten_year_risk(given: Mapping[str, Any]) -> float:
    """The risk as a share, from the inputs of the calculator."""
    weights, survival, oldest = _MEN if given["sex"] == "male" else _WOMEN
    age, smoker = math.log(given["age"]), float(given["smoker"])
    cholesterol = math.log(given["total_cholesterol"])
    terms = (
        age,
        cholesterol,
        math.log(given["hdl_cholesterol"]),
        math.log(given["systolic"]),
        float(given["treated"]),
        smoker,
        age * cholesterol,
        smoker * math.log(min(given["age"], oldest)),
        age**2,
        1.0,
    )
    total = sum(weight * term for weight, term in zip(weights, terms, strict=True))
    return 1 - float(survival ** math.exp(total))
