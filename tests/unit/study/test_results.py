"""The parts of the results that must speak of the same groups, cases and seeds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from osler.core.store import Store
from osler.core.types import Prediction
from osler.study.plan import plan
from osler.study.resolve import load


def results(workplace: Any, **changes: Any) -> dict[str, Any]:
    rows = [
        {
            "id": f"c{i:02d}",
            "text": f"Message {i}",
            "label": "urgent" if i % 3 else "routine",
            "patient": f"p{i}",
            "split": "test",
            "smoker": (True, False, None)[i % 3],
            "ward": i % 2,
        }
        for i in range(30)
    ]
    workplace.write_cases("cases.jsonl", rows)
    said = workplace.osler("run", workplace.study(**changes), "--json")
    assert said.status == 0, said.err
    made: dict[str, Any] = orjson.loads((workplace.path / "reports" / "toy" / "bundle" / "results.json").read_bytes())
    return made


@pytest.mark.parametrize(
    ("field", "sizes"), [("smoker", {"": 10, "false": 10, "true": 10}), ("ward", {"0": 15, "1": 15})]
)
def test_groups_have_one_spelling_everywhere(workplace: Any, field: str, sizes: dict[str, int]) -> None:
    found = results(workplace, subgroups=[field], compare_by=field, systems=["zero_shot", "structured"])
    assert found["data"]["subgroups"] == {field: sizes}
    for row in found["systems"]:
        assert {name: part["accuracy"]["n"] for name, part in row["subgroups"][field].items()} == sizes
    parts = [row["subgroup"] for row in found["comparisons"] if row["subgroup"]]
    assert [part["value"] for part in parts] == list(sizes)
    assert {case["meta"][field] for case in found["cases"]} <= set(sizes)


def test_seeds_are_told_apart_from_cases(workplace: Any) -> None:
    found = results(workplace, seeds=[0, 1], systems=["zero_shot", "structured"])
    assert [(row["n"], row["cases"], row["left_out"]) for row in found["systems"]] == [(60, 30, []), (60, 30, [])]
    assert [(row["n"], row["cases"]) for row in found["comparisons"]] == [(60, 30)]


def test_a_run_that_stops_in_a_second_seed_can_be_scored(workplace: Any) -> None:
    study = load(workplace.study(systems=["zero_shot", "structured"], seeds=[0, 1], metrics=["accuracy"]))
    with Store(workplace.path / "osler.sqlite") as store:
        made = plan(study, store)
        for row, n in zip(made.rows, (30, 30, 30, 17), strict=True):
            for example in made.data.test[:n]:
                store.put_prediction(row.cell.id, example.id, Prediction(answer=example.target))
    said = workplace.osler("score", study.path, "--json")
    assert said.status == 0, said.err
    found = said.json
    assert [(row["seeds"], row["left_out"]) for row in found["systems"]] == [
        ([0, 1], []),
        ([0], [{"seed": 1, "n": 17}]),
    ]
    assert any(w.startswith("structured: seed 1 has answers to 17 of 30 cases") for w in found["warnings"])
    assert [(row["n"], row["cases"]) for row in found["comparisons"]] == [(30, 30)]
    assert [step["n"] for step in found["flow"]] == [30, 30, 30]
