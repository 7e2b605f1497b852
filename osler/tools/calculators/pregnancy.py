"""The last menstrual period and the length of the cycle as inputs."""

from __future__ import annotations

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Day, Quantity

STANDARD_CYCLE = 28
LAST_PERIOD = Day(name="last_period", about="first day of the last menstrual period", entity="Last menstrual date")
CYCLE = Quantity(
    name="cycle_length",
    unit="day",
    about="whole days from one period to the next; 28 where it is not given",
    low=15,
    high=90,
    required=False,
    entity="cycle length",
)


def days(length: float | None) -> int:
    """The cycle in whole days, 28 where it is not given; ToolError for a part of a day."""
    if length is None:
        return STANDARD_CYCLE
    if length != round(length):
        raise ToolError("cycle_length must be a whole number of days")
    return round(length)
