"""Laboratory values of a synthetic patient, after conditions, drugs, sex and age."""

from __future__ import annotations

import math
from collections.abc import Callable, Container
from random import Random

from osler.data.cohort.measures import rounded

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


def _value(
    code: str, gauss: Callable[[float, float], float], held: Container[str], drugs: Container[str], sex: str
) -> float:
    mean, spread = _NORMAL[code]
    logarithmic = code in ("alt", "bnp", "tsh", "psa", "bilirubin")
    if code == "haemoglobin":
        mean = (14.8 if sex == "M" else 13.3) - (1.6 if "ckd" in held else 0.0)
    elif code == "potassium":
        mean += 0.4 * ("ckd" in held) + 0.2 * ("lisinopril" in drugs) - 0.3 * ("furosemide" in drugs)
    for condition, marked, shifted in _SHIFTS:
        if code == marked and (condition in held or condition in drugs):
            mean, spread = shifted
    return math.exp(gauss(math.log(mean), spread)) if logarithmic else gauss(mean, spread)


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
