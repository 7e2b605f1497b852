"""Where the labels of MedCalc-Bench (v1.0) for formulas come from when they are not the formula.

The worked solutions show each slip. ``slipped_formula`` applies it to the row's arguments, so a label that equals its
result is explained. They were written while looking at these rows. No calculator uses this.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping
from typing import Any

from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.framingham_hard_coronary_disease import ten_year_risk
from osler.tools.units import convert

Value = float | datetime.date | str
Arguments = Mapping[str, Any]

_ROUNDED = "mmol/L are made mg/dL by way of mol and g that are rounded to three decimals (0.00226 mol counts as 0.002)"
FORMULA_REASONS: Mapping[int, str] = {
    3: "men with a creatinine up to 0.9 mg/dL get the 0.7 mg/dL of women in the denominator",
    7: _ROUNDED,
    13: "a cycle shorter than 28 days moves the due date back instead of forward: the days are added, not subtracted",
    23: "the first MELD is rounded to a whole number before it is multiplied by 10, not to the tenth",
    44: _ROUNDED,
    46: "cholesterol is put into the equation in mmol/L, where its coefficients are for mg/dL",
}


def slipped_formula(calculator: Calculator, given: Arguments) -> Value | None:
    """The label that the slips make of a row's arguments; None where no slip is known of the calculator."""
    slip = _SLIPS.get(calculator.medcalc)
    if slip is None:
        return None
    read = {item.name: item.read(given[item.name]) for item in calculator.inputs}
    read.update({name: _coarse(given[name], molar) for name, molar in _MOLAR.items() if _in_moles(given.get(name))})
    return slip(read)


def _in_moles(given: Any) -> bool:
    return isinstance(given, Mapping) and str(given["unit"]).endswith("mol/L")


def _coarse(given: Mapping[str, Any], molar: float) -> float:
    """mg/dL as the worked solutions make them of mmol/L or µmol/L."""
    moles = _three(given["value"] * (1e-3 if given["unit"] == "mmol/L" else 1e-6))
    return _three(1000 * _three(moles * molar)) / 10


def _three(value: float) -> float:
    """Three decimals, or three digits below a thousandth."""
    return round(value, 3) if abs(value) >= 1e-3 else float(f"{value:.3g}")


def _ckd_epi(read: Arguments) -> Value:
    creatinine, female = read["creatinine"], read["sex"] == "female"
    low = creatinine <= (0.7 if female else 0.9)
    power = (-0.241 if female else -0.302) if low else -1.2
    limit = 0.7 if female or low else 0.9
    return float(142 * (creatinine / limit) ** power * 0.9938 ** read["age"] * (1.012 if female else 1))


def _calcium(read: Arguments) -> Value:
    return float(read["calcium"] + 0.8 * (4 - read["albumin"]))


def _ldl(read: Arguments) -> Value:
    return float(read["total_cholesterol"] - read["hdl_cholesterol"] - read["triglycerides"] / 5)


def _due_date(read: Arguments) -> Value:
    last: datetime.date = read["last_period"]
    return last + datetime.timedelta(days=280 + abs(int(read["cycle_length"]) - 28))


def _meld(read: Arguments) -> Value:
    dialysed = read["dialysis"] or read["continuous_hemodialysis"]
    creatinine = 4.0 if dialysed else min(max(read["creatinine"], 1), 4)
    raw = 0.957 * math.log(creatinine) + 0.378 * math.log(max(read["bilirubin"], 1))
    raw += 1.120 * math.log(max(read["inr"], 1)) + 0.643
    first, lacking = 10 * round(raw), 137 - min(max(read["sodium"], 125), 137)
    return float(min(round(first + 1.32 * lacking - 0.033 * first * lacking if first > 11 else first), 40))


def _framingham(read: Arguments) -> Value:
    molar = {
        name: round(convert(read[name], "mg/dL", "mmol/L", analyte="cholesterol"), 2)
        for name in ("total_cholesterol", "hdl_cholesterol")
    }
    return 100 * ten_year_risk({**read, **molar})


_SLIPS: Mapping[int, Callable[[Arguments], Value]] = {
    3: _ckd_epi,
    7: _calcium,
    13: _due_date,
    23: _meld,
    44: _ldl,
    46: _framingham,
}
_MOLAR: Mapping[str, float] = {  # grams per mole in the worked solutions
    "creatinine": 113.12,
    "calcium": 40.08,
    "total_cholesterol": 386.654,
    "hdl_cholesterol": 386.654,
    "triglycerides": 861.338,
}
