"""A store that was edited by hand is found, and the first bad transaction is named."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore

FREE = "".join(
    f"DROP TRIGGER {name};"
    for name in ("versions_kept", "versions_fixed", "transactions_kept", "transactions_fixed", "documents_kept")
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with KnowledgeStore(tmp_path, create=True, by="ana") as store:
        store.put([Document(id="a", text="five mg", source="s"), Document(id="b", text="x")], why="1")
        store.update(Document(id="a", text="six mg"), why="2")
        store.supersede("b", Document(id="c", text="y"), why="3")
        store.create(Document(id="d", text="z"), why="4")
        store.delete("d", why="5")
        store.update(Document(id="a", text="seven mg"), why="6")
    return tmp_path


def edit(folder: Path, script: str) -> None:
    db = sqlite3.connect(folder / "knowledge.sqlite")
    db.executescript(script)
    db.close()


def test_an_untouched_store_is_sound(folder: Path) -> None:
    with KnowledgeStore(folder) as store:
        found = store.verify(head=store.head())
        assert found.sound
        assert (found.transactions, found.documents, found.transaction) == (6, 3, 0)
        assert found.head == store.head()
        assert len(found.head) == 32


@pytest.mark.parametrize(
    ("script", "first"),
    [
        ("UPDATE bodies SET text = 'nine mg' WHERE text = 'six mg'", 2),
        ("UPDATE bodies SET about = '{}' WHERE text = 'five mg'", 1),
        ("UPDATE bodies SET about = 'no json' WHERE text = 'x'", 1),
        ("UPDATE bodies SET text = x'00ff' WHERE text = 'x'", 1),
        ("DELETE FROM bodies WHERE text = 'seven mg'", 6),
        ("UPDATE versions SET why = 'other' WHERE why = '4'", 4),
        ("UPDATE versions SET checksum = 'x' WHERE why = '5'", 5),
        ("UPDATE versions SET successor = 'a' WHERE action = 'supersede'", 3),
        ("UPDATE versions SET ends = NULL WHERE tx = 2", 6),
        ("UPDATE versions SET body = (SELECT body FROM versions WHERE tx = 2) WHERE tx = 6", 6),
        ("DELETE FROM versions WHERE tx = 6", 6),
        ("UPDATE documents SET id = 'q' WHERE id = 'c'", 3),
        ("UPDATE documents SET deleted = 0 WHERE id = 'd'", 4),
        ("UPDATE documents SET deleted = 1 WHERE id = 'a'", 1),
        ("INSERT INTO documents (id, deleted) VALUES ('e', 0)", 1),
        ("UPDATE transactions SET by = 'bob' WHERE number = 3", 3),
        ("UPDATE transactions SET at = at + 1 WHERE number = 5", 5),
        ("UPDATE transactions SET hash = 'x' WHERE number = 2", 2),
        ("PRAGMA foreign_keys=OFF; DELETE FROM transactions WHERE number = 4", 4),
        ("UPDATE bodies SET text = 'z again' WHERE document = (SELECT number FROM documents WHERE id = 'd')", 4),
    ],
)
def test_an_edit_is_found(folder: Path, script: str, first: int) -> None:
    edit(folder, FREE + script)
    with KnowledgeStore(folder) as store:
        found = store.verify()
    assert not found.sound
    assert found.transaction == first
    assert found.fault
    assert "mg" not in found.fault


def test_a_store_that_was_cut_back_is_shown_by_a_head_that_was_kept(folder: Path) -> None:
    with KnowledgeStore(folder) as store:
        head = store.head()
    edit(folder, FREE + "DELETE FROM versions WHERE tx = 6; DELETE FROM transactions WHERE number = 6; "
         "UPDATE versions SET ends = NULL WHERE ends = 6")  # fmt: skip
    with KnowledgeStore(folder) as store:
        assert store.verify().sound
        found = store.verify(head=head)
    assert not found.sound
    assert "cut back" in found.fault


def test_history_cannot_be_changed_by_a_plain_statement(folder: Path) -> None:
    for script in (
        "DELETE FROM versions",
        "UPDATE versions SET why = 'x'",
        "DELETE FROM transactions",
        "UPDATE transactions SET by = 'x'",
        "DELETE FROM documents",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            edit(folder, script)
