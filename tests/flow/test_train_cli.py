"""``osler train`` and ``osler trained`` as a user has them: made once, listed, named by what it learnt from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osler.cli import main
from osler.recipes import recipe
from osler.tuning.disclosure.documents import documents_of


@pytest.fixture(autouse=True)
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OSLER_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    status = main([*words, "--json"])
    return status, json.loads(capsys.readouterr().out)


def test_a_small_system_is_trained_once_and_listed(shelf: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, first = said(capsys, "train", "baize")
    assert status == 0
    assert first["steps"] > 0
    folder = Path(first["folder"])
    assert folder.parent == shelf
    assert (folder / "README.md").read_text(encoding="utf-8").lower().count("care") >= 1
    before = (folder / "training.json").stat().st_mtime_ns
    _, again = said(capsys, "train", "baize")
    assert again["weights"] == first["weights"]
    assert (folder / "training.json").stat().st_mtime_ns == before
    _, rows = said(capsys, "trained")
    assert folder.name in {row["key"] for row in rows}
    document = documents_of(recipe("models", "baize", preset="tiny"), ()).learnt
    assert document
    assert main(["trained"]) == 0
    assert folder.name in capsys.readouterr().out
    _, found = said(capsys, "trained", "--on", "no such document")
    assert not found["learnt"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("minilm", "is not trained by a stage"),
        ("drg_llama", "learns from the training cases of a study"),
        ("biankue", "no recipe in models is named 'biankue'"),
    ],
)
def test_what_cannot_be_trained_says_why(name: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", name]) == 2
    assert message in capsys.readouterr().err


def test_more_processes_than_one_are_started_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "baize", "--processes", "-1"]) == 2
    assert "launch.processes" in capsys.readouterr().err
