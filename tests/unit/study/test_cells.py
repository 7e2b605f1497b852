"""A cell is addressed by all that its answers depend on: stale answers are never shown as new ones."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from osler.study.plan import plan
from osler.study.resolve import load

STUDY = """
question = "What does an answer depend on?"
task = "labelled_text"
sensitivity = "synthetic"
data = {{ source = "file", path = "{folder}/cases.csv", target = "label", split = "split" }}
models = [{models}]
systems = [{systems}]
metrics = ["accuracy"]
"""


def rows(path: Path, *, label: str = "a", split: str = "train", n: int = 12) -> None:
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if new:
            writer.writerow(["id", "text", "label", "split"])
        writer.writerows(
            [[f"{split}{i}", f"text {split} {i} of a case", label if i % 3 else "b", split] for i in range(n)]
        )


def ids(folder: Path, models: str = '"majority"', systems: str = '"zero_shot"') -> list[str]:
    study = folder / "s.toml"
    study.write_text(STUDY.format(folder=folder, models=models, systems=systems), encoding="utf-8")
    return [row.cell.id for row in plan(load(study)).rows]


@pytest.mark.parametrize(
    ("models", "systems", "changes"),
    [
        ('"majority"', '"zero_shot"', True),
        ('{ use = "simulated" }', '{ use = "few_shot", k = 2, select = "random" }', True),
        ('{ use = "simulated" }', '"zero_shot"', False),
    ],
)
def test_other_training_cases_make_another_cell_where_something_learns(
    tmp_path: Path, models: str, systems: str, changes: bool
) -> None:
    rows(tmp_path / "cases.csv", split="test")
    rows(tmp_path / "cases.csv", split="train")
    before = ids(tmp_path, models, systems)
    (tmp_path / "cases.csv").unlink()
    rows(tmp_path / "cases.csv", split="test")
    rows(tmp_path / "cases.csv", split="train", label="b")
    rows(tmp_path / "cases.csv", split="valid", n=2)  # keeps both labels in the file
    assert (ids(tmp_path, models, systems) != before) is changes


def test_other_outputs_in_a_recorded_file_make_another_cell(tmp_path: Path) -> None:
    rows(tmp_path / "cases.csv", split="test")
    recorded = tmp_path / "outputs.jsonl"

    def said(answer: str) -> list[str]:
        recorded.write_text(
            "".join(json.dumps({"id": f"test{i}", "output": answer}) + "\n" for i in range(12)), encoding="utf-8"
        )
        return ids(tmp_path, f'{{ use = "recorded", path = "{recorded}" }}', '"replay"')

    assert said("Answer: a") != said("Answer: b")


def test_a_changed_recording_is_read_anew(tmp_path: Path, workplace: Any) -> None:
    rows(tmp_path / "cases.csv", split="test")
    recorded = tmp_path / "outputs.jsonl"
    study = tmp_path / "s.toml"
    models = f'{{ use = "recorded", path = "{recorded}" }}'
    study.write_text(STUDY.format(folder=tmp_path, models=models, systems='"replay"'), encoding="utf-8")

    def accuracy(answer: str) -> float:
        recorded.write_text(
            "".join(json.dumps({"id": f"test{i}", "output": answer}) + "\n" for i in range(12)), encoding="utf-8"
        )
        said = workplace.osler("run", str(study), "--json")
        assert said.status == 0, said.err
        value: float = said.json["results"]["systems"][0]["estimates"]["accuracy"]["value"]
        return value

    assert accuracy("Answer: a") == pytest.approx(8 / 12)
    assert accuracy("Answer: b") == pytest.approx(4 / 12)


def test_a_second_run_of_a_study_on_the_same_store_is_refused(tmp_path: Path) -> None:
    from osler.core.errors import SpecError
    from osler.study.lock import only_run

    with only_run(tmp_path / "osler.sqlite", "mine"):
        with pytest.raises(SpecError, match="is being run"), only_run(tmp_path / "osler.sqlite", "mine"):
            raise AssertionError("two runs at once")
        with only_run(tmp_path / "osler.sqlite", "another"):
            pass
    with only_run(tmp_path / "osler.sqlite", "mine"):
        pass
