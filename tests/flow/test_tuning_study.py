"""A study that tunes: the gate opens only for a reason, prompts answer first, and what was trained is trained once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osler.cli import main

STUDY = """
question = "Does a small trained encoder beat the embedded one?"
task = "trial_matching"
data = {{ source = "cohort", patients = 12, train_patients = {train} }}
models = ["minilm", {{ use = "classifier", name = "tuned", base = {{ use = "encoder_shape", layers = 1, hidden = 32, heads = 2, inner = 64 }}, tokenizer = {{ use = "word_piece", size = 400 }}, schedule = {{ use = "schedule", epochs = 1.0 }} }}]
systems = ["zero_shot"]
metrics = ["accuracy", "macro_f1"]
primary = "accuracy"
accept = {{ metric = "accuracy", at_least = {least} }}
{tuning}
"""


def outcome(folder: Path, capsys: pytest.CaptureFixture[str], **fields: Any) -> tuple[int, dict[str, Any]]:
    file = folder / "tuned.toml"
    file.write_text(STUDY.format(**{"train": 30, "least": 0.99, "tuning": "", **fields}), encoding="utf-8")
    status = main(["run", str(file), "--store", str(folder / "s.sqlite"), "--out", str(folder / "report"), "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return status, found


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSLER_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def gate_of(results: dict[str, Any], edge: str) -> dict[str, Any]:
    return next(row for row in results["gates"] if row["edge"] == edge)


def test_a_missed_target_leads_to_training_once(
    tmp_path: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = outcome(tmp_path, capsys)
    assert status == 0
    results = found["results"]
    assert results["tuning"]["passed"] is True
    assert results["tuning"]["trigger"] == "prompting missed"
    arms = {row["name"]: row for row in results["systems"]}
    tuned = next(row for name, row in arms.items() if "tuned" in name)
    assert tuned["training"]["stage"] is True
    assert tuned["n"] == results["data"]["n"]
    assert gate_of(results, "fine-tuning -> deployment")["passed"] is False
    assert "revise the task card" in gate_of(results, "fine-tuning -> task formulation")["reason"]
    kept = sorted(path.stat().st_mtime_ns for path in shelf.glob("*/model.safetensors"))
    assert len(kept) == 1
    status, again = outcome(tmp_path, capsys)
    assert status == 0
    assert again["outcome"]["done"] == 0
    assert sorted(path.stat().st_mtime_ns for path in shelf.glob("*/model.safetensors")) == kept


def test_a_met_target_needs_no_training(tmp_path: Path, shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = outcome(tmp_path, capsys, least=0.0)
    assert found["results"]["tuning"]["passed"] is False
    assert any("not trained: tuned" in note and "Not needed" in note for note in found["outcome"]["short"])
    assert not list(shelf.glob("*/model.safetensors"))


def test_too_few_cases_are_refused_and_a_recorded_reason_overrules(
    tmp_path: Path, shelf: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rule = "tuning = {{ minimum = 5000{more} }}"
    _, found = outcome(tmp_path, capsys, tuning=rule.format(more=", abundant = 9000"))
    assert "below the minimum of 5000" in found["results"]["tuning"]["reason"]
    assert not list(shelf.glob("*/model.safetensors"))
    _, found = outcome(tmp_path, capsys, tuning=rule.format(more=', abundant = 9000, reason = "a rehearsal"'))
    assert found["results"]["tuning"]["trigger"] == "recorded reason"
    assert "a rehearsal" in found["results"]["tuning"]["reason"]
    assert list(shelf.glob("*/model.safetensors"))


def test_a_safety_metric_must_be_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.toml"
    text = STUDY.format(train=30, least=0.9, tuning='tuning = { safety_metric = "macro_f1" }')
    file.write_text(text, encoding="utf-8")
    assert main(["check", str(file)]) == 2
    assert "tuning.safety_metric 'macro_f1' is not compared" in capsys.readouterr().err
    file.write_text(text + 'compare_metrics = ["macro_f1"]\n', encoding="utf-8")
    assert main(["check", str(file)]) == 0
