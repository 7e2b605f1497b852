"""All 1,047 test rows of MedCalc-Bench (v1.0), worked out by our calculators from the gold entities."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from osler.core.errors import ToolError
from osler.data.published import rows
from osler.tools.calculators.catalogue import all_calculators
from osler.tools.calculators.medcalc_bench import Report, matches, reproduce
from osler.tools.calculators.medcalc_disagreements import disagreements, reason_of
from osler.tools.calculators.medcalc_formula_slips import FORMULA_REASONS, slipped_formula
from osler.tools.calculators.medcalc_rows import arguments
from osler.tools.calculators.medcalc_slips import REASONS, slipped

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]


@pytest.fixture(scope="module")
def report() -> Report:
    return reproduce()


def test_every_row_is_worked_out(report: Report) -> None:
    assert report.n == 1047
    assert len(report.by_calculator()) == 55
    assert not [verdict for verdict in report.verdicts if "no calculator" in verdict.reason]


def test_labels_are_reproduced_or_proven_wrong(report: Report) -> None:
    assert report.agreed == 870  # the formula of the literature gives the label
    assert report.explained / report.n >= 0.98  # that, or the label is a named slip's, exactly


def test_what_disagrees_is_the_list_and_nothing_else(report: Report) -> None:
    assert {verdict.row: verdict.reason for verdict in report.disagreements} == dict(disagreements())


def test_where_no_slip_is_known_every_possible_row_agrees(report: Report) -> None:
    slips = {**REASONS, **FORMULA_REASONS}
    for verdict in report.disagreements:
        assert verdict.number in slips or not verdict.ours  # refused: a value that no patient has


@pytest.mark.parametrize("number", sorted({**REASONS, **FORMULA_REASONS}))
def test_a_slip_gives_every_label_of_its_calculator(number: int) -> None:
    """A slip is one rule for all rows of a calculator, those that agree included: it was not made for the others."""
    calculator = next(one for one in all_calculators() if one.medcalc == number)
    held = [row for row in rows(_file(), what="MedCalc-Bench") if int(row["calculator_id"]) == number]
    assert held
    for row in held:
        given = arguments(calculator, row["entities"])
        try:
            parts = calculator.calculate(given).parts
        except ToolError:
            continue
        slip = slipped(number, parts, row["entities"]) if number in REASONS else slipped_formula(calculator, given)
        assert slip is not None
        assert matches(row, slip), f"row {row['row']}: {reason_of(number)}"


def _file() -> Path:
    return Path(os.environ["OSLER_DATA"]) / "medcalc_bench" / "test_v1.jsonl.gz"
