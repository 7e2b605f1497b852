"""MedCalc-Bench (v1.0) worked out by our calculators from the gold entities, row by row.

Three things may come of a row. It *agrees*: our formula from the literature gives the label within the benchmark's
tolerance. It counts as a *label error*: the label is not what the literature gives, and the calculator's set of named
slips of the program that made the labels, applied to the same values, gives it within the tolerance. Or it is *open*:
neither. What the benchmark's tolerance is: 5 % around a decimal, equality for whole numbers, dates and spans. The slips
were written while looking at these same rows: what they explain describes the benchmark and tests no calculator.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from osler.core.errors import DataError, ToolError
from osler.data.published import locate, require, rows
from osler.tools.calculators.calculator import Calculator, Quantity, Result
from osler.tools.calculators.catalogue import all_calculators
from osler.tools.calculators.medcalc_disagreements import IMPOSSIBLE, reason_of
from osler.tools.calculators.medcalc_formula_slips import slipped_formula
from osler.tools.calculators.medcalc_rows import arguments
from osler.tools.calculators.medcalc_slips import REASONS, slipped

Outcome = Literal["agrees", "label error", "open"]
_COLUMNS = ("row", "calculator_id", "calculator", "entities", "answer", "lower", "upper", "output_type")
_FILE = "medcalc_bench/test_v1.jsonl.gz"
_WHAT = "MedCalc-Bench v1.0"
# Labels that are a share rounded to one decimal, where the calculator gives percent. Any risk below 5 % is 0.0 then, so
# that a row agrees says little: cholesterol in the wrong unit, the slip of this calculator, often gives the same 0.0.
_SHARES = frozenset({46})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """One row. ``ours``: what our calculator gives, "" where it refuses. ``reason``: why the label differs."""

    row: int
    number: int
    calculator: str
    label: str
    ours: str
    outcome: Outcome
    reason: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All rows of a file. Counts are of rows."""

    verdicts: tuple[Verdict, ...]

    def count(self, outcome: Outcome) -> int:
        return sum(verdict.outcome == outcome for verdict in self.verdicts)

    @property
    def n(self) -> int:
        return len(self.verdicts)

    @property
    def agreed(self) -> int:
        """Rows on which the formula of the literature gives the label."""
        return self.count("agrees")

    @property
    def explained(self) -> int:
        """Rows whose label is given by the literature or by its calculator's set of slips. Never tell it without ``agreed``."""
        return self.agreed + sum(
            verdict.outcome == "label error" and verdict.reason != IMPOSSIBLE for verdict in self.verdicts
        )

    @property
    def disagreements(self) -> tuple[Verdict, ...]:
        return tuple(verdict for verdict in self.verdicts if verdict.outcome != "agrees")

    def by_calculator(self) -> Mapping[str, tuple[int, int, int]]:
        """Rows, rows that agree and label errors of each calculator, by name."""
        found: dict[str, tuple[int, int, int]] = {}
        for verdict in self.verdicts:
            n, agreed, errors = found.get(verdict.calculator, (0, 0, 0))
            agrees, error = verdict.outcome == "agrees", verdict.outcome == "label error"
            found[verdict.calculator] = (n + 1, agreed + agrees, errors + error)
        return dict(sorted(found.items()))


def reproduce(folder: str | Path | None = None) -> Report:
    """Work out every test row. ``folder`` holds ``test_v1.jsonl.gz``; without it, the folder of OSLER_DATA is taken."""
    path = locate(_FILE, what=_WHAT) if folder is None else Path(folder) / Path(_FILE).name
    if not path.is_file():
        raise DataError(f"{_WHAT} is not in that folder", hint=f"it is the folder of {path.name}")
    held = rows(path, what=_WHAT)
    for number, row in enumerate(held, 1):
        require(row, _COLUMNS, what=_WHAT, number=number)
    calculators = {calculator.medcalc: calculator for calculator in all_calculators() if calculator.medcalc}
    return Report(verdicts=tuple(judge(row, calculators) for row in held))


def judge(row: Mapping[str, Any], calculators: Mapping[int, Calculator]) -> Verdict:
    """Our calculator against the label of one row."""
    number = int(row["calculator_id"])
    calculator = calculators.get(number)
    if calculator is None:
        return _verdict(row, row["calculator"], "", "open", "there is no calculator of this number")
    given = arguments(calculator, row["entities"])
    try:
        result = calculator.calculate(given)
    except ToolError as error:
        unchecked = _unchecked(calculator, given)
        if unchecked is not None and matches(row, unchecked.value):
            return _verdict(row, calculator.name, "", "label error", IMPOSSIBLE)
        return _verdict(row, calculator.name, "", "open", f"refused: {error.message}")
    ours = _shown(result.value)
    if matches(row, result.value):
        return _verdict(row, calculator.name, ours, "agrees")
    slip = slipped(number, result.parts, row["entities"]) if number in REASONS else slipped_formula(calculator, given)
    if slip is not None and matches(row, slip):
        return _verdict(row, calculator.name, ours, "label error", reason_of(number))
    return _verdict(row, calculator.name, ours, "open")


def matches(row: Mapping[str, Any], value: float | datetime.date | str) -> bool:
    """Whether ``value`` is the label of ``row`` within the benchmark's tolerance."""
    label = str(row["answer"])
    if isinstance(value, datetime.date):
        return _day(label) == value
    if isinstance(value, str):
        return re.findall(r"\d+", label) == re.findall(r"\d+", value)
    if int(row["calculator_id"]) in _SHARES:
        value = round(value / 100, 1)
    low, high = sorted((float(row["lower"]), float(row["upper"])))
    return low <= value <= high or low - 1e-9 <= round(value, 3) <= high + 1e-9  # labels have three decimals


def _day(label: str) -> datetime.date | None:
    try:
        return datetime.datetime.strptime(label.strip(), "%m/%d/%Y").date()
    except ValueError:
        return None


def _unchecked(calculator: Calculator, given: Mapping[str, Any]) -> Result | None:
    """What the formula gives without the limits of a living patient; None where it cannot be worked out at all."""
    read: dict[str, Any] = {item.name: getattr(item, "default", None) for item in calculator.inputs}
    try:
        for item in calculator.inputs:
            if given.get(item.name) is not None:
                free = dataclasses.replace(item, low=-math.inf, high=math.inf) if isinstance(item, Quantity) else item
                read[item.name] = free.read(given[item.name])
        return calculator.compute(read)
    except (ToolError, ArithmeticError, ValueError, TypeError):
        return None


def _verdict(row: Mapping[str, Any], name: str, ours: str, outcome: Outcome, reason: str = "") -> Verdict:
    return Verdict(
        row=int(row["row"]),
        number=int(row["calculator_id"]),
        calculator=name,
        label=str(row["answer"]),
        ours=ours,
        outcome=outcome,
        reason=reason,
    )


def _shown(value: float | datetime.date | str) -> str:
    if isinstance(value, datetime.date):
        return value.strftime("%m/%d/%Y")
    return value if isinstance(value, str) else f"{value:.6g}"
