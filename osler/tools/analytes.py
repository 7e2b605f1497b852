"""What ties mass, amount, charge and international units of a substance together: molar mass, valence, potency.

Sources: IUPAC standard atomic weights (2021) for the molar masses of small molecules and ions; Young & Huth, SI Units for
Clinical Measurement (1998) for the conventions (urea is reported in mg/dL of its nitrogen, haemoglobin in mmol/L of one
chain, cholesterol as free cholesterol, triglycerides as triolein); Peters, All About Albumin (1996) for albumin; Knopp
et al. 2019 (J Diabetes Sci Technol 13:597) for insulin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from osler.core.errors import ToolError, nearest


@dataclass(frozen=True, slots=True)
class Analyte:
    """``molar``: grams per mole. ``valence``: equivalents per mole, 0 without charge. ``potency``: moles per IU, or 0."""

    molar: Fraction
    valence: int = 0
    potency: Fraction = Fraction(0)


def _made(molar: str, valence: int = 0, potency: str = "0") -> Analyte:
    return Analyte(Fraction(molar), valence, Fraction(potency))


ANALYTES: Mapping[str, Analyte] = {
    "albumin": _made("66438"),
    "ammonia": _made("17.031"),
    "bicarbonate": _made("61.016", 1),
    "bilirubin": _made("584.66"),
    "calcium": _made("40.078", 2),
    "chloride": _made("35.45", 1),
    "cholesterol": _made("386.65"),
    "creatinine": _made("113.12"),
    "ethanol": _made("46.069"),
    "glucose": _made("180.156"),
    "hemoglobin": _made("16114.5"),
    "insulin": _made("5808", potency="6.0e-9"),
    "iron": _made("55.845"),
    "lactate": _made("89.07", 1),
    "magnesium": _made("24.305", 2),
    "phosphorus": _made("30.974"),
    "potassium": _made("39.098", 1),
    "sodium": _made("22.990", 1),
    "triglycerides": _made("885.43"),
    "urea": _made("60.056"),
    "urea nitrogen": _made("28.014"),
    "uric acid": _made("168.11"),
}
_ALSO: Mapping[str, str] = {
    "bun": "urea nitrogen",
    "blood urea nitrogen": "urea nitrogen",
    "hdl": "cholesterol",
    "hdl cholesterol": "cholesterol",
    "ldl": "cholesterol",
    "ldl cholesterol": "cholesterol",
    "total cholesterol": "cholesterol",
    "total bilirubin": "bilirubin",
    "haemoglobin": "hemoglobin",
    "triglyceride": "triglycerides",
    "urate": "uric acid",
    "phosphate": "phosphorus",
    "lactic acid": "lactate",
    "serum creatinine": "creatinine",
}


def analyte_named(name: str) -> Analyte:
    """The substance called ``name``; ToolError, which names the nearest, where it is not in the table."""
    name = name[:60]
    bare = " ".join(name.replace("_", " ").casefold().split())
    found = ANALYTES.get(_ALSO.get(bare, bare))
    if found is None:
        raise ToolError(f"the substance {name!r} is not in the table of molar masses", hint=nearest(bare, ANALYTES))
    return found
