"""BM25 over a collection that changes: at every moment equal to an index made anew, also while others search."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25, Kept
from osler.knowledge.passages import Changes, Described, Live, PassageList

WORDS = ("heart", "blood", "liver", "bile", "insulin", "red", "the", "of", "zelvarine", "糖尿病", "fièvre")


@block
class Shelf:
    """A live collection for tests: passages by id, and a log of what happened."""

    def passages(self) -> Sequence[Passage]:
        return tuple(Passage(id=name, text=text) for name, text in sorted(self.held.items()))

    def generation(self) -> int:
        return len(self.log)

    def changes(self, since: int) -> Changes:
        with self.lock:
            return self._changes(since)

    def _changes(self, since: int) -> Changes:
        now = len(self.log)
        if since == 0:
            return Changes(now, (), tuple(self.passages()))
        names = [name for entry in self.log[since:now] for name in entry]
        held = dict(self.held)
        removed = tuple(name for name in dict.fromkeys(names) if name not in held)
        added = tuple(Passage(id=name, text=held[name]) for name in dict.fromkeys(names) if name in held)
        return Changes(now, removed, added)

    def about(self, passage: str) -> Mapping[str, Any]:
        return {"title": f"Leaflet {passage}"}

    @property
    def held(self) -> dict[str, str]:
        held: dict[str, str] = self.__dict__.setdefault("_held", {})
        return held

    @property
    def log(self) -> list[tuple[str, ...]]:
        log: list[tuple[str, ...]] = self.__dict__.setdefault("_log", [()])
        return log

    @property
    def lock(self) -> threading.Lock:
        """Changes are whole, as those of a store."""
        lock: threading.Lock = self.__dict__.setdefault("_lock", threading.Lock())
        return lock

    def put(self, **texts: str) -> None:
        with self.lock:
            self.held.update(texts)
            self.log.append(tuple(texts))

    def drop(self, *names: str) -> None:
        with self.lock:
            for name in names:
                del self.held[name]
            self.log.append(names)


def search(made: BM25, query: str, k: int = 100) -> list[tuple[str, float]]:
    return [(passage.id, score) for passage, score in asyncio.run(made.search(query, k))]


def postings(made: BM25) -> Any:
    kept: Kept = made.__dict__["_kept"]
    return kept._postings


def full_text(made: BM25) -> str:
    """Everything that the index holds, as one text."""
    kept: Kept = made.__dict__["_kept"]
    return f"{kept._passages} {sorted(kept._places)} {sorted(kept._postings.numbers)} {kept._searched}"


texts = st.lists(st.sampled_from(WORDS), max_size=10).map(" ".join)
names = st.sampled_from([f"p{number}" for number in range(12)])
steps = st.lists(st.one_of(st.tuples(names, texts), st.tuples(names, st.none())), max_size=40)


@settings(max_examples=150)
@given(steps, texts.filter(bool), st.integers(1, 5), st.sampled_from([(1.2, 0.75), (0.0, 0.5), (2.0, 0.0), (0.9, 1.0)]))
def test_after_any_changes_it_equals_an_index_made_anew(
    steps: list[tuple[str, str | None]], query: str, k: int, weights: tuple[float, float]
) -> None:
    shelf = Shelf()
    made = BM25(collection=shelf, k1=weights[0], b=weights[1])
    for name, text in steps:
        if text is not None:
            shelf.put(**{name: text})
        elif name in shelf.held:
            shelf.drop(name)
        anew = BM25(collection=PassageList(items=tuple(shelf.passages())), k1=weights[0], b=weights[1])
        found = search(made, query, k)
        # Ids of one digit and two: the order of the live collection is that of the ids as texts, which is that of the list.
        assert found == search(anew, query, k)
        assert search(made, query) == search(anew, query)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(0, 499), texts), min_size=100, max_size=300), texts.filter(bool))
def test_so_it_does_through_compactions(writes: list[tuple[int, str]], query: str) -> None:
    shelf = Shelf()
    shelf.put(**{f"p{number:03}": WORDS[number % len(WORDS)] + " the" for number in range(400)})
    made = BM25(collection=shelf)
    for number, text in writes:
        name = f"p{number:03}"
        if name in shelf.held and not text:
            shelf.drop(name)
        else:
            shelf.put(**{name: text})
        search(made, "the", 1)
    anew = BM25(collection=PassageList(items=tuple(shelf.passages())))
    assert search(made, query) == search(anew, query)
    assert postings(made).size < 2 * len(shelf.held) + 100


def test_what_was_removed_leaves_memory() -> None:
    shelf = Shelf()
    shelf.put(**{f"p{number}": f"text number{number} of all" for number in range(300)})
    shelf.put(secret="Hieronymus has gonorrhoea", other="Hieronymus wrote")
    made = BM25(collection=shelf, tokens="words", stem="", stop="")
    assert [name for name, _ in search(made, "gonorrhoea")] == ["secret"]
    shelf.drop("secret")
    assert search(made, "gonorrhoea") == []
    gc.collect()
    assert "gonorrhoea" not in full_text(made)
    assert "secret" not in full_text(made)
    assert "hieronymus" in full_text(made)
    shelf.drop(*(f"p{number}" for number in range(200)))
    search(made, "text")
    held = postings(made)
    assert held.size == held.alive == 101
    assert len(held._places) == sum(len(set(text.split())) for text in shelf.held.values())
    assert "number7" not in held.numbers


def test_an_update_is_visible_at_once_and_the_old_text_never_again() -> None:
    shelf = Shelf()
    shelf.put(a="zelvarine 40 mg", b="insulin")
    made = BM25(collection=shelf)
    assert [name for name, _ in search(made, "40")] == ["a"]
    shelf.put(a="zelvarine 20 mg")
    assert search(made, "40") == []
    assert [name for name, _ in search(made, "20")] == ["a"]
    shelf.drop("a", "b")
    assert search(made, "zelvarine insulin") == []
    shelf.put(c="zelvarine again")
    assert [name for name, _ in search(made, "zelvarine")] == ["c"]


def test_searches_in_other_threads_see_one_state_or_the_other() -> None:
    """Every text of a state carries its number: no result may hold two numbers, nor one older than what was told."""
    shelf = Shelf()
    told, broken, done = [0], [], threading.Event()
    shelf.put(**{f"p{number}": "drug dose v0" for number in range(40)})

    made = BM25(collection=shelf)

    def read() -> None:
        while not done.is_set():
            least = told[0]
            found = asyncio.run(made.search("drug dose", 100))
            states = {int(passage.text.rsplit("v", 1)[1]) for passage, _ in found}
            if len(found) != 40 or len(states) != 1 or min(states) < least:
                broken.append((len(found), states, least))

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for version in range(1, 51):
        shelf.put(**{f"p{number}": f"drug dose v{version}" for number in range(40)})
        told[0] = version
    done.set()
    for reader in readers:
        reader.join()
    assert broken == []


def test_many_first_searches_at_once_build_one_index() -> None:
    made = BM25(collection=PassageList(items=tuple(Passage(id=str(n), text=f"heart {n}") for n in range(500))))

    async def all_of_them() -> list[list[tuple[Passage, float]]]:
        return list(await asyncio.gather(*(made.search("heart 7", 3) for _ in range(12))))

    first, *others = asyncio.run(all_of_them())
    assert first[0][0].id == "7"
    assert all(other == first for other in others)


def test_what_is_known_beside_the_text_can_be_searched_and_is_not_shown() -> None:
    shelf = Shelf()
    shelf.put(a="It pumps.", b="It filters.")
    assert isinstance(shelf, Live)
    assert isinstance(shelf, Described)
    made = BM25(collection=shelf, about=("title",))
    (found,) = asyncio.run(made.search("leaflet a", 1))
    assert found[0] == Passage(id="a", text="It pumps.")
    shelf.put(a="It beats.")
    assert [name for name, _ in search(made, "leaflet beats")] == ["a", "b"]
    shelf.drop("a")
    assert [name for name, _ in search(made, "leaflet a")] == ["b"]
    with pytest.raises(SpecError, match="knows nothing"):
        BM25(collection=PassageList(), about=("title",))
