"""Revised Cardiac Risk Index."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, flagged
from osler.tools.calculators.vital_signs import CREATININE


@block
class RevisedCardiacRiskIndex(Score):
    """Risk of cardiac complications of non-cardiac surgery, 0 to 6 points. Source: Lee et al. 1999, table 3.

    What is not given counts as absent, but the creatinine must be given.
    """

    title = "Revised Cardiac Risk Index before non-cardiac surgery"
    source = "Lee TH et al., Circulation 1999;100(10):1043-1049, doi:10.1161/01.CIR.100.10.1043"
    limits = "For elective non-cardiac surgery of patients of 50 years or more."
    medcalc = 17
    inputs = (
        dataclasses.replace(CREATININE, about="creatinine before the operation", entity="Pre-operative creatinine"),
        *absent(
            ("high_risk_surgery", "Elevated-risk surgery", "intraperitoneal, intrathoracic or suprainguinal vascular"),
            ("ischemic_heart_disease", "History of ischemic heart disease", ""),
            ("heart_failure", "Congestive Heart Failure criteria for the Cardiac Risk Index rule", "in the past"),
            ("cerebrovascular_disease", "History of cerebrovascular disease", "a stroke or TIA in the past"),
            ("insulin", "Pre-operative treatment with insulin", "treated with insulin before the operation"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        names = ("high_risk_surgery", "ischemic_heart_disease", "heart_failure", "cerebrovascular_disease", "insulin")
        return {
            **flagged(given, dict.fromkeys(names, 1)),
            "creatinine": 1 if given["creatinine"] > 2 else 0,
        }
