"""Laboratory values and vital signs of the synthetic cohort: units, LOINC codes, bounds, thresholds."""

from __future__ import annotations

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
        _M(
            "hba1c",
            ("HbA1c", "glycated hemoglobin", "A1c"),
            "%",
            "%",
            "4548-4",
            1,
            4.0,
            15.0,
            ((6.5, 7.0, 8.0, 9.0), (6.8, 7.5, 8.5, 10.0)),
        ),
        _M(
            "creatinine",
            ("serum creatinine", "creatinine", "Cr"),
            "mg/dL",
            "mg/dL",
            "2160-0",
            2,
            0.3,
            12.0,
            ((1.2, 1.5, 2.0), (1.1, 1.4, 1.8)),
        ),
        _M(
            "egfr",
            ("estimated glomerular filtration rate", "eGFR", "GFR"),
            "mL/min/1.73 m2",
            "mL/min/{1.73_m2}",
            "33914-3",
            0,
            5,
            130,
            ((30, 45, 60), (35, 50, 75)),
        ),
        _M(
            "ldl",
            ("LDL cholesterol", "low-density lipoprotein cholesterol", "LDL"),
            "mg/dL",
            "mg/dL",
            "18262-6",
            0,
            20,
            350,
            ((70, 100, 130), (80, 115, 160)),
        ),
        _M(
            "haemoglobin",
            ("hemoglobin", "blood hemoglobin", "Hgb"),
            "g/dL",
            "g/dL",
            "718-7",
            1,
            5.0,
            19.0,
            ((10.0, 12.0, 13.0), (9.0, 11.0, 12.5)),
        ),
        _M(
            "platelets",
            ("platelet count", "platelets", "PLT"),
            "x10^9/L",
            "10*9/L",
            "777-3",
            0,
            15,
            700,
            ((100, 150, 250), (75, 130, 200)),
        ),
        _M(
            "alt",
            ("ALT", "alanine aminotransferase"),
            "U/L",
            "U/L",
            "1742-6",
            0,
            5,
            600,
            ((40, 80, 120), (35, 60, 105)),
        ),
        _M(
            "potassium",
            ("serum potassium", "potassium", "K"),
            "mmol/L",
            "mmol/L",
            "2823-3",
            1,
            2.4,
            7.0,
            ((3.5, 4.5, 5.0), (3.8, 4.2, 5.5)),
        ),
        _M(
            "sodium",
            ("serum sodium", "sodium", "Na"),
            "mmol/L",
            "mmol/L",
            "2951-2",
            0,
            115,
            155,
            ((130, 135, 145), (132, 138, 142)),
        ),
        _M(
            "bnp",
            ("BNP", "brain natriuretic peptide"),
            "pg/mL",
            "pg/mL",
            "30934-4",
            0,
            5,
            5000,
            ((100, 300, 400), (150, 250, 500)),
        ),
        _M(
            "inr",
            ("INR", "international normalized ratio"),
            "",
            "{INR}",
            "6301-6",
            1,
            0.8,
            8.0,
            ((1.5, 2.0, 3.0), (1.3, 1.7, 2.5)),
        ),
        _M(
            "tsh",
            ("TSH", "thyroid-stimulating hormone"),
            "mIU/L",
            "m[IU]/L",
            "3016-3",
            2,
            0.02,
            60.0,
            ((4.5, 10.0), (4.0, 8.0)),
        ),
        _M(
            "wbc",
            ("white blood cell count", "leukocyte count", "WBC"),
            "x10^9/L",
            "10*9/L",
            "6690-2",
            1,
            1.0,
            30.0,
            ((3.0, 4.0, 11.0), (3.5, 5.0, 10.0)),
        ),
        _M(
            "bilirubin",
            ("total bilirubin", "serum bilirubin"),
            "mg/dL",
            "mg/dL",
            "1975-2",
            1,
            0.1,
            15.0,
            ((1.2, 2.0), (1.0, 1.5)),
        ),
        _M("albumin", ("serum albumin", "albumin"), "g/dL", "g/dL", "1751-7", 1, 1.5, 5.5, ((3.0, 3.5), (2.8, 4.0))),
        _M(
            "psa",
            ("PSA", "prostate-specific antigen"),
            "ng/mL",
            "ng/mL",
            "2857-1",
            1,
            0.1,
            150.0,
            ((4.0, 10.0), (3.0, 8.0)),
        ),
        _M(
            "lvef",
            ("LVEF", "left ventricular ejection fraction"),
            "%",
            "%",
            "10230-1",
            0,
            10,
            75,
            ((35, 40, 50), (30, 45, 55)),
            False,
        ),
        _M(
            "ecog",
            ("ECOG performance status", "performance status (ECOG)"),
            "",
            "{score}",
            "89247-1",
            0,
            0,
            4,
            ((1, 2), (1, 2)),
            False,
        ),
        _M(
            "bmi",
            ("BMI", "body mass index"),
            "kg/m2",
            "kg/m2",
            "39156-5",
            1,
            14.0,
            60.0,
            ((25.0, 30.0, 35.0), (27.0, 32.0, 40.0)),
            False,
        ),
        _M(
            "sbp",
            ("systolic blood pressure", "systolic BP"),
            "mmHg",
            "mm[Hg]",
            "8480-6",
            0,
            80,
            220,
            ((140, 160, 180), (130, 150, 170)),
            False,
        ),
        _M(
            "dbp",
            ("diastolic blood pressure", "diastolic BP"),
            "mmHg",
            "mm[Hg]",
            "8462-4",
            0,
            45,
            130,
            ((90, 100), (85, 95)),
            False,
        ),
        _M("heart_rate", ("heart rate", "pulse"), "bpm", "/min", "8867-4", 0, 38, 160, ((60, 100), (55, 90)), False),
        _M("spo2", ("oxygen saturation", "SpO2"), "%", "%", "59408-5", 0, 80, 100, ((92, 95), (90, 94)), False),
        _M("weight", ("body weight", "weight"), "kg", "kg", "29463-7", 0, 35, 220, ((50, 100), (45, 120)), False),
        _M("height", ("height", "body height"), "cm", "cm", "8302-2", 0, 140, 205, ((150,), (155,)), False),
    )
}


def rounded(code: str, value: float) -> float:
    """``value`` inside what may occur, with the decimals that notes print."""
    measure = MEASURES[code]
    return round(min(measure.high, max(measure.low, value)), measure.decimals)


def printed(code: str, value: float) -> str:
    return f"{value:.{MEASURES[code].decimals}f}"
