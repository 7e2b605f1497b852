"""SIRS criteria."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.score import Points, Score, level
from osler.tools.calculators.vital_signs import BREATHING, LEUKOCYTES, PULSE, TEMPERATURE


@block
class Sirs(Score):
    """Systemic inflammatory response: how many of four criteria are met; 2 or more: present.

    Source: Bone et al. 1992. Carbon dioxide and band forms, the second halves of two criteria, count as normal where
    they are not given.
    """

    title = "SIRS criteria of systemic inflammatory response"
    source = "Bone RC et al., Chest 1992;101(6):1644-1655, doi:10.1378/chest.101.6.1644"
    limits = "For adults."
    medcalc = 51
    inputs = (
        TEMPERATURE,
        PULSE,
        BREATHING,
        LEUKOCYTES,
        Quantity(
            name="paco2",
            unit="mmHg",
            about="arterial pressure of carbon dioxide",
            low=3,
            high=250,
            seldom_below=12,  # where a pressure in kPa lies
            required=False,
            entity="PaCO₂",
        ),
        Quantity(name="bands", unit="%", about="immature band forms among leukocytes", low=0, high=100, required=False),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        warm, white, carbon = given["temperature"], given["leukocytes"], given["paco2"]
        washed = carbon is not None and carbon < 32
        immature = given["bands"] is not None and given["bands"] > 10
        return {
            "temperature": 1 if warm > 38 or warm < 36 else 0,
            "heart_rate": 1 if given["heart_rate"] > 90 else 0,
            "respiration": 1 if given["respiratory_rate"] > 20 or washed else 0,
            "leukocytes": 1 if white > 12 or white < 4 or immature else 0,
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        return level(total, (2, "present"), below="not present")
