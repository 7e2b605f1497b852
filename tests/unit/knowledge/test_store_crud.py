"""The knowledge store: create, read, update, supersede, put, and what is refused."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.knowledge.citation import Span
from osler.knowledge.document import Document, Mark
from osler.knowledge.store import KnowledgeStore, Progress

FULL = Document(
    id="label:metformin",
    text="Dose\r\nfünf mg \U0001f48a 二甲双胍\u2028\x00end ",
    title="Métformine",
    source="https://example.org/x",
    licence="CC-BY-4.0",
    language="zh-Hant",
    valid_from="2020-01-01",
    valid_to="2030-01-01",
    media_type="text/markdown",
    marks=(Mark(kind="page", label="1", start=0, end=5),),
    meta={"year": 2020, "tags": ["a", "b"], "deep": {"x": 1.5, "y": None, "z": True}},
)


@pytest.fixture
def store(tmp_path: Path) -> KnowledgeStore:
    return KnowledgeStore(tmp_path / "kb", create=True, by="ana")


def doc(id: str, text: str = "text") -> Document:
    return Document(id=id, text=text)


def test_everything_of_a_document_comes_back(store: KnowledgeStore) -> None:
    made = store.create(FULL, why="first")
    held = store.read(FULL.id)
    assert held == made
    assert held.document == FULL
    assert (held.number, held.action, held.by, held.why, held.checksum) == (1, "create", "ana", "first", FULL.checksum)
    assert held.recorded.endswith("Z")


def test_update_makes_versions_and_keeps_the_past(store: KnowledgeStore) -> None:
    store.create(FULL)
    changed = FULL.replace(text="Dose: six mg", marks=())
    assert store.update(changed, why="new label").number == 2
    assert store.read(FULL.id).document == changed
    assert store.read(FULL.id, as_of="#1").document == FULL
    assert store.read(FULL.id, version=1).document == FULL
    assert [version.action for version in store.history(FULL.id)] == ["create", "update"]


def test_the_same_again_is_no_new_version(store: KnowledgeStore) -> None:
    first = store.create(FULL)
    before = store.generation()
    assert store.update(FULL) == first
    assert store.put([FULL]) == (first,)
    assert store.generation() == before
    assert store.update(FULL.replace(licence="MIT")).number == 2


def test_create_refuses_a_taken_id(store: KnowledgeStore) -> None:
    store.create(doc("a"))
    with pytest.raises(DataError, match="'a' already"):
        store.create(doc("a", "other"))


@pytest.mark.parametrize("do", ["read", "history", "update", "delete", "supersede", "uses", "record_use"])
def test_an_unknown_id_names_the_nearest(store: KnowledgeStore, do: str) -> None:
    store.put([doc("metformin-label"), doc("warfarin-label")])
    calls: dict[str, Callable[[], object]] = {
        "read": lambda: store.read("metformin-lable"),
        "history": lambda: store.history("metformin-lable"),
        "update": lambda: store.update(doc("metformin-lable")),
        "delete": lambda: store.delete("metformin-lable", why="x"),
        "supersede": lambda: store.supersede("metformin-lable", "warfarin-label"),
        "uses": lambda: store.uses("metformin-lable"),
        "record_use": lambda: store.record_use("model", "m", ["metformin-lable"]),
    }
    before = store.generation()
    with pytest.raises(DataError, match="did you mean 'metformin-label'") as caught:
        calls[do]()
    assert "metformin-lable" in caught.value.message
    assert store.generation() == before


def test_a_version_that_is_not_there(store: KnowledgeStore) -> None:
    store.create(doc("a"))
    with pytest.raises(DataError, match="versions 1 to 1"):
        store.read("a", version=2)
    store.update(doc("a", "two"))
    with pytest.raises(DataError, match="not there yet"):
        store.read("a", version=2, as_of="#1")


def test_supersede_takes_the_old_one_out_of_sight(store: KnowledgeStore) -> None:
    store.put([doc("old", "five mg"), doc("other")])
    state = store.supersede("old", doc("new", "six mg"), why="label of 2026")
    assert (state.superseded_by, state.action, state.number) == ("new", "supersede", 2)
    assert [version.id for version in store.versions()] == ["other", "new"]
    assert [version.id for version in store.versions(superseded=True)] == ["old", "other", "new"]
    assert [version.id for version in store.versions("#1")] == ["old", "other"]
    held = store.read("old").document
    assert held is not None
    assert held.text == "five mg"
    assert store.open_span(Span("old", 1, 0, 4)) == store.open_span("old/v2/0-4") == "five"
    assert store.generation() == 2  # the new one and the old one's state are one transaction


def test_supersede_again_and_by_the_same(store: KnowledgeStore) -> None:
    store.put([doc("a"), doc("b"), doc("c")])
    first = store.supersede("a", "b")
    assert store.supersede("a", "b") == first
    assert store.supersede("a", "c").number == 3


def test_cycles_of_supersession_are_refused(store: KnowledgeStore) -> None:
    store.put([doc("a"), doc("b"), doc("c")])
    store.supersede("a", "b")
    store.supersede("b", "c")
    before = store.generation()
    for old, new in (("c", "a"), ("b", "a"), ("a", "a")):
        with pytest.raises(DataError, match="supersedes itself"):
            store.supersede(old, new)
    with pytest.raises(DataError, match="supersedes itself"):
        store.supersede("c", "c")
    assert store.generation() == before


def test_a_refused_supersession_leaves_no_successor_behind(store: KnowledgeStore) -> None:
    store.put([doc("a")])
    with pytest.raises(DataError, match="no document 'b'"):
        store.supersede("b", doc("new"))
    with store.transaction():
        with pytest.raises(DataError):
            store.supersede("b", doc("new"))
        store.create(doc("kept"))
    assert [version.id for version in store.versions()] == ["a", "kept"]
    assert store.verify().sound


def test_a_superseded_document_is_not_updated(store: KnowledgeStore) -> None:
    store.put([doc("a"), doc("b")])
    store.supersede("a", "b")
    with pytest.raises(DataError, match="superseded by 'b'"):
        store.update(doc("a", "again"))
    assert store.put([doc("a")])[0].superseded_by == "b"  # an ingest that runs again does not bring it back
    assert [version.id for version in store.versions()] == ["b"]


def test_put_streams_in_transactions(store: KnowledgeStore) -> None:
    told: list[Progress] = []
    made = store.put((doc(f"d{i}") for i in range(25)), size=10, progress=told.append)
    assert [step.done for step in told] == [10, 20, 25]
    assert told[-1] == Progress(25, 25, 0, 0)
    assert store.generation() == 3
    assert [version.id for version in made] == [f"d{i}" for i in range(25)]
    again = [doc(f"d{i}", "new" if i == 3 else "text") for i in range(26)]
    store.put(again, progress=told.append)
    assert told[-1] == Progress(26, 1, 1, 24)


def test_a_put_that_fails_keeps_what_was_done_before(store: KnowledgeStore) -> None:
    def some() -> list[Document]:
        return [doc(f"d{i}") for i in range(15)] + [doc("half", "\ud800 x")]

    with pytest.raises(DataError, match="surrogate"):
        store.put(some(), size=5)
    assert sum(1 for _ in store.versions()) == 15
    with pytest.raises(DataError, match="surrogate"), store.transaction():
        store.put([doc("x"), doc("half", "\ud800 x")])
    assert sum(1 for _ in store.versions()) == 15


def test_several_changes_are_one_transaction(store: KnowledgeStore, tmp_path: Path) -> None:
    other = KnowledgeStore(tmp_path / "kb")
    with store.transaction():
        store.create(doc("a"))
        store.update(doc("a", "two"))
        assert store.read("a").number == 2
        assert [version.number for version in store.versions()] == [2]
        assert list(other.versions()) == []
        assert other.generation() == store.generation() == 0
    assert other.generation() == 1
    assert other.read("a").number == 2

    def fail() -> None:
        with store.transaction():
            store.create(doc("b"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert [version.id for version in store.versions()] == ["a"]
    assert store.generation() == 1


def test_a_transaction_does_not_take_the_errors_of_others(store: KnowledgeStore) -> None:
    with pytest.raises(sqlite3.OperationalError), store.transaction():
        sqlite3.connect(":memory:").execute("SELECT * FROM nowhere")


@pytest.mark.parametrize("meta", [{"x": float("nan")}, {"x": object()}, {"x": 1 << 80}, {"x": "\udfff"}])
def test_meta_that_is_no_json_is_refused(store: KnowledgeStore, meta: dict[str, object]) -> None:
    with pytest.raises(DataError, match="'a'"):
        store.create(Document(id="a", text="x", meta=meta))
    assert store.generation() == 0


def test_half_a_surrogate_pair_is_refused_everywhere(store: KnowledgeStore) -> None:
    for document in (doc("a", "x\ud800"), Document(id="a", text="x", title="\udc00")):
        with pytest.raises(DataError, match=r"surrogate|JSON"):
            store.create(document)
    store.create(doc("b"))
    calls: tuple[Callable[[], object], ...] = (
        lambda: store.create(doc("a"), why="\ud800"),
        lambda: store.delete("b", why="\ud800"),
        lambda: store.read("\udc80"),
        lambda: store.record_use("model", "\ud800", ["b"]),
        lambda: store.put_vectors("\ud800", [("b/v1/0-1", [1.0])]),
        lambda: KnowledgeStore(store.folder, by="\ud800").create(doc("a")),
    )
    for call in calls:
        with pytest.raises(DataError, match="surrogate"):
            call()
    assert [version.id for version in store.versions()] == ["b"]


@given(text=st.text(min_size=1).filter(str.strip), title=st.text(), meta=st.dictionaries(st.text(), st.text()))
@settings(max_examples=40)
def test_any_unicode_comes_back_exactly(
    tmp_path_factory: pytest.TempPathFactory, text: str, title: str, meta: dict[str, str]
) -> None:
    given = Document(id="a", text=text, title=title, meta=meta)
    folder = tmp_path_factory.mktemp("kb")
    with KnowledgeStore(folder, create=True) as store:
        store.create(given)
    with KnowledgeStore(folder) as again:
        held = again.read("a").document
        assert held == given
        assert held is not None
        assert held.text.encode() == text.encode()
        assert again.open_span(Span("a", 1, 0, len(text))) == text


def test_spans_open_exactly_or_not_at_all(store: KnowledgeStore) -> None:
    store.create(doc("a", "äöü\x00𝄞 end"))
    assert store.open_span("a/v1/3-5") == "\x00𝄞"
    for wrong in ("a/v2/0-1", "a/v1/0-9999", "b/v1/0-1"):
        with pytest.raises(DataError):
            store.open_span(wrong)
    with pytest.raises(DataError, match="not the id of a passage"):
        store.open_span("nonsense")


# Opening


def test_a_folder_without_a_store_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no knowledge store"):
        KnowledgeStore(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "knowledge.sqlite"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    before = path.read_bytes()
    with pytest.raises(DataError, match="another program"):
        KnowledgeStore(tmp_path, create=True)
    assert path.read_bytes() == before
    path.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(DataError, match="cannot be opened"):
        KnowledgeStore(tmp_path, create=True)


def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    KnowledgeStore(tmp_path, create=True).close()
    with sqlite3.connect(tmp_path / "knowledge.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(DataError, match="version 99"):
        KnowledgeStore(tmp_path)


def test_a_store_that_is_taken_away_is_not_made_anew(store: KnowledgeStore) -> None:
    for path in store.folder.iterdir():
        path.unlink()
    with ThreadPoolExecutor(1) as pool, pytest.raises(DataError, match="removed or replaced"):
        pool.submit(store.generation).result()
    assert list(store.folder.iterdir()) == []


def test_a_superseding_document_with_the_id_of_the_old_one(store: KnowledgeStore) -> None:
    store.create(doc("a"))
    with pytest.raises(DataError, match="supersedes itself"):
        store.supersede("a", doc("a", "new"))
    assert store.read("a").number == 1


def test_a_closed_store_says_so(store: KnowledgeStore) -> None:
    store.close()
    with pytest.raises(DataError, match="is closed"):
        store.generation()


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(DataError, match="cannot be opened"):
        KnowledgeStore(tmp_path / "kb", create=True)


def test_messages_hold_no_text(store: KnowledgeStore) -> None:
    store.create(doc("a", "CANARY text"))
    calls: tuple[Callable[[], object], ...] = (
        lambda: store.create(doc("a", "CANARY two")),
        lambda: store.open_span("a/v1/0-500"),
    )
    for wrong in calls:
        with pytest.raises(DataError) as caught:
            wrong()
        assert "CANARY" not in str(caught.value)
