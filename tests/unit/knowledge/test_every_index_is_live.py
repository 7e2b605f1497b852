"""Every index over a knowledge store gives what holds now: nothing outdated, superseded, expired or deleted comes back."""

from __future__ import annotations

import asyncio
import functools
import gc
import importlib
import pkgutil
import zlib
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType, FunctionType, ModuleType
from typing import Any, get_type_hints

import numpy as np
import orjson
import pytest

import osler.knowledge
from osler.core.block import block, blocks
from osler.core.errors import SpecError
from osler.core.store import Store
from osler.core.types import Prompt, Reply
from osler.knowledge.bm25 import BM25
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.dense import Dense
from osler.knowledge.diverse import Diverse
from osler.knowledge.document import Document
from osler.knowledge.documents_first import DocumentsFirst
from osler.knowledge.expansion import Abbreviations, Expanded
from osler.knowledge.filtered import Filtered
from osler.knowledge.fusion import Fused, Weighted
from osler.knowledge.graph.graph_search import GraphSearch
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.stored_triples import StoredTriples
from osler.knowledge.passages import Index
from osler.knowledge.rerank import Reranked
from osler.knowledge.rerank_features import FeatureReranker
from osler.knowledge.simulated_index import SimulatedIndex
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.stored import Stored
from osler.knowledge.subset import Subset
from osler.knowledge.term_match import TermMatch
from osler.knowledge.topic import Topic
from osler.models.cache import _sent
from osler.models.embedding import Embedded
from osler.models.minilm import Floats

WIDTH = 256
MAKER = "by hand"
QUERY = "zelvarine"
TODAY = datetime.now(UTC).date()


@block
class HashedWords:
    """An encoder whose vectors count words by their hash, of length one."""

    async def embed(self, texts: Sequence[str]) -> Floats:
        rows = np.full((len(texts), WIDTH), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in text.casefold().replace(".", " ").replace(",", " ").split():
                row[zlib.crc32(word.encode()) % WIDTH] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        return Embedded(await self.embed(texts), np.ones(len(texts), np.int64))


def lexical(held: Stored) -> BM25:
    return BM25(collection=held)


def dense(held: Stored) -> Dense:
    return Dense(collection=held, encoder=HashedWords())


def graph(held: Stored, **more: Any) -> GraphSearch:
    triples = StoredTriples(path=held.path, maker=MAKER, as_of=held.as_of, day=held.day)
    return GraphSearch(graph=KnowledgeGraph(sources=(triples,)), **more)


WORDS_ONLY = FeatureReranker(encoder=None)
EVERY: dict[str, Callable[[Stored], Index]] = {
    "BM25": lexical,
    "BM25 with titles": lambda held: BM25(collection=held, about=("title",)),
    "BM25, plain words": lambda held: BM25(collection=held, tokens="words", stem="", stop=""),
    "Dense": dense,
    "Dense, dot": lambda held: Dense(collection=held, encoder=HashedWords(), similarity="dot"),
    "Fused": lambda held: Fused(indexes=(lexical(held), dense(held))),
    "Weighted": lambda held: Weighted(indexes=(lexical(held), dense(held)), weights=(0.4, 0.6)),
    "Weighted, z": lambda held: Weighted(indexes=(lexical(held), dense(held)), weights=(1, 1), scale="z"),
    "Filtered": lambda held: Filtered(inner=lexical(held), where={"language": "en"}),
    "Filtered, two kinds": lambda held: Filtered(
        inner=Fused(indexes=(lexical(held), dense(held))), where={"language": {"language": "en"}}, missing=True
    ),
    "Filtered documents": lambda held: Filtered(inner=DocumentsFirst(index=lexical(held)), where={"language": "en"}),
    "Expanded": lambda held: Expanded(inner=lexical(held), names=(Abbreviations(more={"ZLV": QUERY}),)),
    "Expanded, dense": lambda held: Expanded(inner=dense(held), names=(Abbreviations(more={"ZLV": QUERY}),)),
    "Diverse": lambda held: Diverse(inner=lexical(held), encoder=HashedWords()),
    "Reranked": lambda held: Reranked(inner=lexical(held), scorer=WORDS_ONLY),
    "Reranked, dense": lambda held: Reranked(inner=dense(held), scorer=WORDS_ONLY, depth=1, blend=0.5),
    "DocumentsFirst": lambda held: DocumentsFirst(index=lexical(held)),
    "DocumentsFirst, dense": lambda held: DocumentsFirst(index=dense(held)),
    "TermMatch": lambda held: TermMatch(collection=held),
    "TermMatch in rows": lambda held: TermMatch(collection=held, rows=2, words=0),
    "SimulatedIndex": lambda held: SimulatedIndex(collection=held, finds=1.0, gold={QUERY: "zelvarine/v1/0-34"}),
    "GraphSearch": graph,
    "GraphSearch, one relation": lambda held: graph(held, relations=("dose",)),
}
each = pytest.mark.parametrize("kind", list(EVERY))


def write(store: KnowledgeStore, name: str, text: str, **more: Any) -> str:
    """Put a document and what an extractor would read out of it; gives the span of all of its text."""
    version = store.put([Document(id=name, text=text, **more)])[0]
    return extract(store, name, version.number, text)


def extract(store: KnowledgeStore, name: str, number: int, text: str) -> str:
    span = f"{name}/v{number}/0-{len(text)}"
    words = text.rstrip(".").split()
    store.put_triples(MAKER, [(span, [(words[0].casefold(), "dose", words[-2], words[0], " ".join(words[-2:]))])])
    return span


def said(index: Index, query: str = QUERY, k: int = 50) -> str:
    """The texts and ids of all that is found, for a search by name."""
    hits = asyncio.run(index.search(query, k))
    return " | ".join(f"{passage.id}: {passage.text}" for passage, _ in hits)


def opened(folder: Path) -> KnowledgeStore:
    return KnowledgeStore(folder / "store", create=True)


def stored(folder: Path, **more: Any) -> Stored:
    return Stored(path=str(folder / "store"), chunk=Sentences(per=1), **more)


@each
def test_every_change_is_in_the_next_search_and_nothing_older(kind: str, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        write(store, "other", "Insulin is dosed at 6 units.")
        index = EVERY[kind](stored(tmp_path))
        assert QUERY not in said(index).casefold()
        write(store, "zelvarine", "Zelvarine is dosed at 40 mg.")
        assert "40 mg" in said(index)
        write(store, "zelvarine", "Zelvarine is dosed at 20 mg.")
        assert "20 mg" in said(index)
        assert "40 mg" not in said(index)
        store.supersede("zelvarine", Document(id="zelvarine-2027", text="Zelvarine is dosed at 10 mg."))
        extract(store, "zelvarine-2027", 1, "Zelvarine is dosed at 10 mg.")
        found = said(index)
        assert "10 mg" in found
        assert not any(old in found for old in ("20 mg", "40 mg", "zelvarine/v"))
        write(store, "zelvarine-2027", "Zelvarine is dosed at 10 mg.", valid_to=TODAY.isoformat())
        assert "10 mg" not in said(index)
        write(store, "zelvarine-2027", "Zelvarine is dosed at 5 mg.")
        assert "5 mg" in said(index)
        store.delete("zelvarine-2027", why="withdrawn")
        assert QUERY not in said(index).removeprefix(QUERY).casefold()
        store.delete("other", why="all of it")
        assert said(index) == said(index, "insulin units") == ""


@each
def test_what_ends_or_begins_at_midnight_does_so_without_a_write(kind: str, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        write(store, "old", "Zelvarine is dosed at 40 mg.", valid_to=TODAY.isoformat())
        write(store, "new", "Zelvarine is dosed at 20 mg.", valid_from=TODAY.isoformat())
        now = said(EVERY[kind](stored(tmp_path)))
        assert "20 mg" in now
        assert "40 mg" not in now
        before = said(EVERY[kind](stored(tmp_path, day=(TODAY - timedelta(days=1)).isoformat())))
        assert "40 mg" in before
        assert "20 mg" not in before


@each
def test_the_past_is_what_it_was_until_a_deletion(kind: str, tmp_path: Path) -> None:
    with opened(tmp_path) as store:
        write(store, "zelvarine", "Zelvarine is dosed at 40 mg.")
        past = EVERY[kind](stored(tmp_path, as_of="#1"))
        before = said(past)
        assert "40 mg" in before
        write(store, "zelvarine", "Zelvarine is dosed at 20 mg.")
        write(store, "third", "Zelvarine is dosed at 3 mg.")
        assert said(past) == before == said(EVERY[kind](stored(tmp_path, as_of="#1")))
        store.delete("zelvarine", why="erasure")
        assert said(past) == said(EVERY[kind](stored(tmp_path, as_of="#1"))) == ""
        assert said(EVERY[kind](stored(tmp_path))).count("3 mg") == 1


@each
def test_no_deleted_text_stays_in_memory_after_the_next_search(kind: str, tmp_path: Path) -> None:
    mark = f"quorvex{zlib.crc32(kind.encode())}"
    with opened(tmp_path) as store:
        held = stored(tmp_path)
        index = EVERY[kind](held)
        for number in range(12):
            write(store, f"other{number}", f"Insulin number {number} is dosed at {number} units.")
        write(store, "zelvarine", f"Zelvarine {mark} is dosed at 40 {mark}.", title=f"On {mark}", meta={"of": mark})
        assert mark in said(index)
        assert [*held.passages()]
        for passage, _ in asyncio.run(index.search(QUERY, 50)):
            held.about(passage.id)
            if isinstance(index, GraphSearch):
                index.about(passage.id)
        del passage
        assert list(reachable(index, mark))
        store.delete("zelvarine", why="erasure")
        said(index)
        assert not list(reachable(index, mark))
        assert mark.encode() not in b"".join(file.read_bytes() for file in (tmp_path / "store").iterdir())


def reachable(root: Any, mark: str) -> Iterable[str]:
    """Texts that hold ``mark`` among all that can be reached from ``root`` and from the caches of the functions here."""
    # By type(): isinstance asks an object for its class, at which lazy modules of other libraries load and warn.
    caches = [one for one in gc.get_objects() if type(one) is functools._lru_cache_wrapper]
    queue = [root, *(one for one in caches if str(one.__module__).startswith("osler."))]
    seen = {id(one) for one in queue}
    while queue:
        item = queue.pop()
        if isinstance(item, str) and mark in item:
            yield item
        if isinstance(item, (ModuleType, FunctionType, FrameType, type)):
            continue
        for part in gc.get_referents(item):
            if id(part) not in seen:
                seen.add(id(part))
                queue.append(part)


def test_every_kind_of_index_is_among_them() -> None:
    for module in pkgutil.walk_packages(osler.knowledge.__path__, "osler.knowledge."):
        importlib.import_module(module.name)
    kinds = {
        name
        for name, kind in blocks().items()
        if kind.__module__.startswith("osler.knowledge.") and callable(getattr(kind, "search", None))
    }
    assert kinds == {kind.split(",")[0].split()[0] for kind in EVERY}


def test_what_is_drawn_once_from_a_collection_is_not_drawn_from_one_that_changes(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="changes"):
        Subset(collection=stored(tmp_path))
    with pytest.raises(SpecError, match="changes"):
        Topic(collection=stored(tmp_path))
    assert get_type_hints(Subset)["collection"] == get_type_hints(Topic)["collection"]


@pytest.mark.parametrize("kind", [kind for kind in EVERY if kind != "SimulatedIndex"])
def test_answers_that_saw_a_document_are_forgotten_whatever_index_showed_it(kind: str, tmp_path: Path) -> None:
    """A study's store finds them by the ids of passages: those of chunks and of paths in a graph name every document."""
    with opened(tmp_path) as store, Store(tmp_path / "runs.sqlite") as runs:
        for number in range(3):
            write(store, f"part{number}", f"Zelvarine is dosed at 40{number} mg.")
        hits = asyncio.run(EVERY[kind](stored(tmp_path)).search(QUERY, 50))
        shown = tuple(passage for passage, _ in hits)
        request = orjson.dumps(
            ("generate", "model", _sent(Prompt(id="q", question="Dose?", evidence=shown).messages()))
        )
        for number in range(3):
            key = f"reply {number}"
            asyncio.run(runs.put_reply(key, request, Reply(text="yes", key=key, model="m"), study="s"))
            assert runs.forget(f"part{number}").replies == 1
            assert runs.reply(key) is None
    assert b"Zelvarine is dosed" not in (tmp_path / "runs.sqlite").read_bytes()
