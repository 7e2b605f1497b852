"""Anion gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.blood_tests import BICARBONATE, CHLORIDE
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.vital_signs import SODIUM

ELECTROLYTES = (SODIUM, CHLORIDE, BICARBONATE)


def anion_gap(given: Mapping[str, Any]) -> float:
    """Sodium - (chloride + bicarbonate), in mEq/L; all carry one charge, so mmol/L are mEq/L."""
    return float(given["sodium"] - (given["chloride"] + given["bicarbonate"]))


@block
class AnionGap(Calculator):
    """Sodium - (chloride + bicarbonate), in mEq/L. Source: Emmett & Narins 1977."""

    title = "Anion gap, without potassium"
    source = "Emmett M, Narins RG, Medicine (Baltimore) 1977;56(1):38-54"
    medcalc = 39
    inputs = ELECTROLYTES

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=anion_gap(given), unit="mEq/L")
