"""CHA2DS2-VASc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import AGE, SEX


@block
class Cha2ds2Vasc(Score):
    """Stroke risk in atrial fibrillation, 0 to 9 points: heart failure, hypertension, age, diabetes, stroke, vessels, sex.

    Source: Lip et al. 2010, table 2. What is not given counts as absent.
    """

    title = "CHA2DS2-VASc score for the risk of stroke in atrial fibrillation"
    source = "Lip GYH et al., Chest 2010;137(2):263-272, doi:10.1378/chest.09-1584"
    limits = "For atrial fibrillation without mitral stenosis or a mechanical valve."
    medcalc = 4
    inputs = (
        AGE,
        SEX,
        *absent(
            ("heart_failure", "Congestive Heart Faliure", "congestive heart failure or left ventricular dysfunction"),
            ("hypertension", "Hypertension history", ""),
            ("diabetes", "Diabetes history", "diabetes mellitus"),
            ("stroke", "Stroke", "a stroke in the past"),
            ("transient_ischemic_attack", "Transient Ischemic Attacks History", "a TIA in the past"),
            ("thromboembolism", "Thromboembolism history", "a systemic embolism in the past"),
            (
                "vascular_disease",
                "Vascular disease history",
                "myocardial infarction, peripheral disease, aortic plaque",
            ),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        embolic = given["stroke"] or given["transient_ischemic_attack"] or given["thromboembolism"]
        return {
            "age": at_least(given["age"], (75, 2), (65, 1)),
            "female_sex": 1 if given["sex"] == "female" else 0,
            **flagged(given, {"heart_failure": 1, "hypertension": 1, "diabetes": 1, "vascular_disease": 1}),
            "stroke_tia_or_thromboembolism": 2 if embolic else 0,
        }
