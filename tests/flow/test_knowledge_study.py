"""A study over a knowledge store: its answers follow the store, its uses are listed, and a deletion reaches its answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from osler.cli import main
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore


def _study(folder: Path, shelf: Path) -> Path:
    rows = [
        {"id": f"q{at}", "question": f"Which drug is given for {ill}?", "answer": ("Zelvarine", "Tarrimab")[at % 2]}
        for at, ill in enumerate(("coastal fever", "amber anaemia", "blue-lip disease"))
    ]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    path = folder / "shelf.toml"
    path.write_text(
        f"""
question = "Does the shelf help?"
task = "labelled_text"
data = {{ source = "file", path = "cases.jsonl", text = "question", target = "answer", choices = ["Zelvarine", "Tarrimab"] }}
models = ["minilm"]
systems = [
  "zero_shot",
  {{ use = "retrieve", name = "with the shelf", k = 2, index = {{ use = "bm25", collection = {{ use = "stored", path = "{shelf}" }} }} }},
]
metrics = ["accuracy"]
""",
        encoding="utf-8",
    )
    return path


def test_a_study_over_a_store_is_listed_when_its_documents_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shelf = tmp_path / "shelf"
    with KnowledgeStore(shelf, create=True) as store:
        store.create(Document(id="zel", text="Zelvarine is given for coastal fever."))
        store.create(Document(id="tar", text="Tarrimab is given for amber anaemia."))
    study = _study(tmp_path, shelf)
    assert main(["run", str(study), "--store", "runs.sqlite", "--out", "report", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["outcome"]["done"] == 6
    with KnowledgeStore(shelf) as store:
        uses = store.uses("zel")
        assert {(use.kind, use.name) for use in uses} == {
            ("system", "with the shelf"),
            ("store", str((tmp_path / "runs.sqlite").absolute())),
        }
    assert main(["run", str(study), "--store", "runs.sqlite", "--out", "report", "--json"]) == 0
    capsys.readouterr()
    said = ["knowledge", "delete", str(shelf), "--id", "zel", "--why", "withdrawn", "--runs", "runs.sqlite", "--json"]
    assert main(said) == 0
    told = capsys.readouterr().out
    assert "with the shelf" in told
    assert "coastal fever." not in Path("runs.sqlite").read_bytes().decode("latin-1")
    assert main(["run", str(study), "--store", "runs.sqlite", "--out", "report", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["results"]
