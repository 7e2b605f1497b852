"""The bundle: every number again from the files alone, and no text that may not leave."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.data.readers import read_parquet
from osler.study.bundle import difference, rescore


def bundle(workplace: Any, **changes: Any) -> Path:
    study = workplace.study(systems=["zero_shot", "structured"], seeds=[0, 1], subgroups=["sex"], **changes)
    said = workplace.osler("run", study, "--json")
    assert said.status == 0, said.err
    folder: Path = workplace.path / "reports" / "toy" / "bundle"
    return folder


def test_every_number_comes_back_from_the_files_alone(workplace: Any) -> None:
    folder = bundle(workplace)
    moved = folder.rename(workplace.path / "moved")
    for file in (workplace.path / "osler.sqlite", workplace.path / "cases.jsonl", workplace.path / "toy.toml"):
        file.unlink()
    numbers, off = rescore(moved)
    assert off <= 1e-9
    assert len(numbers["systems"]) == 2
    assert len(numbers["comparisons"]) == 1
    assert sorted(file.name for file in moved.iterdir()) == [
        "README.txt",
        "examples.parquet",
        "predictions.parquet",
        "results.json",
        "study.toml",
    ]


def test_the_rows_are_all_there(workplace: Any) -> None:
    folder = bundle(workplace)
    assert len(read_parquet(folder / "examples.parquet")) == 30
    rows = read_parquet(folder / "predictions.parquet")
    assert len(rows) == 120
    assert {row["seed"] for row in rows} == {0, 1}
    results = json.loads((folder / "results.json").read_text())
    assert results["study"]["toml"] == (folder / "study.toml").read_text()
    assert results["data"]["n"] == 30


@pytest.mark.parametrize(("sensitivity", "kept"), [("identifiable", False), ("deidentified", True)])
def test_identifiable_text_stays_out(workplace: Any, sensitivity: str, kept: bool) -> None:
    rows = [
        {"id": f"c{i}", "text": f"CANARY {i}", "label": "urgent" if i % 2 else "routine", "split": "test"}
        for i in range(20)
    ]
    workplace.write_cases("cases.jsonl", rows)
    data = {"source": "file", "path": "cases.jsonl", "target": "label", "split": "split"}
    study = workplace.study(data=data, sensitivity=sensitivity)
    assert workplace.osler("run", study).status == 0
    folder = workplace.path / "reports" / "toy"
    texts = [row["input"] for row in read_parquet(folder / "bundle" / "examples.parquet")]
    written = (folder / "report.html").read_text() + (folder / "bundle" / "results.json").read_text() + "".join(texts)
    assert ("CANARY" in written) is kept
    _, off = rescore(folder / "bundle")
    assert off <= 1e-9


def test_what_is_no_bundle_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no bundle") as caught:
        rescore(tmp_path)
    assert caught.value.hint
    (tmp_path / "results.json").write_text("{half")
    with pytest.raises(DataError, match="is no bundle"):
        rescore(tmp_path)
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(DataError):
        rescore(tmp_path)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(_json)
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    assert difference(value, json.loads(json.dumps(value)), "x") == 0


@pytest.mark.parametrize(
    ("new", "old", "off"),
    [
        (1.0, 1.5, 0.5),
        (1, 1.25, 0.25),
        ({"a": [1.0, 2.0]}, {"a": [1.0, 2.5]}, 0.5),
        ("a", "b", math.inf),
        (None, 0.0, math.inf),
        (True, False, math.inf),
        ({"a": 1}, {"b": 1}, math.inf),
        ([1], [1, 2], math.inf),
        ([1], {"0": 1}, math.inf),
        (True, 1, math.inf),
    ],
)
def test_differences_are_measured(new: Any, old: Any, off: float) -> None:
    assert difference(new, old, "x") == off
