"""Morphine milligram equivalents of opioids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator, Quantity, Result

_FACTORS: Mapping[str, float] = {
    "codeine": 0.15,
    "hydrocodone": 1.0,
    "hydromorphone": 5.0,
    "methadone": 4.7,
    "morphine": 1.0,
    "oxycodone": 1.5,
    "oxymorphone": 3.0,
    "tapentadol": 0.4,
    "tramadol": 0.2,
}
_PATCH = 2.4  # for each microgram per hour
_BUCCAL = 0.13  # for each microgram


@block
class MorphineEquivalents(Calculator):
    """Morphine milligram equivalents a day of all opioids that a patient takes, summed.

    Source: CDC Clinical Practice Guideline 2022, table of conversion factors (Dowell et al.); fentanyl tablets in the
    cheek from the CDC file of 2016 to 2020. At or above 50 a day the guideline asks for care.
    """

    title = "Morphine milligram equivalents (MME) a day of all opioids together"
    source = "Dowell D et al., MMWR Recomm Rep 2022;71(3):1-95, doi:10.15585/mmwr.rr7103a1; CDC oral MME file (2020)"
    limits = "Not for converting one opioid into another, nor for buprenorphine, nor for opioids given for dependence."
    medcalc = 49
    inputs = (
        *(
            Quantity(name=name, unit="mg/day", about=f"{name}, all of a day", low=0, high=20_000, required=False)
            for name in _FACTORS
        ),
        Quantity(
            name="fentanyl_patch",
            unit="µg/h",
            about="fentanyl patches, all worn together",
            low=0,
            high=2_000,
            required=False,
        ),
        Quantity(
            name="fentanyl_buccal",
            unit="µg/day",
            about="buccal fentanyl, all of a day",
            low=0,
            high=50_000,
            required=False,
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        factors = {**_FACTORS, "fentanyl_patch": _PATCH, "fentanyl_buccal": _BUCCAL}
        parts = {name: given[name] * factor for name, factor in factors.items() if given[name] is not None}
        if not parts:
            raise ToolError("no opioid is given", hint=f"give one or more of {', '.join(factors)}")
        total = sum(parts.values())
        note = "50 MME a day or more: reassess benefit and risk (CDC 2022)" if total >= 50 else ""
        return Result(value=total, unit="MME/day", parts=parts, note=note)
