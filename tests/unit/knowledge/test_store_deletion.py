"""Deletion: no byte of the text stays in any file, a tombstone does, and what used the document is listed."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from osler.core.errors import DataError
from osler.knowledge.document import Document, Mark
from osler.knowledge.store import KnowledgeStore, Use

SECRET = "Zyxoril"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "kb"


@pytest.fixture
def store(folder: Path) -> KnowledgeStore:
    return KnowledgeStore(folder, create=True, by="ana")


def raw(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def secret(id: str = "z") -> Document:
    return Document(
        id=id,
        text=f"{SECRET} is given as 5 mg. " + f"{SECRET}? " * 3000,
        title=f"{SECRET} label",
        source=f"https://example.org/{SECRET}",
        marks=(Mark(kind="section", label=f"{SECRET} dosage", start=0, end=9),),
        meta={"drug": SECRET},
    )


def test_no_file_holds_the_text_any_more(store: KnowledgeStore, folder: Path) -> None:
    store.put([Document(id=f"d{i}", text=f"text {i} " * 40) for i in range(50)])
    store.create(secret())
    store.update(secret().replace(text=f"{SECRET}: 6 mg", marks=()))
    vector = np.arange(1, 200, dtype=np.float32)
    store.put_vectors("minilm", [("z/v1/0-9", vector), ("d1/v1/0-4", vector + 1)])
    store.put_triples("rules", [("z/v1/0-9", [(SECRET, "treats", "x")]), ("d1/v1/0-4", [])])
    kept = store.keep_file("index", lambda path: path.write_text(SECRET), generation=store.generation())
    assert kept is not None
    assert kept.read_text() == SECRET
    before = raw(folder)
    assert before.count(SECRET.encode()) > 3000
    assert vector.tobytes() in before

    removed = store.delete("z", why="withdrawn")

    assert removed.scrubbed
    assert (removed.versions, removed.vectors, removed.passages, removed.by) == (2, 1, 1, "ana")
    assert SECRET.encode() not in raw(folder)
    assert vector.tobytes() not in raw(folder)
    assert (vector + 1).tobytes() in raw(folder)
    assert not (folder / "derived").exists()
    assert store.vectors("minilm", ["z/v1/0-9", "d1/v1/0-4"]).keys() == {"d1/v1/0-4"}
    assert [key for key, _ in store.triples("rules")] == ["d1/v1/0-4"]
    assert store.verify().sound


def test_neighbours_that_are_deleted_later_leave_nothing_either(store: KnowledgeStore, folder: Path) -> None:
    """SQLite leaves copies of moved rows in the gaps of its pages: rows must not move."""
    rng = random.Random(0)
    marks = {f"d{i}": f"Qz{i}zQ" for i in range(200)}
    for _ in range(2):
        store.put(
            Document(id=id, text=f"{mark} {rng.random()} " * rng.choice([1, 20, 300])) for id, mark in marks.items()
        )
        store.put_triples("t", [(f"{id}/v1/0-2", [(mark, "r", "o")]) for id, mark in marks.items()])
    order = rng.sample(sorted(marks), 200)
    for id in order[:25]:
        store.delete(id, why="x")
    found = raw(folder)
    assert [id for id in order[:25] if marks[id].encode() in found] == []
    assert all(marks[id].encode() in found for id in order[25:])
    with store.transaction():
        for id in order[25:]:
            store.delete(id, why="x")
    assert not any(mark.encode() in raw(folder) for mark in marks.values())


def test_a_tombstone_stays(store: KnowledgeStore) -> None:
    store.create(secret())
    store.update(secret().replace(text="two", marks=()))
    sums = tuple(version.checksum for version in store.history("z"))
    removed = store.delete("z", why="wrong drug")
    history = store.history("z")
    assert [version.action for version in history] == ["create", "update", "delete"]
    assert all(version.document is None for version in history)
    assert tuple(version.checksum for version in history[:2]) == sums == removed.checksums
    assert (history[2].why, history[2].by, history[2].recorded) == ("wrong drug", "ana", removed.recorded)
    assert store.deleted() == (history[2],)
    assert store.read("z") == history[2]
    assert store.read("z", as_of="#1") == history[0]
    assert store.read("z", version=2) == history[1]
    assert list(store.versions()) == list(store.versions("#1")) == list(store.versions(superseded=True)) == []


def test_what_is_deleted_can_be_neither_read_nor_made_again(store: KnowledgeStore) -> None:
    store.put([secret(), Document(id="a", text="x")])
    store.delete("z", why="x")
    with pytest.raises(DataError, match="was deleted"):
        store.open_span("z/v1/0-5")
    for again in (store.create, store.update, lambda document: store.put([document])):
        with pytest.raises(DataError, match=r"stays taken|was deleted"):
            again(secret())
    with pytest.raises(DataError, match="deleted already"):
        store.delete("z", why="y")
    for old, new in (("z", "a"), ("a", "z")):
        with pytest.raises(DataError, match="'z' was deleted"):
            store.supersede(old, new)


def test_a_deletion_needs_a_reason(store: KnowledgeStore) -> None:
    store.create(secret())
    with pytest.raises(DataError, match="needs a reason"):
        store.delete("z", why=" ")
    assert store.read("z").document is not None


def test_a_deleted_successor_does_not_bring_the_old_one_back(store: KnowledgeStore) -> None:
    store.create(Document(id="old", text="five"))
    store.supersede("old", Document(id="new", text="six"))
    store.delete("new", why="wrong")
    assert list(store.versions()) == []
    assert store.read("old").superseded_by == "new"


def test_who_used_it_is_listed(store: KnowledgeStore) -> None:
    store.put([secret(), Document(id="a", text="x")])
    assert store.record_use("model", "reranker-1", ["z", "a"], detail="trained on 2 documents") == 2
    assert store.record_use("model", "reranker-1", ["z", "a"], detail="trained on 2 documents") == 0
    store.update(secret().replace(text="two", marks=()))
    assert store.record_use("run", "r1", iter(["z"])) == 1
    assert store.record_use("model", "reranker-1", ["z"], detail="trained on 2 documents") == 1
    removed = store.delete("z", why="x")
    assert [(use.kind, use.name, use.version, use.generation) for use in removed.uses] == [
        ("model", "reranker-1", 1, 1),
        ("run", "r1", 2, 2),
        ("model", "reranker-1", 2, 2),
    ]
    assert "model reranker-1, run r1" in removed.note
    assert "cannot be taken out of its weights" in removed.note
    assert store.uses("z") == removed.uses
    assert isinstance(store.uses("a")[0], Use)
    assert store.uses("a")[0].detail == "trained on 2 documents"
    store.create(Document(id="b", text="x"))
    assert "No use" in store.delete("b", why="y").note


def test_a_use_needs_a_known_kind(store: KnowledgeStore) -> None:
    store.create(secret())
    with pytest.raises(DataError, match="did you mean 'model'"):
        store.record_use("modell", "m", ["z"])
    with pytest.raises(DataError, match="a name"):
        store.record_use("model", "", ["z"])


def test_what_is_computed_meanwhile_does_not_come_in_afterwards(store: KnowledgeStore, folder: Path) -> None:
    store.put([secret(), Document(id="a", text="x")])
    generation = store.generation()
    store.delete("z", why="x")
    assert store.put_vectors("e", [("z/v1/0-3", [1.0, 2.0]), ("a/v1/0-1", [1.0, 2.0]), ("q/v1/0-1", [1.0, 2.0])]) == 1
    assert store.put_triples("t", [("z/v1/0-3", [(SECRET, "is", "x")])]) == 0
    assert store.keep_file("index", lambda path: path.write_text(SECRET), generation=generation) is None
    assert SECRET.encode() not in raw(folder)


def test_a_rolled_back_deletion_removes_nothing(store: KnowledgeStore) -> None:
    store.create(secret())

    def change() -> None:
        with store.transaction():
            assert not store.delete("z", why="x").scrubbed
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert store.read("z").document == secret()
    assert store.verify().sound


def test_a_deletion_goes_on_when_a_reader_was_in_its_way(store: KnowledgeStore, folder: Path) -> None:
    store.create(secret())
    reader = sqlite3.connect(folder / "knowledge.sqlite", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT COUNT(*) FROM documents").fetchone()
    removed = store.delete("z", why="x")
    assert not removed.scrubbed
    assert SECRET.encode() in raw(folder)
    reader.execute("COMMIT")
    reader.close()
    with KnowledgeStore(folder):  # as after a restart
        assert SECRET.encode() not in raw(folder)
    store.create(Document(id="a", text="x"))
    assert store.scrub()


def test_an_empty_derived_file_name_or_a_path_is_refused(store: KnowledgeStore) -> None:
    for name in ("", "../x", "a/b", ".."):
        with pytest.raises(DataError, match="derived file"):
            store.keep_file(name, lambda path: None, generation=0)
