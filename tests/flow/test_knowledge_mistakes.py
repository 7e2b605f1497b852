"""``osler knowledge`` when something is amiss: nothing is half done, and it is said what was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from osler.knowledge.store import KnowledgeStore


@pytest.fixture
def store(workplace: Any) -> Path:
    (workplace.path / "zel.md").write_text("# Dose\n\nZelvarine 40 mg.\n", encoding="utf-8")
    assert workplace.osler("knowledge", "add", "kb", "zel.md").status == 0
    path: Path = workplace.path / "kb"
    return path


def test_a_store_of_a_study_that_is_none_stops_a_deletion_before_it_begins(workplace: Any, store: Path) -> None:
    (workplace.path / "runs.sqlite").write_text("This is no database. " * 100, encoding="utf-8")
    said = workplace.osler("knowledge", "delete", "kb", "--id", "zel", "--why", "x", "--runs", "runs.sqlite")
    assert said.status == 2
    assert "nothing was deleted" in said.err
    with KnowledgeStore(store) as held:
        assert held.read("zel").document is not None


def test_why_nothing_was_found_is_said(workplace: Any, store: Path) -> None:
    def said(*more: str) -> str:
        found = workplace.osler("knowledge", "search", "kb", *more)
        assert found.status == 0
        out: str = found.out
        return out.removeprefix("Nothing was found: ").removesuffix(".\n")

    assert said("aspirin") == "no passage is valid today and shares a word with the query"
    assert said("zelvarine", "--language", "zh") == (
        "no passage is valid today and is in zh and shares a word with the query"
    )
    assert said("zelvarine", "--as-of", "#0") == "the store holds no document as of #0"
    assert said("zelvarine", "--as-of", "2020-01-01") == "the store holds no document as of 2020-01-01"
    assert workplace.osler("knowledge", "delete", "kb", "--id", "zel", "--why", "over").status == 0
    assert said("zelvarine") == said("zelvarine", "--by", "dense") == "the store holds no document"
    told = workplace.osler("knowledge", "search", "kb", "zelvarine", "--json").json
    assert (told["hits"], told["note"]) == ([], "the store holds no document")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("add", "kb2", "zel.md", "--language", "!!"), "--language cannot be '!!'"),
        (("add", "zel.md", "zel.md"), "zel.md is a file and no folder"),
        (("show", "kb", "--id", "zel", "--version", "9" * 20), "has no version 9999"),
        (("search", "kb", "dose", "--as-of", "0001-01-01T00:00:00+14:00"), "as_of cannot be"),
        (("search", "kb", "dose", "--day", "tomorrow"), "day cannot be 'tomorrow'"),
    ],
)
def test_mistakes_are_told_and_exit_2(workplace: Any, store: Path, words: tuple[str, ...], said: str) -> None:
    found = workplace.osler("knowledge", *words)
    assert found.status == 2
    assert said in found.err
    assert "hint:" in found.err


def test_a_document_that_ended_is_not_found_however_its_day_is_written(workplace: Any, store: Path) -> None:
    said = workplace.osler("knowledge", "add", "kb", "zel.md", "--valid-to", "20260101")
    assert said.status == 0
    assert workplace.osler("knowledge", "search", "kb", "zelvarine", "--json").json["hits"] == []
    assert workplace.osler("knowledge", "search", "kb", "zelvarine", "--day", "2025-12-31", "--json").json["hits"]
