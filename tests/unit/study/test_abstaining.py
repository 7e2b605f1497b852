"""Systems that decline to answer: the same numbers whether the data may leave or not, and again from the bundle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osler.study.bundle import rescore
from osler.study.disclosure import pseudonym

CHOICES = ["urgent", "routine", "not enough information", "later"]


def rows(own: bool) -> list[dict[str, Any]]:
    """``own``: every case has choices of its own, so that none of them may leave."""
    return [
        {
            "id": f"secret{i}",
            "text": f"Message {i}",
            "label": CHOICES[i % 3],
            "options": [*CHOICES[:3], f"CANARY {i}"] if own else CHOICES,
            "split": "test",
        }
        for i in range(40)
    ]


def results(workplace: Any, sensitivity: str, own: bool) -> tuple[dict[str, Any], Path]:
    workplace.write_cases("cases.jsonl", rows(own))
    path = workplace.study(
        data={
            "source": "file",
            "path": "cases.jsonl",
            "target": "label",
            "split": "split",
            "choices_column": "options",
        },
        models=[{"use": "simulated", "name": "sim", "skill": 0.5}],
        systems=[
            "zero_shot",
            {"use": "abstain", "name": "sure", "threshold": 0.9, "inner": {"use": "self_consistency", "k": 3}},
        ],
        metrics=["accuracy", "answered_accuracy", "abstain_rate"],
        sensitivity=sensitivity,
    )
    said = workplace.osler("run", path)
    assert said.status == 0, said.err
    folder: Path = workplace.path / "reports" / "toy"
    assert rescore(folder / "bundle")[1] <= 1e-9
    return json.loads((folder / "bundle" / "results.json").read_bytes()), folder


@pytest.mark.parametrize("own", [False, True])
def test_abstaining_is_seen_in_identifiable_data(workplace: Any, own: bool) -> None:
    (shown, _), (hidden, folder) = (results(workplace, kind, own) for kind in ("deidentified", "identifiable"))
    values = [
        [[found["value"] for found in row["estimates"].values()] for row in told["systems"]] for told in (shown, hidden)
    ]
    assert values[0] == values[1]
    (right, answered, declined), (few, sure, often) = values[1]
    assert (right, declined) == (answered, 0.0)  # "not enough information" is a label of these cases
    assert 0.2 < often < 1.0
    assert sure == pytest.approx(few / (1 - often))
    assert "CANARY" not in "".join((folder / "bundle" / name).read_text() for name in ("results.json", "study.toml"))


def test_an_id_of_the_report_opens_its_case(workplace: Any) -> None:
    found, folder = results(workplace, "identifiable", own=True)
    name = found["cases"][0]["id"]
    assert name in {pseudonym(f"secret{i}") for i in range(40)}
    assert "secret" not in (folder / "report.html").read_text()
    said = workplace.osler("show", name, workplace.path / "toy.toml")
    assert said.status == 0, said.err
    assert said.out.startswith("secret")
    page = (folder / "report.html").read_text()
    assert "text that differs from the gold text" not in page
    assert "another choice than the gold one (not shown)" in page
    assert "cases of a private file" in page
    assert "the first metric of the study file" in page
