"""Dense retrieval over fixed and live collections: order, ties, updates, queries of another encoder, the cache."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import block, block_id, from_spec, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import Passage
from osler.knowledge.dense import Dense
from osler.knowledge.document import Document
from osler.knowledge.passages import Changes, Index, PassageList
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.knowledge.vectors import graph_installed
from osler.models.embedding import Embedded
from osler.models.encoder import Encoder

EMBEDDED: list[str] = []
HELD: dict[str, str] = {}
LOG: list[tuple[str, str]] = []


@block
class WordHash:
    """Every word has a random direction; a text is their sum. Counts what it embeds."""

    width: int = 256
    salt: str = ""

    async def embed(self, texts: Sequence[str]) -> Any:
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        EMBEDDED.extend(texts)
        made = np.array([self._vector(text) for text in texts], np.float32).reshape(len(texts), self.width)
        return Embedded(made, np.ones(len(texts), np.int64))

    def _vector(self, text: str) -> Any:
        if text == "break":
            raise ModelError("the encoder broke")
        found = np.zeros(self.width)
        for word in text.lower().split():
            seed = int.from_bytes(hashlib.blake2b((self.salt + word).encode(), digest_size=4).digest(), "big")
            found += np.random.default_rng(seed).normal(size=self.width)
        return found


@block
class Changing:
    """A live collection that the test changes."""

    def passages(self) -> Sequence[Passage]:
        return [Passage(id=name, text=text) for name, text in HELD.items()]

    def generation(self) -> int:
        return len(LOG)

    def changes(self, since: int) -> Changes:
        touched = dict.fromkeys(name for name, _ in LOG[since:])
        added = tuple(Passage(id=name, text=HELD[name]) for name in touched if name in HELD)
        return Changes(len(LOG), tuple(touched), added)

    def put(self, name: str, text: str | None) -> None:
        if text is None:
            HELD.pop(name, None)
        else:
            HELD[name] = text
        LOG.append((name, text or ""))


@pytest.fixture(autouse=True)
def _clean() -> None:
    EMBEDDED.clear()
    HELD.clear()
    LOG.clear()


def listed(texts: Mapping[str, str]) -> PassageList:
    return PassageList(items=tuple(Passage(id=name, text=text) for name, text in texts.items()))


def ids(index: Dense, query: str, k: int = 3) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(index.search(query, k))]


TEXTS = {"a": "fever and cough", "b": "metformin in diabetes", "c": "hip fracture", "d": "insulin in diabetes"}


def test_it_is_an_index_and_the_nearest_come_first() -> None:
    index = Dense(collection=listed(TEXTS), encoder=WordHash(), cache="")
    assert isinstance(index, Index)
    assert ids(index, "hip fracture", 1) == ["c"]
    assert set(ids(index, "diabetes", 2)) == {"b", "d"}
    hits = asyncio.run(index.search("fever and cough", 10))
    assert len(hits) == 4
    assert hits[0][1] == pytest.approx(1)
    assert [score for _, score in hits] == sorted((score for _, score in hits), reverse=True)
    assert ids(index, "fever", 0) == []
    assert EMBEDDED.count("hip fracture") == 2  # the passage once, the query once
    assert from_spec(to_spec(index)) == index
    assert block_id(index) == block_id(Dense(collection=listed(TEXTS), encoder=WordHash(), cache="elsewhere"))


def test_nothing_to_search_gives_nothing() -> None:
    assert ids(Dense(collection=PassageList(), encoder=WordHash(), cache=""), "fever") == []


def test_equal_scores_stand_in_the_order_of_ids() -> None:
    index = Dense(collection=listed(dict.fromkeys("zcab", "the same text")), encoder=WordHash(), cache="")
    assert ids(index, "the same", 3) == ["a", "b", "c"]


def test_dot_products_count_length_and_cosines_do_not() -> None:
    texts = {"long": "fever fever fever fever cough", "short": "fever"}
    assert ids(Dense(collection=listed(texts), encoder=WordHash(), similarity="dot", cache=""), "fever", 1) == ["long"]
    assert ids(Dense(collection=listed(texts), encoder=WordHash(), cache=""), "fever", 1) == ["short"]


def test_queries_may_have_an_encoder_of_their_own() -> None:
    other = Dense(collection=listed(TEXTS), encoder=WordHash(), query_encoder=WordHash(salt="x"), cache="")
    hits = asyncio.run(other.search("hip fracture", 1))
    assert hits[0][1] < 0.9
    wrong = Dense(collection=listed(TEXTS), encoder=WordHash(), query_encoder=WordHash(width=8), cache="")
    with pytest.raises(SpecError, match="vectors of 8 numbers"):
        ids(wrong, "fever")
    with pytest.raises(SpecError):
        Dense(exact_below=-1)


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(st.sampled_from("abcdef"), st.one_of(st.none(), st.sampled_from([*TEXTS.values(), "cough", "pain"]))),
        max_size=12,
    ),
    st.lists(st.integers(0, 11), max_size=3),
)
def test_a_live_index_is_always_what_a_fresh_one_is(steps: list[tuple[str, str | None]], looks: list[int]) -> None:
    HELD.clear()
    LOG.clear()
    live = Dense(collection=Changing(), encoder=WordHash(), cache="")
    for number, (name, text) in enumerate(steps):
        Changing().put(name, text)
        if number in looks:
            ids(live, "diabetes")
    fresh = Dense(collection=listed(HELD), encoder=WordHash(), cache="")
    for query in ("diabetes", "cough", "hip pain"):
        got = asyncio.run(live.search(query, 4))
        assert [passage for passage, _ in got] == [passage for passage, _ in asyncio.run(fresh.search(query, 4))]


def test_only_what_changed_is_embedded_and_a_failure_is_tried_again() -> None:
    for name, text in TEXTS.items():
        Changing().put(name, text)
    index = Dense(collection=Changing(), encoder=WordHash(), cache="")
    assert ids(index, "cough", 1) == ["a"]
    EMBEDDED.clear()
    Changing().put("e", "break")
    Changing().put("a", None)
    with pytest.raises(ModelError):
        ids(index, "cough")
    Changing().put("e", "dry cough")
    assert ids(index, "cough", 1) == ["e"]
    assert "dry cough" in EMBEDDED
    assert not {"hip fracture", "fever and cough"} & set(EMBEDDED)


def test_searches_of_several_threads_and_loops_see_every_change() -> None:
    index = Dense(collection=Changing(), encoder=WordHash(), cache="")
    wrong: list[Any] = []

    def search() -> None:
        for turn in range(30):
            Changing().put(f"{threading.get_ident()}-{turn}", f"word{turn} {threading.get_ident()}")
            found = ids(index, f"word{turn} {threading.get_ident()}", 1)
            if found != [f"{threading.get_ident()}-{turn}"]:
                wrong.append(found)

    threads = [threading.Thread(target=search) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_many_searches_at_once_are_what_they_are_alone() -> None:
    index = Dense(
        collection=listed({f"p{n}": f"word{n % 50} word{n % 7}" for n in range(300)}), encoder=WordHash(), cache=""
    )

    async def together() -> list[Any]:
        return await asyncio.gather(*(index.search(f"word{n}", 5) for n in range(40)))

    assert asyncio.run(together()) == [asyncio.run(index.search(f"word{n}", 5)) for n in range(40)]


@pytest.mark.skipif(not graph_installed(), reason="usearch is not installed")
def test_above_the_limit_a_graph_is_searched_and_stays_live() -> None:
    for number in range(120):
        Changing().put(f"p{number:03}", f"word{number} common")
    exact = Dense(collection=Changing(), encoder=WordHash(), cache="")
    graph = Dense(collection=Changing(), encoder=WordHash(), exact_below=100, cache="")
    assert [ids(graph, f"word{n}", 1) for n in range(50)] == [ids(exact, f"word{n}", 1) for n in range(50)]
    assert type(graph._index._vectors).__name__ == "Graph"
    Changing().put("p007", None)
    Changing().put("p999", "word7 common")
    assert ids(graph, "word7", 1) == ["p999"]
    assert graph.note == exact.note == ""


def test_a_second_process_embeds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = {f"p{n}": f"word{n} word{n + 1}" for n in range(100)}
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    told: list[tuple[int, int]] = []
    for cache in (str(tmp_path / "own"), "user"):
        EMBEDDED.clear()
        first = Dense(collection=listed(texts), encoder=WordHash(), cache=cache)
        assert asyncio.run(first.build(lambda done, total: told.append((done, total)))) == 100
        assert len(EMBEDDED) == 100
        second = Dense(collection=listed(texts), encoder=WordHash(), cache=cache, exact_below=50_000)
        assert ids(second, "word5") == ids(first, "word5")
        assert len(EMBEDDED) == 102
    assert told == [(100, 100)] * 2
    assert (tmp_path / "home" / "osler" / "vectors").is_dir()
    assert ids(Dense(collection=listed(texts), encoder=WordHash(salt="y"), cache=cache), "word5")
    assert len(EMBEDDED) == 102 + 101  # another space


def test_a_store_keeps_the_vectors_of_its_documents_and_drops_them_with_them(tmp_path: Path) -> None:
    store = KnowledgeStore(tmp_path / "kb", create=True)
    store.create(Document(id="fever", text="Fever and cough."))
    store.create(Document(id="hip", text="A fracture of the hip."))
    held = Stored(path=str(tmp_path / "kb"))
    assert ids(Dense(collection=held, encoder=WordHash()), "hip")[0].startswith("hip/v1/")
    EMBEDDED.clear()
    index = Dense(collection=Stored(path=str(tmp_path / "kb"), day="2026-03-01"), encoder=WordHash())
    assert ids(index, "hip")[0].startswith("hip/v1/")
    assert EMBEDDED == ["hip"]
    store.update(Document(id="hip", text="A fracture of the femur."))
    assert ids(index, "femur", 1)[0].startswith("hip/v2/")
    assert store.delete("hip", why="withdrawn").vectors == 2
    assert [name.partition("/")[0] for name in ids(index, "femur")] == ["fever"]


def test_the_embedded_encoder_finds_by_meaning_and_forgets_what_was_deleted(tmp_path: Path) -> None:
    store = KnowledgeStore(tmp_path / "kb", create=True)
    store.create(Document(id="bp", text="She is known to have hypertension."))
    store.create(Document(id="flat", text="He lives in a small flat."))
    index = Dense(collection=Stored(path=str(tmp_path / "kb")), encoder=Encoder())
    assert ids(index, "high blood pressure", 1)[0].startswith("bp/")
    store.delete("bp", why="withdrawn")
    assert len(ids(index, "high blood pressure", 5)) == 1
    from osler.models.minilm import load

    assert load().cached(["She is known to have hypertension."]) is None
    assert load().cached(["He lives in a small flat."]) is not None
