"""Equivalent doses of glucocorticoids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Choice, Quantity, Result

EQUIVALENT: Mapping[str, float] = {
    "hydrocortisone": 20,
    "cortisone": 25,
    "prednisone": 5,
    "prednisolone": 5,
    "methylprednisolone": 4,
    "triamcinolone": 4,
    "dexamethasone": 0.75,
    "betamethasone": 0.75,
}
"""Milligrams of the same anti-inflammatory effect, by mouth or vein."""


@block
class SteroidConversion(Calculator):
    """Dose in mg of one glucocorticoid that has the anti-inflammatory effect of a dose of another.

    Source: the table of equivalent doses in Goodman & Gilman (Schimmer & Funder). Oral and intravenous doses count the
    same; the mineralocorticoid effect and how long each acts are not compared.
    """

    title = "Equivalent doses of glucocorticoids, by mouth or vein"
    source = (
        "Schimmer BP, Funder JW, in Goodman & Gilman's The Pharmacological Basis of Therapeutics, 13th edition 2018, "
        "chapter 46, table of relative potencies and equivalent doses"
    )
    limits = "For doses by mouth or vein; not for injection into joints or for inhalation."
    medcalc = 24
    inputs = (
        Quantity(name="dose", unit="mg", low=0, high=20000),
        Choice(name="steroid", options=tuple(EQUIVALENT), about="the steroid that is given"),
        Choice(name="target", options=tuple(EQUIVALENT), about="the steroid whose equivalent dose is asked for"),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        return Result(value=given["dose"] / EQUIVALENT[given["steroid"]] * EQUIVALENT[given["target"]], unit="mg")
