"""qSOFA."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, level
from osler.tools.calculators.vital_signs import BREATHING, COMA_SCORE, SYSTOLIC


@block
class Qsofa(Score):
    """Quick SOFA outside intensive care, 0 to 3 points; 2 or more: a poor outcome of infection is more likely.

    Source: Seymour et al. 2016; Singer et al. 2016: 22 breaths a minute or more, systolic pressure up to 100 mmHg, a
    Glasgow Coma Scale below 15.
    """

    title = "qSOFA score for suspected infection"
    source = "Seymour CW et al., JAMA 2016;315(8):762-774, doi:10.1001/jama.2016.0288"
    limits = "For adults with suspected infection outside intensive care; not a test for sepsis by itself."
    inputs = (BREATHING, SYSTOLIC, COMA_SCORE)

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "respiratory_rate": 1 if given["respiratory_rate"] >= 22 else 0,
            "systolic": 1 if given["systolic"] <= 100 else 0,
            "glasgow_coma_score": 1 if given["glasgow_coma_score"] < 15 else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (2, "positive"), below="negative")
