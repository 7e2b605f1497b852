"""Charlson Comorbidity Index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Choice
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import AGE

_ONE = (
    "myocardial_infarction",
    "heart_failure",
    "peripheral_vascular_disease",
    "dementia",
    "chronic_pulmonary_disease",
    "connective_tissue_disease",
    "peptic_ulcer",
)
_TWO = ("hemiplegia", "renal_disease", "leukemia", "lymphoma")
_LIVER = {"none": 0, "mild": 1, "moderate to severe": 3}
_DIABETES = {"none or diet-controlled": 0, "uncomplicated": 1, "end-organ damage": 2}
_TUMOR = {"none": 0, "localized": 2, "metastatic": 6}


@block
class CharlsonComorbidityIndex(Score):
    """Burden of other illnesses, 0 to 37 points; with the age, where it is given, the age-adjusted index.

    Sources: Charlson et al. 1987, table 3 (weights); Charlson et al. 1994 (one point for each decade from 50 years on,
    held at 4 from 80 years on, as it is used). Without an age the index is not adjusted. What is not given counts as absent.
    """

    title = "Charlson Comorbidity Index, age-adjusted where the age is given"
    source = (
        "Charlson ME et al., J Chronic Dis 1987;40(5):373-383, doi:10.1016/0021-9681(87)90171-8; "
        "Charlson M et al., J Clin Epidemiol 1994;47(11):1245-1251, doi:10.1016/0895-4356(94)90129-5"
    )
    medcalc = 32
    inputs = (
        dataclasses.replace(AGE, required=False, about="age; without it the index is not age-adjusted"),
        *absent(
            ("myocardial_infarction", "Myocardial infarction", ""),
            ("heart_failure", "Congestive Heart Faliure", "congestive heart failure"),
            ("peripheral_vascular_disease", "Peripheral vascular disease", ""),
            ("stroke", "Cerebrovascular Accident", "a stroke in the past"),
            ("transient_ischemic_attack", "Transient Ischemic Attacks History", "a TIA in the past"),
            ("dementia", "Dementia", ""),
            ("chronic_pulmonary_disease", "Chronic Obstructive Pulmonary Disease", ""),
            ("connective_tissue_disease", "Connective tissue disease", ""),
            ("peptic_ulcer", "Peptic ulcer disease", ""),
            ("hemiplegia", "Hemiplegia", ""),
            ("renal_disease", "Moderate to severe Chronic Kidney Disease", "moderate or severe kidney disease"),
            ("leukemia", "Leukemia", ""),
            ("lymphoma", "Lymphoma", ""),
            ("aids", "AIDS", ""),
        ),
        Choice(name="liver_disease", options=tuple(_LIVER), default="none", entity="Liver disease severity"),
        Choice(
            name="diabetes",
            options=tuple(_DIABETES),
            default="none or diet-controlled",
            entity="Diabetes mellitus criteria for CCI rule",
        ),
        Choice(name="solid_tumor", options=tuple(_TUMOR), default="none", entity="Solid tumor"),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "age": at_least(given["age"], (80, 4), (70, 3), (60, 2), (50, 1)),
            **flagged(given, dict.fromkeys(_ONE, 1)),
            "cerebrovascular_disease": 1 if given["stroke"] or given["transient_ischemic_attack"] else 0,
            "liver_disease": _LIVER[given["liver_disease"]],
            "diabetes": _DIABETES[given["diabetes"]],
            **flagged(given, dict.fromkeys(_TWO, 2)),
            "solid_tumor": _TUMOR[given["solid_tumor"]],
            "aids": 6 if given["aids"] else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return "not age-adjusted" if given["age"] is None else "age-adjusted"
