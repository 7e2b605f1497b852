"""Where vectors of passages are kept between processes: with the documents of a knowledge store, else in a cache."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError
from osler.core.types import Passage
from osler.knowledge.passages import Collection
from osler.knowledge.stored import Stored
from osler.models.embedding_cache import EmbeddingCache, user_cache
from osler.models.vector_memory import text_key

Floats = NDArray[np.float32]
_WORTH = 64  # passages embedded at once from which on a file is made: fewer are embedded again within a second


class KeepsVectors(Protocol):
    """A store that keeps vectors of passages by encoder and the passages' ids, and drops them with their document."""

    def vectors(self, encoder: str, keys: Iterable[str]) -> dict[str, Floats]: ...
    def put_vectors(self, encoder: str, rows: Iterable[tuple[str, Any]]) -> int: ...


class Shelf(Protocol):
    """Vectors of passages in one space, by the passages' ids."""

    def get(self, space: str, passages: Sequence[Passage]) -> Mapping[str, Floats]: ...
    def put(self, space: str, passages: Sequence[Passage], vectors: Floats) -> None: ...


def shelf_of(collection: Collection, cache: str) -> Shelf:
    """The shelf for ``collection``; ``cache`` is a folder, "user" or "" for none, and counts for collections that stand in
    no knowledge store."""
    if isinstance(collection, Stored):
        return _Kept(collection.store)
    if not cache:
        return _Nowhere()
    return _Cached(user_cache() if cache == "user" else Path(cache))


class _Kept:
    def __init__(self, keeper: KeepsVectors) -> None:
        self._keeper = keeper

    def get(self, space: str, passages: Sequence[Passage]) -> Mapping[str, Floats]:
        return self._keeper.vectors(space, [passage.id for passage in passages])

    def put(self, space: str, passages: Sequence[Passage], vectors: Floats) -> None:
        names = (passage.id for passage in passages)
        # A store that another process holds, or that may only be read, is searched all the same: its vectors are made
        # again next time.
        with contextlib.suppress(DataError):
            self._keeper.put_vectors(space, zip(names, vectors, strict=True))


class _Cached:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, space: str, passages: Sequence[Passage]) -> Mapping[str, Floats]:
        keys = {passage.id: text_key(passage.text) for passage in passages}
        found = EmbeddingCache(self._folder, space).get(list(dict.fromkeys(keys.values())))
        return {name: found[key] for name, key in keys.items() if key in found}

    def put(self, space: str, passages: Sequence[Passage], vectors: Floats) -> None:
        if len(passages) >= _WORTH:
            keys = [text_key(passage.text) for passage in passages]
            EmbeddingCache(self._folder, space).put(dict(zip(keys, vectors, strict=True)))


class _Nowhere:
    def get(self, space: str, passages: Sequence[Passage]) -> Mapping[str, Floats]:
        return {}

    def put(self, space: str, passages: Sequence[Passage], vectors: Floats) -> None:
        return None
