"""Anion gap corrected for albumin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.anion_gap import ELECTROLYTES, anion_gap
from osler.tools.calculators.blood_tests import ALBUMIN
from osler.tools.calculators.calculator import Calculator, Result


def albumin_corrected_anion_gap(given: Mapping[str, Any]) -> float:
    """The anion gap as it would be at an albumin of 4 g/dL, in mEq/L."""
    return anion_gap(given) + 2.5 * (4 - float(given["albumin"]))


@block
class AlbuminCorrectedAnionGap(Calculator):
    """Anion gap + 2.5 x (4 g/dL - albumin), in mEq/L.

    Source: Figge et al. 1998, who have 2.5 mEq/L for each g/dL; the normal albumin is the 4 g/dL in common use.
    """

    title = "Anion gap corrected for albumin"
    source = "Figge J et al., Crit Care Med 1998;26(11):1807-1810, doi:10.1097/00003246-199811000-00019"
    medcalc = 65
    inputs = (*ELECTROLYTES, ALBUMIN)

    def compute(self, given: Mapping[str, Any]) -> Result:
        parts = {"anion_gap": anion_gap(given)}
        return Result(value=albumin_corrected_anion_gap(given), unit="mEq/L", parts=parts)
