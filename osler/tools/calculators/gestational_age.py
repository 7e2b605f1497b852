"""Gestational age."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator, Day, Result
from osler.tools.calculators.pregnancy import LAST_PERIOD


@block
class GestationalAge(Calculator):
    """Weeks and days since the first day of the last period. Source: ACOG Committee Opinion 700."""

    title = "Gestational age from the last menstrual period"
    source = "ACOG Committee Opinion 700, Obstet Gynecol 2017;129(5):e150-e154"
    medcalc = 69
    inputs = (Day(name="today", about="the day asked about", entity="Current Date"), LAST_PERIOD)

    def compute(self, given: Mapping[str, Any]) -> Result:
        passed = (given["today"] - given["last_period"]).days
        if passed < 0:
            raise ToolError("the day asked about is before the last period", hint="check which date is which")
        weeks, rest = divmod(passed, 7)
        note = "past 44 weeks: check the dates" if passed > 44 * 7 else ""
        said = f"{weeks} week{'' if weeks == 1 else 's'}, {rest} day{'' if rest == 1 else 's'}"
        return Result(value=said, parts={"weeks": weeks, "days": rest}, note=note)
