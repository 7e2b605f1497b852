"""Estimated due date by Naegele's rule."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.pregnancy import CYCLE, LAST_PERIOD, STANDARD_CYCLE, days


@block
class DueDate(Calculator):
    """Due date: 280 days after the first day of the last period, plus the days by which the cycle is longer than 28.

    A shorter cycle brings the date forward. Source: ACOG Committee Opinion 700 (Naegele's rule); Baskett & Nagele 2000
    for its history and the correction for the length of the cycle.
    """

    title = "Estimated due date (Naegele's rule) from the last menstrual period and the length of the cycle"
    source = (
        "ACOG Committee Opinion 700, Obstet Gynecol 2017;129(5):e150-e154; Baskett TF, Nagele F, BJOG "
        "2000;107(11):1433-1435"
    )
    limits = "Dating by ultrasound in the first trimester is more exact."
    medcalc = 13
    inputs = (LAST_PERIOD, CYCLE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        wait = 280 + days(given["cycle_length"]) - STANDARD_CYCLE
        return Result(value=given["last_period"] + datetime.timedelta(days=wait))
