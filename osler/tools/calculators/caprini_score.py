"""Caprini score, version of 2005."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Choice
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged, level
from osler.tools.calculators.vital_signs import AGE, BODY_MASS

_ONE = (
    ("major_surgery_last_month", "Major Surgery in the last month", "major surgery within a month"),
    ("varicose_veins", "Varicose veins", ""),
    ("swollen_legs", "Current swollen legs", ""),
    ("inflammatory_bowel_disease", "History of inflammatory bowel disease", ""),
    ("acute_myocardial_infarction", "Acute Myocardial infarction", ""),
    ("heart_failure", "Congestive Heart Failure in the last month", "congestive heart failure within a month"),
    ("sepsis", "Sepsis in the last month", "within a month"),
    ("pneumonia", "Pneumonia in the last month", "serious lung disease with pneumonia within a month"),
    ("chronic_pulmonary_disease", "Chronic Obstructive Pulmonary Disease", "abnormal pulmonary function"),
    ("hormones", "", "oral contraceptives or hormone replacement"),
    ("pregnancy", "", "pregnant, or within a month of birth"),
    ("pregnancy_loss", "", "stillborn infant, 3 or more abortions, premature birth with toxemia or growth restriction"),
)
_TWO = (
    ("malignancy", "Present or previous malignancy", "present or previous"),
    ("plaster_cast", "Immobilizing plaster cast in the last month", "immobilizing, within a month"),
    ("central_venous_access", "Current central venous access", ""),
)
_THREE = (
    ("family_history", "Family history of thrombosis", "of thrombosis"),
    ("factor_v_leiden", "Positive Factor V Leiden", ""),
    ("prothrombin_20210a", "Positive prothrombin 20210A", ""),
    ("homocysteine", "Elevated serum homocysteine", "elevated serum homocysteine"),
    ("lupus_anticoagulant", "Positive lupus anticoagulant", ""),
    ("anticardiolipin", "Elevated anticardiolipin antibody", "elevated anticardiolipin antibody"),
    ("heparin_thrombocytopenia", "Heparin-induced thrombocytopenia", ""),
    ("other_thrombophilia", "Other congenital or acquired thrombophilia", ""),
)
_FIVE = (
    ("fracture", "Hip, pelvis, or leg fracture in the last month", "of hip, pelvis or leg within a month"),
    ("stroke", "Stroke in the last month", "within a month"),
    ("multiple_trauma", "Multiple trauma in the last month", "within a month"),
    ("spinal_cord_injury", "Acute spinal cord injury causing paralysis in the last month", "with paralysis"),
)
_SURGERY = {
    "none": 0,
    "minor": 1,
    "major": 2,
    "laparoscopic": 2,
    "arthroscopic": 2,
    "elective major lower extremity arthroplasty": 5,
}
_MOBILITY = {"normal": 0, "on bed rest": 1, "confined to bed >72 hours": 2}


@block
class CapriniScore(Score):
    """Risk of venous thromboembolism around surgery (Caprini 2005, figure 1).

    The printed form gives 60 years to both age bands; here 41 to 60 years have 1 point and 61 to 74 have 2. A history of deep
    vein thrombosis or pulmonary embolism is one item of 3 points, as on the form; ``thrombosis_and_embolism_apart``
    counts both. Major, laparoscopic: above 45 minutes. What is not given counts as absent.
    """

    title = "Caprini score (2005) for venous thromboembolism"
    source = "Caprini JA, Dis Mon 2005;51(2-3):70-78, doi:10.1016/j.disamonth.2005.02.003"
    limits = "For surgical patients."
    medcalc = 36
    normal = ("bmi",)
    inputs = (
        AGE,
        BODY_MASS,
        Choice(name="surgery", options=tuple(_SURGERY), default="none", entity="Surgery Type"),
        Choice(name="mobility", options=tuple(_MOBILITY), default="normal", entity="Mobility"),
        *absent(
            ("previous_dvt", "Previously documented Deep Vein Thrombosis", "deep vein thrombosis in the past"),
            ("previous_embolism", "Previously Documented Pulmonary Embolism", "pulmonary embolism in the past"),
            *(*_ONE, *_TWO, *_THREE, *_FIVE),
            ("thrombosis_and_embolism_apart", "", "count thrombosis and embolism in the past as two items"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        past = given["previous_dvt"] + given["previous_embolism"]
        return {
            "age": at_least(given["age"], (75, 3), (61, 2), (41, 1)),
            "surgery": _SURGERY[given["surgery"]],
            "mobility": _MOBILITY[given["mobility"]],
            "bmi": 1 if (given["bmi"] or 0) > 25 else 0,
            "previous_thrombosis": 3 * (past if given["thrombosis_and_embolism_apart"] else min(past, 1)),
            **flagged(given, {name: 1 for name, *_ in _ONE}),
            **flagged(given, {name: 2 for name, *_ in _TWO}),
            **flagged(given, {name: 3 for name, *_ in _THREE}),
            **flagged(given, {name: 5 for name, *_ in _FIVE}),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (5, "highest risk"), (3, "high risk"), (2, "moderate risk"), below="low risk")
