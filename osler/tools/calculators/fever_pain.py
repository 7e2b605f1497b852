"""FeverPAIN score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.score import Points, Score, absent, flagged


@block
class FeverPain(Score):
    """Probability of streptococcal pharyngitis, 0 to 5 points.

    Source: Little et al. 2013. What is not given counts as absent; note that "no cough" is the sign.
    """

    title = "FeverPAIN score for streptococcal pharyngitis"
    source = "Little P et al., BMJ 2013;347:f5806, doi:10.1136/bmj.f5806"
    limits = "From 3 years of age."
    medcalc = 33
    inputs = absent(
        ("fever", "Fever in past 24 hours", "fever in the past 24 hours"),
        ("purulent_tonsils", "Purulent tonsils", "pus on the tonsils"),
        ("rapid_attendance", "Symptom onset ≤3 days", "seen within 3 days of onset"),
        ("inflamed_tonsils", "Severe tonsil inflammation", "severely inflamed tonsils"),
        ("no_cough_or_coryza", "Absence of cough or coryza", "true where there is neither cough nor coryza"),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        return flagged(given, dict.fromkeys((item.name for item in self.inputs), 1))
