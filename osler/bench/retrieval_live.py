"""Osler's own indexes as engines of the retrieval benchmark, over a collection that the benchmark changes."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np

from osler.core.block import block
from osler.core.types import Passage
from osler.knowledge.passages import Changes, Index
from osler.models.embedding import Embedded


@block
class BenchPassages:
    """A live collection in memory. Ids are the numbers of the rows."""

    def passages(self) -> Sequence[Passage]:
        return list(self._held.values())

    def generation(self) -> int:
        return len(self._log)

    def changes(self, since: int) -> Changes:
        touched = tuple(dict.fromkeys(self._log[since:])) if since else tuple(self._held)
        added = tuple(self._held[name] for name in touched if name in self._held)
        return Changes(len(self._log), touched if since else (), added)

    def put(self, number: int, text: str) -> None:
        self._held[str(number)] = Passage(id=str(number), text=text)
        self._log.append(str(number))

    def drop(self, number: int) -> None:
        del self._held[str(number)]
        self._log.append(str(number))

    @property
    def _held(self) -> dict[str, Passage]:
        held: dict[str, Passage] = self.__dict__.setdefault("_passages", {})
        return held

    @property
    def _log(self) -> list[str]:
        log: list[str] = self.__dict__.setdefault("_touched", [])
        return log


@block
class BenchVectors:
    """An encoder that knows the vector of each text, so that the index alone is timed."""

    def know(self, text: str, vector: Any) -> None:
        self.__dict__.setdefault("_vectors", {})[text] = vector

    async def embed(self, texts: Sequence[str]) -> Any:
        return (await self.embedded(texts)).vectors

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        held = self.__dict__["_vectors"]
        return Embedded(np.array([held[text] for text in texts], np.float32), np.ones(len(texts), np.int64))


class OslerIndex:
    """An index over ``BenchPassages`` as an engine; rows are texts, or vectors where there is an ``encoder``."""

    changes = True

    def __init__(self, index: Index, collection: BenchPassages, encoder: BenchVectors | None = None) -> None:
        self._index, self._collection, self._encoder = index, collection, encoder
        # Not asyncio.Runner: it sets a signal handler at every call, which takes longer than a search.
        self._loop = asyncio.new_event_loop()
        weakref.finalize(self, self._loop.close)

    def build(self, rows: Any) -> None:
        for number, row in enumerate(rows):
            self.insert(number, row)
        self.search(rows[0], 1)

    def search(self, query: Any, k: int) -> Sequence[int]:
        found = self._loop.run_until_complete(self._index.search(self._text("query", query), k))
        return [int(passage.id) for passage, _ in found]

    def together(self, queries: Sequence[Any], k: int) -> None:
        """All of ``queries`` at once."""

        async def run() -> None:
            texts = [self._text(f"query {number}", query) for number, query in enumerate(queries)]
            await asyncio.gather(*(self._index.search(text, k) for text in texts))

        self._loop.run_until_complete(run())

    def insert(self, number: int, row: Any) -> None:
        self._collection.put(number, self._text(f"row {number}", row))

    def delete(self, number: int) -> None:
        self._collection.drop(number)

    def _text(self, name: str, row: Any) -> str:
        if self._encoder is None:
            return str(row)
        self._encoder.know(name, row)
        return name
