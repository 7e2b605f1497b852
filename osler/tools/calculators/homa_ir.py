"""Insulin resistance by the homeostasis model."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import GLUCOSE
from osler.tools.calculators.calculator import Calculator, Quantity, Result


@block
class HomaIr(Calculator):
    """HOMA-IR: fasting insulin (µIU/mL) x fasting glucose (mg/dL) / 405. Source: Matthews et al. 1985 (mmol/L and 22.5)."""

    title = "Insulin resistance (HOMA-IR)"
    source = "Matthews DR et al., Diabetologia 1985;28(7):412-419, doi:10.1007/BF00280883"
    limits = "For fasting values; not under treatment with insulin."
    medcalc = 31
    inputs = (
        dataclasses.replace(GLUCOSE, about="fasting glucose"),
        Quantity(
            name="insulin",
            unit="µIU/mL",
            about="fasting insulin",
            analyte="insulin",
            low=0,
            high=5000,
            seldom_above=300,
            entity="Insulin",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["insulin"] * given["glucose"] / 405)
