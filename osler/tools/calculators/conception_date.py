"""Estimated day of conception."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Choice, Result
from osler.tools.calculators.pregnancy import CYCLE, LAST_PERIOD, days


@block
class ConceptionDate(Calculator):
    """Day of conception, taken as the day of ovulation.

    ``ovulation``: "before_next_period" counts 14 days back from the next period, so it follows the length of the cycle
    (the luteal phase is the constant one; Lenton et al. 1984). "day_14" is the convention behind due dates, two weeks
    after the last period whatever the cycle.
    """

    title = "Estimated day of conception from the last menstrual period and the length of the cycle"
    source = "Lenton EA et al., Br J Obstet Gynaecol 1984;91(7):685-689; ACOG Committee Opinion 700 (2017)"
    medcalc = 68
    inputs = (
        LAST_PERIOD,
        CYCLE,
        Choice(
            name="ovulation",
            options=("before_next_period", "day_14"),
            about="14 days before the next period, or 14 days after the last one whatever the length of the cycle",
            default="before_next_period",
        ),
    )

    def compute(self, given: Mapping[str, Any]) -> Result:
        wait = days(given["cycle_length"]) - 14 if given["ovulation"] == "before_next_period" else 14
        return Result(value=given["last_period"] + datetime.timedelta(days=wait))
