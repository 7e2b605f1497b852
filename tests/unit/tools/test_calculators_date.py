"""Dates of a pregnancy: worked by hand, in both spellings of a day, and refused."""

from __future__ import annotations

import asyncio
import datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.conception_date import ConceptionDate
from osler.tools.calculators.due_date import DueDate
from osler.tools.calculators.gestational_age import GestationalAge
from osler.tools.calling import use

days = st.dates(min_value=datetime.date(1950, 1, 1), max_value=datetime.date(2090, 1, 1))
cycles = st.integers(min_value=20, max_value=45)


def found(calculator: Calculator, **given: Any) -> Any:
    return calculator.calculate(given).value


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"last_period": "2023-01-01"}, "2023-10-08"),  # Naegele: + 1 year, - 3 months, + 7 days
        ({"last_period": "05/10/2022"}, "2023-02-14"),
        ({"last_period": "2019-06-01", "cycle_length": 28}, "2020-03-07"),  # over a 29 February
        ({"last_period": "2023-01-01", "cycle_length": 35}, "2023-10-15"),
        ({"last_period": "2023-01-01", "cycle_length": 21}, "2023-10-01"),  # a shorter cycle is earlier
        ({"last_period": "2023-01-01", "cycle_length": {"value": 5, "unit": "weeks"}}, "2023-10-15"),
    ],
)
def test_due_date(given_: dict[str, Any], expected: str) -> None:
    assert found(DueDate(), **given_) == datetime.date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ({"last_period": "2023-01-01"}, "2023-01-15"),
        ({"last_period": "2023-01-01", "cycle_length": 35}, "2023-01-22"),
        ({"last_period": "2024-02-20", "cycle_length": 24}, "2024-03-01"),
        ({"last_period": "2023-01-01", "cycle_length": 35, "ovulation": "day_14"}, "2023-01-15"),
        ({"last_period": "02/20/2023", "cycle_length": 24, "ovulation": "day_14"}, "2023-03-06"),
    ],
)
def test_conception_date(given_: dict[str, Any], expected: str) -> None:
    assert found(ConceptionDate(), **given_) == datetime.date.fromisoformat(expected)


@pytest.mark.parametrize(
    ("last", "today", "expected"),
    [
        ("2023-01-01", "2023-01-01", "0 weeks, 0 days"),
        ("2023-01-01", "01/09/2023", "1 week, 1 day"),
        ("2024-02-26", "2024-03-11", "2 weeks, 0 days"),
        ("2023-01-01", "2023-10-08", "40 weeks, 0 days"),
    ],
)
def test_gestational_age(last: str, today: str, expected: str) -> None:
    result = GestationalAge().calculate({"last_period": last, "today": today})
    assert result.value == expected
    passed = datetime.datetime.strptime(today, "%m/%d/%Y" if "/" in today else "%Y-%m-%d").date()
    assert result.parts["weeks"] * 7 + result.parts["days"] == (passed - datetime.date.fromisoformat(last)).days


@given(days, cycles)
def test_conception_is_266_days_before_the_due_date(last: datetime.date, cycle: int) -> None:
    due = found(DueDate(), last_period=last.isoformat(), cycle_length=cycle)
    conceived = found(ConceptionDate(), last_period=last.isoformat(), cycle_length=cycle)
    assert (due - conceived).days == 266
    assert (due - last).days == 280 + cycle - 28


@given(days)
def test_at_the_due_date_it_is_forty_weeks(last: datetime.date) -> None:
    due = found(DueDate(), last_period=last.isoformat())
    assert found(GestationalAge(), last_period=last.isoformat(), today=due.isoformat()) == "40 weeks, 0 days"


@pytest.mark.parametrize(
    ("calculator", "given_", "said"),
    [
        (DueDate(), {"last_period": "2023-13-01"}, "is no day"),
        (DueDate(), {"last_period": "31/12/2023"}, "is no day"),
        (DueDate(), {}, "needs last_period"),
        (DueDate(), {"last_period": "2023-01-01", "cycle_length": 5}, "cycle_length = 5 day is outside"),
        (DueDate(), {"last_period": "2023-01-01", "cycle_length": 28.5}, "whole number of days"),
        (ConceptionDate(), {"last_period": "2023-01-01", "ovulation": "never"}, "must be one of"),
        (ConceptionDate(), {"last_period": "tomorrow"}, "is no day"),
        (GestationalAge(), {"last_period": "2023-02-01", "today": "2023-01-01"}, "before the last period"),
        (GestationalAge(), {"last_period": "2023-02-01"}, "needs today"),
        (GestationalAge(), {"last_period": "2023-02-30", "today": "2023-03-01"}, "is no day"),
    ],
)
def test_what_cannot_be_is_refused(calculator: Calculator, given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError, match=said):
        calculator.calculate(given_)


def test_a_year_after_the_last_period_the_dates_are_doubted() -> None:
    assert "check the dates" in GestationalAge().calculate({"last_period": "2022-01-01", "today": "2023-01-01"}).note


def test_as_a_tool_it_answers_a_day_in_json() -> None:
    said = orjson.loads(asyncio.run(use(DueDate(), '{"last_period": "2023-01-01"}')))
    assert said["value"] == "2023-10-08"
    assert "ACOG" in said["source"]
