"""Centor score as modified by McIsaac."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import AGE, TEMPERATURE


@block
class CentorScore(Score):
    """Probability of streptococcal pharyngitis, -1 to 5 points: Centor's four signs and the age.

    Source: McIsaac et al. 2000 (the signs: Centor et al. 1981). Under 3 years, where it was not studied, the age gives
    no point. What is not given counts as absent; note that "no cough" is the sign.
    """

    title = "Centor score for streptococcal pharyngitis, modified by McIsaac"
    source = "McIsaac WJ et al., CMAJ 2000;163(7):811-815"
    limits = "Not studied under 3 years of age."
    medcalc = 20
    inputs = (
        AGE,
        TEMPERATURE,
        *absent(
            ("no_cough", "Cough Absent", "true where the patient does not cough"),
            (
                "tender_nodes",
                "Tender/swollen anterior cervical lymph nodes",
                "tender or swollen anterior cervical nodes",
            ),
            ("tonsils", "Exudate or swelling on tonsils", "exudate or swelling of the tonsils"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "age": at_least(given["age"], (45, -1), (15, 0), (3, 1)),
            "temperature": 1 if given["temperature"] > 38 else 0,
            **flagged(given, {"no_cough": 1, "tender_nodes": 1, "tonsils": 1}),
        }
