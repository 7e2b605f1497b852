"""What the page of medcalc_bench says of the Framingham rows: those that agree do so by rounding."""

from __future__ import annotations

import os

import pytest

from osler.data.published import locate, rows
from osler.tools.calculators.catalogue import all_calculators
from osler.tools.calculators.medcalc_bench import judge, matches
from osler.tools.calculators.medcalc_formula_slips import slipped_formula
from osler.tools.calculators.medcalc_rows import arguments

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif("OSLER_DATA" not in os.environ, reason="needs OSLER_DATA, the folder of public data"),
]
NUMBER = 46


def test_every_framingham_row_that_agrees_has_the_label_of_the_slip_too() -> None:
    what = "MedCalc-Bench v1.0"
    calculators = {one.medcalc: one for one in all_calculators() if one.medcalc}
    found = rows(locate("medcalc_bench/test_v1.jsonl.gz", what=what), what=what)
    held = [row for row in found if int(row["calculator_id"]) == NUMBER]
    agreeing = [row for row in held if judge(row, calculators).outcome == "agrees"]
    assert (len(held), len(agreeing)) == (16, 8)
    for row in agreeing:
        slip = slipped_formula(calculators[NUMBER], arguments(calculators[NUMBER], row["entities"]))
        assert slip is not None
        assert matches(row, slip)
