"""Multiple-choice questions of one's own: what the pages show runs as it stands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


def shown(page: str, language: str) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), flags=re.S)
    return [block for block in found if "exam.jsonl" in block or '"q1"' in block]


@pytest.mark.parametrize("page", ["data.md", "tasks.md"])
def test_the_study_of_the_page_runs_on_the_rows_of_the_page(workplace: Any, page: str) -> None:
    [study], [rows] = shown(page, "toml"), shown("data.md", "json")
    (workplace.path / "exam.toml").write_text(study, encoding="utf-8")
    (workplace.path / "exam.jsonl").write_text(rows, encoding="utf-8")
    said = workplace.osler("run", workplace.path / "exam.toml")
    assert said.status == 0, said.err
    results = json.loads((workplace.path / "reports/exam/bundle/results.json").read_text(encoding="utf-8"))
    assert results["data"]["n"] == 4


@pytest.mark.parametrize("letters", [True, False])
def test_texts_and_letters_as_targets_are_the_same_exam(workplace: Any, letters: bool) -> None:
    """A model that always knows is right on every case, and demonstrations show letters."""
    options = ["alpha", "beta", "gamma"]
    rows = [
        {
            "id": f"q{i}",
            "text": f"Question {i}?",
            "options": options,
            "answer": "ABC"[i % 3] if letters else options[i % 3],
        }
        for i in range(9)
    ]
    workplace.write_cases("exam.jsonl", rows)
    data = {"source": "file", "path": "exam.jsonl", "target": "answer", "choices_column": "options", "folds": 3}
    task = {"from": "labelled_text", "lettered": True}
    models = [{"use": "simulated", "skill": 1.0, "name": "sim"}]
    path = workplace.study(
        data=data, task=task, models=models, systems=["few_shot"], metrics=["accuracy"], sensitivity="public"
    )
    assert workplace.osler("run", path).status == 0
    results = json.loads((workplace.path / "reports/toy/bundle/results.json").read_text(encoding="utf-8"))
    assert results["systems"][0]["estimates"]["accuracy"]["value"] == 1.0
    told = workplace.osler("show", "q4", path).out
    assert "gold answer: B" in told
    assert set(re.findall(r"Answer: (\S+)", told)) <= {"A", "B", "C"}


@pytest.mark.parametrize(
    ("lettered", "target", "count", "said"),
    [
        (False, "B", 3, "the gold answer of the case 'c0' is none of its choices"),
        (True, "o1", 27, "the case 'c0' has more than 26 choices"),
        (True, "o1", 3, ""),
        (False, "o1", 27, ""),
    ],
)
def test_check_refuses_gold_answers_that_nobody_could_give(
    workplace: Any, lettered: bool, target: str, count: int, said: str
) -> None:
    choices = [f"o{i}" for i in range(count)]
    workplace.write_cases("own.jsonl", [{"id": "c0", "input": {"text": "?"}, "target": target, "choices": choices}])
    path = workplace.study(
        data={"source": "case_file", "path": "own.jsonl"}, task={"from": "labelled_text", "lettered": lettered}
    )
    found = workplace.osler("check", path)
    assert found.status == (2 if said else 0), found.err
    assert said in found.err
