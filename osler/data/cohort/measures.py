"""Laboratory values and vital signs of the synthetic cohort: units, LOINC codes, plausible values, thresholds."""

from __future__ import annotations

import math
from collections.abc import Container
from random import Random
from typing import NamedTuple


class Measure(NamedTuple):
    """``unit`` as notes write it, ``ucum`` as FHIR does. ``low`` and ``high`` are what may occur at all.

    ``cuts``: thresholds of criteria, those of train and valid trials first, those of test trials second.
    """

    code: str
    names: tuple[str, ...]
    unit: str
    ucum: str
    loinc: str
    decimals: int
    low: float
    high: float
    cuts: tuple[tuple[float, ...], tuple[float, ...]]
    lab: bool = True


_M = Measure
MEASURES: dict[str, Measure] = {
    measure.code: measure
    for measure in (
        _M("hba1c", ("HbA1c", "glycated hemoglobin", "A1c"), "%", "%", "4548-4", 1, 4.0, 15.0,
           ((6.5, 7.0, 8.0, 9.0), (6.8, 7.5, 8.5, 10.0))),
        _M("creatinine", ("serum creatinine", "creatinine", "Cr"), "mg/dL", "mg/dL", "2160-0", 2, 0.3, 12.0,
           ((1.2, 1.5, 2.0), (1.1, 1.4, 1.8))),
        _M("egfr", ("estimated glomerular filtration rate", "eGFR", "GFR"), "mL/min/1.73 m2", "mL/min/{1.73_m2}",
           "33914-3", 0, 5, 130, ((30, 45, 60), (35, 50, 75))),
        _M("ldl", ("LDL cholesterol", "low-density lipoprotein cholesterol", "LDL"), "mg/dL", "mg/dL", "18262-6", 0,
           20, 350, ((70, 100, 130), (80, 115, 160))),
        _M("haemoglobin", ("hemoglobin", "blood hemoglobin", "Hgb"), "g/dL", "g/dL", "718-7", 1, 5.0, 19.0,
           ((10.0, 12.0, 13.0), (9.0, 11.0, 12.5))),
        _M("platelets", ("platelet count", "platelets", "PLT"), "x10^9/L", "10*9/L", "777-3", 0, 15, 700,
           ((100, 150, 250), (75, 130, 200))),
        _M("alt", ("ALT", "alanine aminotransferase"), "U/L", "U/L", "1742-6", 0, 5, 600, ((40, 80, 120), (35, 60, 105))),
        _M("potassium", ("serum potassium", "potassium", "K"), "mmol/L", "mmol/L", "2823-3", 1, 2.4, 7.0,
           ((3.5, 4.5, 5.0), (3.8, 4.2, 5.5))),
        _M("sodium", ("serum sodium", "sodium", "Na"), "mmol/L", "mmol/L", "2951-2", 0, 115, 155,
           ((130, 135, 145), (132, 138, 142))),
        _M("bnp", ("BNP", "brain natriuretic peptide"), "pg/mL", "pg/mL", "30934-4", 0, 5, 5000,
           ((100, 300, 400), (150, 250, 500))),
        _M("inr", ("INR", "international normalized ratio"), "", "{INR}", "6301-6", 1, 0.8, 8.0,
           ((1.5, 2.0, 3.0), (1.3, 1.7, 2.5))),
        _M("tsh", ("TSH", "thyroid-stimulating hormone"), "mIU/L", "m[IU]/L", "3016-3", 2, 0.02, 60.0,
           ((4.5, 10.0), (4.0, 8.0))),
        _M("wbc", ("white blood cell count", "leukocyte count", "WBC"), "x10^9/L", "10*9/L", "6690-2", 1, 1.0, 30.0,
           ((3.0, 4.0, 11.0), (3.5, 5.0, 10.0))),
        _M("bilirubin", ("total bilirubin", "serum bilirubin"), "mg/dL", "mg/dL", "1975-2", 1, 0.1, 15.0,
           ((1.2, 2.0), (1.0, 1.5))),
        _M("albumin", ("serum albumin", "albumin"), "g/dL", "g/dL", "1751-7", 1, 1.5, 5.5, ((3.0, 3.5), (2.8, 4.0))),
        _M("psa", ("PSA", "prostate-specific antigen"), "ng/mL", "ng/mL", "2857-1", 1, 0.1, 150.0,
           ((4.0, 10.0), (3.0, 8.0))),
        _M("lvef", ("LVEF", "left ventricular ejection fraction"), "%", "%", "10230-1", 0, 10, 75,
           ((35, 40, 50), (30, 45, 55)), False),
        _M("ecog", ("ECOG performance status", "performance status (ECOG)"), "", "{score}", "89247-1", 0, 0, 4,
           ((1, 2), (1, 2)), False),
        _M("bmi", ("BMI", "body mass index"), "kg/m2", "kg/m2", "39156-5", 1, 14.0, 60.0,
           ((25.0, 30.0, 35.0), (27.0, 32.0, 40.0)), False),
        _M("sbp", ("systolic blood pressure", "systolic BP"), "mmHg", "mm[Hg]", "8480-6", 0, 80, 220,
           ((140, 160, 180), (130, 150, 170)), False),
        _M("dbp", ("diastolic blood pressure", "diastolic BP"), "mmHg", "mm[Hg]", "8462-4", 0, 45, 130,
           ((90, 100), (85, 95)), False),
        _M("heart_rate", ("heart rate", "pulse"), "bpm", "/min", "8867-4", 0, 38, 160, ((60, 100), (55, 90)), False),
        _M("spo2", ("oxygen saturation", "SpO2"), "%", "%", "59408-5", 0, 80, 100, ((92, 95), (90, 94)), False),
        _M("weight", ("body weight", "weight"), "kg", "kg", "29463-7", 0, 35, 220, ((50, 100), (45, 120)), False),
        _M("height", ("height", "body height"), "cm", "cm", "8302-2", 0, 140, 205, ((150,), (155,)), False),
    )
}

_PANEL = ("haemoglobin", "platelets", "potassium", "sodium", "alt", "wbc")
_EXTRA = ("hba1c", "ldl", "tsh", "bilirubin", "albumin", "inr", "bnp")
_FOLLOWED = {
    "t2dm": "hba1c",
    "t1dm": "hba1c",
    "hyperlipidaemia": "ldl",
    "hf": "bnp",
    "hypothyroidism": "tsh",
    "cirrhosis": "bilirubin",
    "prostate_cancer": "psa",
    "bph": "psa",
}


def labs_of(rng: Random, held: Container[str], drugs: Container[str], sex: str, age: int) -> dict[str, float]:
    """Laboratory values of a patient with the conditions ``held`` who takes ``drugs``. Ages in years.

    Creatinine follows from eGFR by the CKD-EPI 2021 equation (Inker et al., NEJM 2021), so the two agree.
    """
    gauss, uniform = rng.gauss, rng.random
    out: dict[str, float] = {}
    egfr = 12 + 46 * uniform() if "ckd" in held else min(118.0, max(62.0, gauss(112 - 0.55 * (age - 20), 10)))
    out["egfr"] = round(egfr)
    out["creatinine"] = creatinine_at(out["egfr"], sex, age)
    chosen = [code for code in _PANEL if uniform() < 0.75]
    chosen += [code for code in _EXTRA if uniform() < 0.3]
    chosen += [code for condition, code in _FOLLOWED.items() if condition in held and uniform() < 0.9]
    if "warfarin" in drugs:
        chosen.append("inr")
    for code in chosen:
        if code not in out:
            out[code] = rounded(code, _value(code, gauss, held, drugs, sex))
    return out


def creatinine_at(egfr: float, sex: str, age: int) -> float:
    """Serum creatinine (mg/dL) at which CKD-EPI 2021 gives ``egfr`` (mL/min/1.73 m2)."""
    kappa, alpha, factor = (0.7, -0.241, 1.012) if sex == "F" else (0.9, -0.302, 1.0)
    share = egfr / (142 * factor * 0.9938**age)
    return rounded("creatinine", kappa * share ** (1 / alpha if share > 1 else -1 / 1.2))


def rounded(code: str, value: float) -> float:
    """``value`` inside what may occur, with the decimals that notes print."""
    measure = MEASURES[code]
    return round(min(measure.high, max(measure.low, value)), measure.decimals)


def printed(code: str, value: float) -> str:
    return f"{value:.{MEASURES[code].decimals}f}"


def _value(code: str, gauss: object, held: Container[str], drugs: Container[str], sex: str) -> float:
    assert callable(gauss)
    mean, spread = _NORMAL[code]
    logarithmic = code in ("alt", "bnp", "tsh", "psa", "bilirubin")
    if code == "haemoglobin":
        mean = (14.8 if sex == "M" else 13.3) - (1.6 if "ckd" in held else 0.0)
    elif code == "potassium":
        mean += 0.4 * ("ckd" in held) + 0.2 * ("lisinopril" in drugs) - 0.3 * ("furosemide" in drugs)
    for condition, marked, shifted in _SHIFTS:
        if code == marked and (condition in held or condition in drugs):
            mean, spread = shifted
    return math.exp(gauss(math.log(mean), spread)) if logarithmic else float(gauss(mean, spread))


_NORMAL: dict[str, tuple[float, float]] = {
    "hba1c": (5.4, 0.25),
    "ldl": (118, 26),
    "haemoglobin": (14.0, 1.0),
    "platelets": (248, 52),
    "alt": (23, 0.35),
    "potassium": (4.2, 0.3),
    "sodium": (139.5, 2.4),
    "bnp": (34, 0.5),
    "inr": (1.0, 0.07),
    "tsh": (1.9, 0.4),
    "wbc": (6.9, 1.6),
    "bilirubin": (0.6, 0.3),
    "albumin": (4.2, 0.28),
    "psa": (1.1, 0.6),
}
_SHIFTS: tuple[tuple[str, str, tuple[float, float]], ...] = (
    ("t2dm", "hba1c", (7.9, 1.3)),
    ("t1dm", "hba1c", (8.1, 1.2)),
    ("hyperlipidaemia", "ldl", (158, 24)),
    ("rosuvastatin", "ldl", (86, 22)),
    ("atorvastatin", "ldl", (90, 24)),
    ("ida", "haemoglobin", (9.9, 1.1)),
    ("nafld", "alt", (58, 0.35)),
    ("hcv", "alt", (72, 0.4)),
    ("hbv", "alt", (64, 0.4)),
    ("hf", "sodium", (136.5, 3.2)),
    ("cirrhosis", "platelets", (96, 26)),
    ("cirrhosis", "bilirubin", (2.1, 0.4)),
    ("cirrhosis", "albumin", (3.0, 0.4)),
    ("cirrhosis", "inr", (1.5, 0.2)),
    ("warfarin", "inr", (2.5, 0.5)),
    ("hf", "bnp", (540, 0.6)),
    ("hypothyroidism", "tsh", (4.6, 0.7)),
    ("bph", "psa", (2.6, 0.5)),
    ("prostate_cancer", "psa", (8.5, 0.9)),
)
