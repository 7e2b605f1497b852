"""MedCalc-Bench rows worked out, on rows made here: agreement, a proven label error, a refused value, an open row."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from osler.core.block import from_spec, is_block, to_spec
from osler.core.errors import DataError
from osler.core.types import Tool
from osler.tools.calculators.calculator import Calculator
from osler.tools.calculators.catalogue import all_calculators
from osler.tools.calculators.medcalc_bench import Report, reproduce
from osler.tools.calculators.medcalc_disagreements import IMPOSSIBLE, disagreements


def row(number: int, calculator: int, entities: Mapping[str, Any], answer: str, band: float = 0.05) -> dict[str, Any]:
    found = {"row": number, "calculator_id": calculator, "calculator": "made", "entities": entities, "answer": answer}
    try:
        low, high = (f"{float(answer) * (1 + side * band)}" for side in (-1, 1))
    except ValueError:
        low = high = answer
    return {**found, "lower": low, "upper": high, "output_type": "decimal"}


def mg(value: float) -> list[Any]:
    return [value, "mg/dL"]


ROWS = [
    row(1, 39, {"Sodium": [140, "mEq/L"], "Chloride": [100, "mmol/L"], "Bicarbonate": [20, "mEq/L"]}, "20"),
    row(2, 39, {"Sodium": [140, "mg/dL"], "Chloride": [40, "mEq/L"], "Bicarbonate": [20, "mEq/L"]}, "0.896"),
    row(3, 39, {"Sodium": [140, "mEq/L"], "Chloride": [100, "mEq/L"], "Bicarbonate": [20, "mEq/L"]}, "25"),
    row(4, 13, {"Last menstrual date": "01/01/2023", "cycle length": 21}, "10/15/2023"),
    row(5, 13, {"Last menstrual date": "01/01/2023", "cycle length": 35}, "10/15/2023"),
    row(6, 69, {"Last menstrual date": "01/01/2023", "Current Date": "01/10/2023"}, "('1 weeks', '2 days')"),
    row(7, 24, {"input steroid": ["PredniSONE PO", 5, "mg"], "target steroid": "Hydrocortisone IV"}, "20"),
    row(8, 49, {"FentANYL patch Dose": [25, "mg"], "FentANYL patch Dose Per Day": [1, "per day"]}, "60"),
    row(
        9,
        19,
        {
            "age": [50, "years"],
            "Aspartate aminotransferase": [80, "U/L"],
            "Alanine aminotransferase": [64, "U/L"],
            "Platelet count": [200000, "µL"],
        },
        "2.5",
    ),
    row(10, 999, {}, "1"),
    row(11, 7, {"Calcium": mg(8), "Albumin": [20, "g/L"]}, "-9.6", band=-0.05),
]


def written(folder: Path, rows: list[dict[str, Any]]) -> Report:
    (folder / "test_v1.jsonl.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    return reproduce(folder)


def test_each_row_has_its_verdict(tmp_path: Path) -> None:
    report = written(tmp_path, ROWS)
    outcomes = {verdict.row: verdict.outcome for verdict in report.verdicts}
    assert {row for row, outcome in outcomes.items() if outcome == "agrees"} == {1, 5, 6, 7, 8, 9}
    assert {row for row, outcome in outcomes.items() if outcome == "label error"} == {2, 4}
    assert {row for row, outcome in outcomes.items() if outcome == "open"} == {3, 10, 11}
    by_row = {verdict.row: verdict for verdict in report.verdicts}
    assert by_row[2].reason == IMPOSSIBLE
    assert by_row[2].ours == ""
    assert "added, not subtracted" in by_row[4].reason
    assert by_row[4].ours == "10/01/2023"
    assert "no calculator" in by_row[10].reason
    assert (report.n, report.agreed, report.explained, len(report.disagreements)) == (11, 6, 7, 5)
    assert report.by_calculator()["anion_gap"] == (3, 1, 1)


def test_a_missing_file_and_a_broken_row_are_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="not in that folder"):
        reproduce(tmp_path)
    with pytest.raises(DataError, match="row 1 has no column"):
        written(tmp_path, [{"row": 1}])


def test_the_catalogue_has_every_calculator_once() -> None:
    found = all_calculators()
    numbers = [calculator.medcalc for calculator in found if calculator.medcalc]
    assert len(numbers) == len(set(numbers)) == 55
    assert [calculator.name for calculator in found] == sorted({calculator.name for calculator in found})


@pytest.mark.parametrize("calculator", all_calculators(), ids=lambda calculator: calculator.name)
def test_each_is_a_tool_with_a_source(calculator: Calculator) -> None:
    as_tool: object = calculator
    assert isinstance(as_tool, Tool)
    assert is_block(calculator)
    assert from_spec(to_spec(calculator)) == calculator
    assert any(
        part.isdigit() and len(part) == 4 for part in calculator.source.replace(";", " ").replace(",", " ").split()
    )
    assert calculator.parameters["properties"]
    assert calculator.name.replace("_", "").isalnum()
    names = [item.name for item in calculator.inputs]
    assert len(names) == len(set(names))


def test_the_list_of_disagreements_names_rows_once_with_a_reason() -> None:
    found = disagreements()
    assert list(found) == sorted(set(found))
    assert all(1 <= number <= 1047 and len(reason) > 30 for number, reason in found.items())
