"""The File block: a user's own cases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Split
from osler.data.files import File
from osler.data.source import Source

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


def table(folder: Path, rows: list[dict[str, Any]]) -> str:
    path = folder / "cases.jsonl"
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))
    return str(path)


def case(number: int, **more: Any) -> dict[str, Any]:
    return {"id": f"c{number}", "text": f"text {number}", "target": "yes", "age": 40 + number, **more}


def test_rows_become_examples(tmp_path: Path) -> None:
    rows = [case(n, patient=f"p{n // 3}", vitals={"sbp": 120}) for n in range(60)]
    source = File(path=table(tmp_path, rows), choices=("yes", "no"), cluster="patient")
    assert isinstance(source, Source)
    assert from_spec(to_spec(source)) == source
    found = {split: source.examples(split) for split in SPLITS}
    ids = [example.id for examples in found.values() for example in examples]
    assert sorted(ids) == sorted(row["id"] for row in rows)
    for examples in found.values():
        for example in examples:
            row = next(row for row in rows if row["id"] == example.id)
            assert example.target == "yes"
            assert example.choices == ("yes", "no")
            assert example.input == {key: value for key, value in row.items() if key != "target"}
            assert example.meta == {"patient": row["patient"], "age": row["age"]}


def test_no_patient_is_in_two_splits_and_none_moves_when_cases_come(tmp_path: Path) -> None:
    def where(rows: list[dict[str, Any]]) -> dict[str, str]:
        source = File(path=table(tmp_path, rows), cluster="patient", seed=3, valid=0.2, test=0.5)
        return {str(e.meta["patient"]): split for split in SPLITS for e in source.examples(split)}

    rows = [case(n, patient=f"p{n % 50}") for n in range(200)]
    before = where(rows)
    assert set(before.values()) == set(SPLITS)
    after = where(rows + [case(n, patient=f"q{n}") for n in range(200, 300)])
    assert {patient: after[patient] for patient in before} == before


def test_a_split_column_decides(tmp_path: Path) -> None:
    rows = [case(n, part=part) for n, part in enumerate(["train", "dev", "Validation", "test", "test"])]
    source = File(path=table(tmp_path, rows), split="part")
    assert [len(source.examples(split)) for split in SPLITS] == [1, 2, 2]
    assert "part" not in source.examples("test")[0].meta


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    rows = [{"no": 7, "note": "n", "gold": "b", "options": "a|b", "part": "test"}]
    source = File(
        path=table(tmp_path, rows), id="no", text="note", target="gold", choices_column="options", split="part"
    )
    (example,) = source.examples("test")
    assert (example.id, example.input["text"], example.target, example.choices) == ("7", "n", "b", ("a", "b"))


@pytest.mark.parametrize("options", [["a", "b"], '["a", "b"]', "a|b"])
def test_choices_of_a_case_may_be_a_list_or_text(tmp_path: Path, options: Any) -> None:
    rows = [{"id": "1", "text": "t", "target": "b", "options": options}]
    (example,) = File(path=table(tmp_path, rows), choices_column="options", valid=0, test=1).examples("test")
    assert example.choices == ("a", "b")


@pytest.mark.parametrize(
    ("rows", "settings", "said", "hint"),
    [
        ([case(1)], {"target": "targt"}, "no column 'targt'", "did you mean 'target'?"),
        ([case(1), {"id": "c2", "text": "t"}], {}, "row 2 of cases.jsonl has no column 'target'", ""),
        ([case(1), case(1)], {}, "rows 1 and 2", "own id"),
        ([case(1, id="")], {}, "empty id", "fill"),
        ([case(1, target=" ")], {}, "'c1' of cases.jsonl has an empty target", "label"),
        ([case(1, target=None)], {}, "empty target", "label"),
        ([case(1)], {"choices": ["no", "maybe"]}, "not among its choices", "it has 2 choices"),
        (
            [case(n, p=" " if n > 4 else f"p{n}") for n in range(9)],
            {"cluster": "p"},
            "4 case(s) have no 'p'",
            "fill 'p'",
        ),
        ([case(1, p=None)], {"cluster": "p", "valid": 0, "test": 1}, "'c1'", "fill 'p'"),
        ([case(1, options="yes")], {"choices_column": "options"}, "no list of two or more", "yes|no"),
        ([case(1, options="[yes")], {"choices_column": "options"}, "no list of two or more", "yes|no"),
        ([case(1, part="later")], {"split": "part"}, "no split that is known", "train, valid or test"),
    ],
)
def test_rows_that_cannot_be_cases(
    tmp_path: Path, rows: list[dict[str, Any]], settings: Mapping[str, Any], said: str, hint: str
) -> None:
    source = File(path=table(tmp_path, rows), **settings)
    with pytest.raises(DataError) as caught:
        source.examples("train")
    assert said in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize("settings", [{"choices": ["no", "maybe"]}, {"choices_column": "options"}])
def test_a_message_holds_no_gold_answer_and_no_choice(tmp_path: Path, settings: Mapping[str, Any]) -> None:
    rows = [case(1, target="CANARY one", options="CANARY two|CANARY three")]
    with pytest.raises(DataError, match="not among its choices") as caught:
        File(path=table(tmp_path, rows), **settings).examples("train")
    assert "CANARY" not in str(caught.value) + caught.value.hint


@pytest.mark.parametrize(
    "settings", [{"valid": 0.7, "test": 0.5}, {"test": -0.1}, {"choices": ["a"], "choices_column": "b"}]
)
def test_settings_that_cannot_be(settings: Mapping[str, Any]) -> None:
    with pytest.raises(SpecError):
        File(path="x.csv", **settings)
