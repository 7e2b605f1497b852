"""Maintenance fluids by the 4-2-1 rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import WEIGHT
from osler.tools.calculators.calculator import Calculator, Result


@block
class MaintenanceFluids(Calculator):
    """Maintenance fluid in mL/h: 4 mL/kg for the first 10 kg, 2 for the next 10, 1 for each kg above 20.

    Source: Holliday & Segar 1957 (100, 50 and 20 mL/kg a day), in the hourly form in common use, which is rounded up
    above 20 kg.
    """

    title = "Maintenance fluids (4-2-1 rule)"
    source = "Holliday MA, Segar WE, Pediatrics 1957;19(5):823-832"
    limits = "For children; not for newborns nor for patients with a disorder of the fluid balance."
    medcalc = 22
    inputs = (WEIGHT,)

    def compute(self, given: Mapping[str, Any]) -> Result:
        weight = given["weight"]
        found = 4 * min(weight, 10) + 2 * min(max(weight - 10, 0), 10) + max(weight - 20, 0)
        return Result(value=found, unit="mL/h")
