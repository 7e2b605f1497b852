"""The state behind ``Dense``: passages, their vectors, and searches that are collected into one product."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.following import Following
from osler.knowledge.passages import Collection
from osler.knowledge.vector_shelf import shelf_of
from osler.knowledge.vectors import Exact, Floats, Graph, Near, Vectors, graph_installed
from osler.models.batching import Batcher
from osler.models.embedding import embed_with, queries_with, space_of

_TEXTS_AT_ONCE = 1024  # embedded between two writes to the cache: what a killed build loses
Progress = Callable[[int, int], None]


class DenseIndex:
    """Safe to search and to bring up to date from several threads and event loops at once."""

    def __init__(
        self,
        collection: Collection,
        encoder: Any,
        query_encoder: Any,
        *,
        cosine: bool,
        exact_below: int,
        cache: str,
    ) -> None:
        self._following = Following(collection)
        self._encoder, self._query_encoder = encoder, query_encoder
        self._cosine, self._exact_below = cosine, exact_below
        self._shelf = shelf_of(collection, cache)
        self._numbers = itertools.count()
        self._slots: dict[str, int] = {}
        self._passages: dict[int, Passage] = {}
        self._vectors: Vectors | None = None
        self._width = 0
        self._lock = threading.Lock()  # held for changes and products, never while texts are embedded
        self._progress: Progress | None = None
        self._batcher: Batcher[tuple[Floats, int], list[tuple[Passage, float]]] = Batcher(
            self._answer, budget=256, wait_s=0.0
        )

    @property
    def behind(self) -> bool:
        return self._following.behind

    @property
    def note(self) -> str:
        if isinstance(self._vectors, Exact) and len(self._vectors) > self._exact_below:
            return (
                f"all {len(self._vectors):,} vectors are compared with each query: usearch is not installed "
                '(pip install "osler[search]")'
            )
        return ""

    def catch_up(self, progress: Progress | None = None) -> int:
        """Bring in what has changed; for a thread, since embedding takes long."""
        if progress is not None:
            self._progress = progress
        return self._following.catch_up(self)

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """The ``k`` nearest passages in the present state."""
        if not self._slots:
            return []
        vector = self._scaled((await queries_with(self._query_encoder, [query])).vectors)[0]
        if len(vector) != self._width:
            raise SpecError(
                f"dense.query_encoder gives vectors of {len(vector)} numbers and dense.encoder of {self._width}",
                hint="use two encoders that were trained together",
            )
        # A thread costs half a millisecond, so what is quicker is done here, unless somebody is at work with the vectors.
        if self._held.quick and self._lock.acquire(blocking=False):
            try:
                return self._found([(vector, k)])[0]
            finally:
                self._lock.release()
        return await self._batcher.submit((vector, k), key=k)

    def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None:
        """Embed ``added``, then change both at once. Ties of the graph follow the order in which passages came."""
        vectors = self._scaled(self._embedded(added)) if added else None
        with self._lock:
            self._drop(removed)
            if vectors is None:
                return
            self._drop([passage.id for passage in added])
            self._room(vectors.shape[1], len(self._slots) + len(added))
            numbers = list(itertools.islice(self._numbers, len(added)))
            self._held.add(numbers, vectors)
            self._slots.update(zip((passage.id for passage in added), numbers, strict=True))
            self._passages.update(zip(numbers, added, strict=True))

    @property
    def _held(self) -> Vectors:
        assert self._vectors is not None, "vectors are made by the first passages"
        return self._vectors

    def _drop(self, ids: Sequence[str]) -> None:
        known = [name for name in ids if name in self._slots]
        numbers = [self._slots.pop(name) for name in known]
        if numbers:
            self._held.remove(numbers)
            texts = [self._passages.pop(number).text for number in numbers]
            if hasattr(self._encoder, "forget"):  # what was deleted leaves the encoder's memory, too
                self._encoder.forget(texts)

    def _room(self, width: int, count: int) -> None:
        """Make the form of vectors that ``count`` of them ask for. A graph stays one: it was paid for."""
        if self._vectors is None:
            self._vectors, self._width = Exact(width), width
        if count > self._exact_below and isinstance(self._vectors, Exact) and graph_installed():
            graph = Graph(width)
            graph.add(*self._vectors.all())
            self._vectors = graph

    def _embedded(self, passages: Sequence[Passage]) -> Floats:
        """Vectors ``[n, width]`` of ``passages``: what the shelf has, the rest embedded and put there block by block."""
        space = space_of(self._encoder)
        known = self._shelf.get(space, passages)
        rows = [row for row, passage in enumerate(passages) if passage.id not in known]
        out = np.empty((0, 0), np.float32)
        if known:
            out = np.empty((len(passages), len(next(iter(known.values())))), np.float32)
        for start in range(0, len(rows), _TEXTS_AT_ONCE):
            some = rows[start : start + _TEXTS_AT_ONCE]
            block = [passages[row] for row in some]
            # A loop of its own: this thread has none, and an encoder belongs to no loop.
            made = asyncio.run(embed_with(self._encoder, [passage.text for passage in block])).vectors
            if not out.size:
                out = np.empty((len(passages), made.shape[1]), np.float32)
            out[some] = made
            self._shelf.put(space, block, made)
            if self._progress is not None:
                self._progress(len(known) + start + len(some), len(passages))
        for row, passage in enumerate(passages):
            if passage.id in known:
                out[row] = known[passage.id]
        return out

    def _scaled(self, vectors: Floats) -> Floats:
        if not self._cosine:
            return vectors
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)

    def _answer(self, asked: Sequence[tuple[Floats, int]]) -> list[list[tuple[Passage, float]]]:
        """One batch of queries that want as many passages each."""
        with self._lock:
            return self._found(asked)

    def _found(self, asked: Sequence[tuple[Floats, int]]) -> list[list[tuple[Passage, float]]]:
        k = asked[0][1]
        if not self._slots:
            return [[] for _ in asked]
        found = self._held.near(np.stack([vector for vector, _ in asked]), k)
        return [self._best(near, k) for near in found]

    def _best(self, near: Near, k: int) -> list[tuple[Passage, float]]:
        hits = [(self._passages[int(key)], float(score)) for key, score in zip(near.keys, near.scores, strict=True)]
        return sorted(hits, key=lambda hit: (-hit[1], hit[0].id))[:k]
