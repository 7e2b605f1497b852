"""Glasgow-Blatchford bleeding score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.score import Points, Score, absent, at_least, flagged
from osler.tools.calculators.vital_signs import PULSE, SEX, SYSTOLIC, UREA_NITROGEN


@block
class GlasgowBlatchford(Score):
    """Need for treatment of upper gastrointestinal bleeding, 0 to 23 points.

    Source: Blatchford et al. 2000, table 3. Its urea limits, 6.5, 8, 10 and 25 mmol/L, are 18.2, 22.4, 28 and 70 mg/dL
    of urea nitrogen. What is not given of the history counts as absent.
    """

    title = "Glasgow-Blatchford score for upper gastrointestinal bleeding"
    source = "Blatchford O et al., Lancet 2000;356(9238):1318-1321, doi:10.1016/S0140-6736(00)02816-6"
    medcalc = 27
    inputs = (
        SEX,
        UREA_NITROGEN,
        Quantity(
            name="hemoglobin", unit="g/dL", analyte="hemoglobin", low=0.5, high=27, seldom_below=2, entity="Hemoglobin"
        ),
        SYSTOLIC,
        PULSE,
        *absent(
            ("melena", "Melena present", ""),
            ("syncope", "Recent syncope", "recent syncope"),
            ("hepatic_disease", "Hepatic disease history", "known or by signs, acute or chronic"),
            ("cardiac_failure", "Cardiac failure present", ""),
        ),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        hemoglobin = given["hemoglobin"]
        if given["sex"] == "male":
            pale = at_least(hemoglobin, (13, 0), (12, 1), (10, 3), below=6)
        else:
            pale = at_least(hemoglobin, (12, 0), (10, 1), below=6)
        return {
            "urea_nitrogen": at_least(given["urea_nitrogen"], (70, 6), (28, 4), (22.4, 3), (18.2, 2)),
            "hemoglobin": pale,
            "systolic": at_least(given["systolic"], (110, 0), (100, 1), (90, 2), below=3),
            "heart_rate": at_least(given["heart_rate"], (100, 1)),
            **flagged(given, {"melena": 1, "syncope": 2, "hepatic_disease": 2, "cardiac_failure": 2}),
        }
