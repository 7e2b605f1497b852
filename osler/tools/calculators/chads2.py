"""CHADS2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import AGE


@block
class Chads2(Score):
    """Stroke risk in atrial fibrillation, 0 to 6 points. Source: Gage et al. 2001. CHA2DS2-VASc has taken its place."""

    title = "CHADS2 score for the risk of stroke in atrial fibrillation"
    source = "Gage BF et al., JAMA 2001;285(22):2864-2870, doi:10.1001/jama.285.22.2864"
    limits = "For non-valvular atrial fibrillation."
    inputs = (
        AGE,
        *absent(
            ("heart_failure", "", "recent congestive heart failure"),
            ("hypertension", "", ""),
            ("diabetes", "", "diabetes mellitus"),
            ("stroke_or_tia", "", "a stroke or transient ischemic attack in the past"),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return {
            "age": at_least(given["age"], (75, 1)),
            **flagged(given, {"heart_failure": 1, "hypertension": 1, "diabetes": 1, "stroke_or_tia": 2}),
        }
