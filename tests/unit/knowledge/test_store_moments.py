"""``as_of``: the past of a knowledge store, by day, instant and transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.store import KnowledgeStore


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.set("2026-03-01T09:00:00")

    def set(self, instant: str) -> None:
        self.now = datetime.fromisoformat(instant).replace(tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[KnowledgeStore]:
    with KnowledgeStore(tmp_path, create=True, clock=clock) as store:
        store.create(Document(id="a", text="first"))
        clock.set("2026-03-01T23:59:59")
        store.update(Document(id="a", text="second"))
        clock.set("2026-03-03T10:00:00")
        store.update(Document(id="a", text="third"))
        yield store


@pytest.mark.parametrize(
    ("as_of", "number"),
    [
        ("", 3),
        ("#1", 1),
        ("#3", 3),
        ("2026-03-01", 2),
        ("2026-03-02", 2),
        ("2026-03-03", 3),
        ("9999-12-31", 3),
        ("2026-03-01T09:00:00Z", 1),
        ("2026-03-01T23:59:58Z", 1),
        ("2026-03-02T00:59:59+01:00", 2),
        ("2026-03-03T09:59:59.999999Z", 2),
    ],
)
def test_a_moment_gives_the_state_of_then(store: KnowledgeStore, as_of: str, number: int) -> None:
    assert store.read("a", as_of=as_of).number == number
    assert [version.number for version in store.versions(as_of)] == [number]
    assert store.generation(as_of) == number


def test_before_the_first_there_is_nothing(store: KnowledgeStore) -> None:
    for as_of in ("2026-02-28", "#0", "2026-03-01T08:59:59Z"):
        assert list(store.versions(as_of)) == []
        assert store.generation(as_of) == 0
        with pytest.raises(DataError, match="not there yet"):
            store.read("a", as_of=as_of)


@pytest.mark.parametrize(
    "wrong", ["yesterday", "2026-13-01", "2026-03-01T10:00:00", "#x", "12", "#4", "2026-3-1", "#-1"]
)
def test_what_is_no_moment_is_refused(store: KnowledgeStore, wrong: str) -> None:
    with pytest.raises(DataError, match="as_of"):
        store.read("a", as_of=wrong)


def test_what_a_version_says_of_its_instant_names_it(store: KnowledgeStore) -> None:
    for version in store.history("a"):
        assert store.read("a", as_of=version.recorded) == version


def test_a_clock_that_goes_back_does_not_change_the_order(store: KnowledgeStore, clock: Clock) -> None:
    clock.set("2020-01-01T00:00:00")
    fourth = store.update(Document(id="a", text="fourth"))
    instants = [version.recorded for version in store.history("a")]
    assert instants == sorted(set(instants))
    assert fourth.recorded == "2026-03-03T10:00:00.000001Z"
    assert store.verify().sound


def test_changed_names_what_was_touched(store: KnowledgeStore) -> None:
    store.put([Document(id="b", text="x"), Document(id="c", text="y")])
    store.supersede("b", "c")
    assert store.changed(0) == (5, ("a", "b", "c"))
    assert store.changed(3) == (5, ("b", "c"))
    assert store.changed(4) == (5, ("b",))
    assert store.changed(5) == (5, ())
    store.delete("a", why="x")
    assert store.changed(5) == (6, ("a",))


def test_the_hash_of_a_state_is_that_of_what_it_holds(store: KnowledgeStore, tmp_path: Path) -> None:
    past = store.state_hash("#1")
    now = store.state_hash()
    assert past != now == store.state_hash("#3") == store.state_hash("2026-03-03")
    store.record_use("model", "m", ["a"])
    store.put_vectors("e", [("a/v3/0-2", [1.0])])
    assert store.state_hash() == now
    store.create(Document(id="b", text="x"))
    assert store.state_hash() != now == store.state_hash("#3")
    store.delete("b", why="x")
    assert store.state_hash() == now
    store.delete("a", why="x")
    assert store.state_hash("#1") != past, "the past has lost a text"
    with KnowledgeStore(tmp_path / "other", create=True) as other:
        other.create(Document(id="a", text="first"))
        assert other.state_hash() == past


def test_iterating_holds_the_moment(store: KnowledgeStore) -> None:
    store.put([Document(id=f"d{i:04}", text="before") for i in range(1200)])
    steps = store.versions()
    first = next(steps)
    store.update(Document(id="d1100", text="after"))
    store.delete("d1101", why="x")
    store.create(Document(id="later", text="x"))
    rest = {version.id: version for version in steps}
    held = rest["d1100"].document
    assert first.id == "a"
    assert held is not None
    assert held.text == "before"
    assert "later" not in rest
    assert "d1101" not in rest
    assert len(rest) == 1199
