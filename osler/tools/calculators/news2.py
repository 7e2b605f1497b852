"""NEWS2."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Choice, Flag
from osler.tools.calculators.score import Points, Score, at_least
from osler.tools.calculators.vital_signs import BREATHING, PULSE, SATURATION, SYSTOLIC, TEMPERATURE

_BREATHING = ((25, 3), (21, 2), (12, 0), (9, 1))
_SCALE_1 = ((96, 0), (94, 1), (92, 2))
_SCALE_2_AIR = ((88, 0), (86, 1), (84, 2))
_SCALE_2_OXYGEN = ((97, 3), (95, 2), (93, 1), *_SCALE_2_AIR)
_SYSTOLIC = ((220, 3), (111, 0), (101, 1), (91, 2))
_PULSE = ((131, 3), (111, 2), (91, 1), (51, 0), (41, 1))
_TEMPERATURE = ((39.1, 2), (38.1, 1), (36.1, 0), (35.1, 1))


@block
class News2(Score):
    """National Early Warning Score 2, 0 to 20 points, with the clinical response that it asks for.

    Source: Royal College of Physicians 2017, chart 1. ``scale_2`` is the second oxygen scale, for patients whose
    prescribed target is 88 to 92 %. Values are taken to the chart's resolution: whole numbers, temperature to 0.1.
    """

    title = "National Early Warning Score 2 (NEWS2)"
    source = "Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017"
    limits = "From 16 years of age, not in pregnancy."
    inputs = (
        BREATHING,
        SATURATION,
        Flag(name="oxygen", about="breathes supplemental oxygen", default=None),
        SYSTOLIC,
        PULSE,
        Choice(name="consciousness", options=("alert", "confusion", "voice", "pain", "unresponsive")),
        TEMPERATURE,
        Flag(name="scale_2", about="a target saturation of 88 to 92 % is prescribed (hypercapnic respiratory failure)"),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        oxygen = _SCALE_2_OXYGEN if given["oxygen"] else _SCALE_2_AIR
        scale = oxygen if given["scale_2"] else _SCALE_1
        return {
            "respiratory_rate": at_least(_whole(given["respiratory_rate"]), *_BREATHING, below=3),
            "oxygen_saturation": at_least(_whole(given["oxygen_saturation"]), *scale, below=3),
            "oxygen": 2 if given["oxygen"] else 0,
            "systolic": at_least(_whole(given["systolic"]), *_SYSTOLIC, below=3),
            "heart_rate": at_least(_whole(given["heart_rate"]), *_PULSE, below=3),
            "consciousness": 0 if given["consciousness"] == "alert" else 3,
            "temperature": at_least(_whole(10 * given["temperature"]) / 10, *_TEMPERATURE, below=3),
        }

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        if total >= 7:
            return "high: emergency response"
        if total >= 5:
            return "medium: urgent response"
        alone = 3 in self.points(given).values()
        return "low to medium: urgent ward review, one item has 3 points" if alone else "low: ward response"


def _whole(value: float) -> int:
    """Halves up: the chart has whole numbers, and 90.5 is nearer to neither."""
    return int(value + 0.5 + 1e-9)
