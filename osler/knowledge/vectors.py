"""Vectors by number, searched exactly or through a graph. The exact form is one matrix product."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
_MARGIN = 1e-5  # float32 products of other batch sizes differ by less, relative to the largest score
_QUICK = 1_000_000  # numbers of a matrix that a processor multiplies within about half a millisecond
_ROWS_AT_ONCE = 1 << 22  # scores of one block of queries: 16 MiB


class Near(NamedTuple):
    """``keys`` of the nearest vectors, best first, and their ``scores`` (dot products)."""

    keys: NDArray[np.int64]
    scores: NDArray[np.float64]


class Vectors(Protocol):
    """Vectors of one width under whole numbers as keys. Not safe to change while it is searched.

    ``quick``: whether a search takes less than about a millisecond, and many at once gain nothing.
    """

    @property
    def quick(self) -> bool: ...
    def __len__(self) -> int: ...
    def add(self, keys: Sequence[int], vectors: Floats) -> None: ...
    def remove(self, keys: Sequence[int]) -> None: ...
    def near(self, queries: Floats, k: int) -> list[Near]: ...
    def all(self) -> tuple[list[int], Floats]: ...


class Exact:
    """All vectors in one matrix without holes: a removed row is filled by the last one."""

    def __init__(self, width: int) -> None:
        self._matrix: Floats = np.zeros((0, width), np.float32)
        self._keys = np.zeros(0, np.int64)
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def quick(self) -> bool:
        return bool(self._matrix[: len(self)].size <= _QUICK)

    def add(self, keys: Sequence[int], vectors: Floats) -> None:
        """``vectors [n, width]`` under new ``keys``. Room grows by halves, so single inserts stay cheap."""
        start, stop = len(self), len(self) + len(keys)
        if stop > len(self._matrix):
            room = max(stop, len(self._matrix) * 3 // 2) if start else stop
            matrix = np.zeros((room, self._matrix.shape[1]), np.float32)
            matrix[:start] = self._matrix[:start]
            self._matrix, self._keys = matrix, np.resize(self._keys, room)
        self._matrix[start:stop] = vectors
        self._keys[start:stop] = keys
        self._rows.update(zip(keys, range(start, stop), strict=True))

    def remove(self, keys: Sequence[int]) -> None:
        for key in keys:
            row, last = self._rows.pop(key), len(self._rows)
            if row != last:
                self._matrix[row] = self._matrix[last]
                self._keys[row] = self._keys[last]
                self._rows[int(self._keys[row])] = row
            self._matrix[last] = 0  # a vector tells of its text, so nothing of it stays

    def near(self, queries: Floats, k: int) -> list[Near]:
        """The ``k`` best of each of ``queries [n, width]`` and all that tie with the last of them.

        Products of another batch size differ in their last bits, so the best are scored again one by one: what is
        found does not depend on what else was asked at the time.
        """
        count = len(self)
        if not count or k < 1:
            return [Near(np.zeros(0, np.int64), np.zeros(0)) for _ in queries]
        held, found = self._matrix[:count], []
        step = max(1, _ROWS_AT_ONCE // count)
        for start in range(0, len(queries), step):
            block = queries[start : start + step]
            scores = block @ held.T
            found += [self._best(query, row, k) for query, row in zip(block, scores, strict=True)]
        return found

    def _best(self, query: Floats, scores: Floats, k: int) -> Near:
        rows = np.arange(len(scores))
        if len(scores) > k:
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
            rows = np.flatnonzero(scores >= least - _MARGIN * max(1.0, float(np.abs(scores).max())))
        sharp = np.einsum("ij,j->i", self._matrix[rows].astype(np.float64), query.astype(np.float64))
        order = np.argsort(-sharp, kind="stable")
        if len(order) > k:
            order = order[sharp[order] >= sharp[order[k - 1]]]
        return Near(self._keys[rows[order]], sharp[order])

    def all(self) -> tuple[list[int], Floats]:
        """Every key and its vector, in the order of keys."""
        keys = sorted(self._rows)
        return keys, self._matrix[[self._rows[key] for key in keys]]


class Graph:
    """A navigable small-world graph (HNSW; Malkov and Yashunin 2016, arXiv:1603.09320) by usearch, vectors in bfloat16.

    Built by one thread, so that the same inserts in the same order give the same graph. Removal is real: the key is
    gone from results at once and its place is taken by the next insert.
    """

    def __init__(self, width: int, *, links: int = 16, breadth_add: int = 128, breadth_search: int = 96) -> None:
        if importlib.util.find_spec("onnxruntime"):
            importlib.import_module("onnxruntime")  # usearch 2.26.2 to 2.26.6 before it ends the process
        usearch: Any = importlib.import_module("usearch.index")
        self._index: Any = usearch.Index(
            ndim=width,
            metric="ip",
            dtype="bf16",
            connectivity=links,
            expansion_add=breadth_add,
            expansion_search=breadth_search,
        )
        self._breadth = breadth_search

    def __len__(self) -> int:
        return len(self._index)

    @property
    def quick(self) -> bool:
        return True

    def add(self, keys: Sequence[int], vectors: Floats) -> None:
        if len(keys):
            self._index.add(np.asarray(keys, np.uint64), np.ascontiguousarray(vectors, np.float32), threads=1)

    def remove(self, keys: Sequence[int]) -> None:
        for key in keys:
            self._index.remove(key)

    def near(self, queries: Floats, k: int) -> list[Near]:
        """About the ``k`` best of each of ``queries``; scores are products with the vectors in bfloat16."""
        count = min(k, len(self))
        if count < 1:
            return [Near(np.zeros(0, np.int64), np.zeros(0)) for _ in queries]
        self._index.expansion_search = max(self._breadth, 2 * count)
        found = []
        for query in queries:
            hits = self._index.search(np.ascontiguousarray(query, np.float32), count, threads=1)
            scores = 1.0 - np.asarray(hits.distances, np.float64)
            found.append(Near(np.asarray(hits.keys, np.int64), scores))
        return found

    def all(self) -> tuple[list[int], Floats]:
        keys = sorted(int(key) for key in self._index.keys)
        rows = self._index.get(np.asarray(keys, np.uint64)) if keys else np.zeros((0, self._index.ndim))
        return keys, np.asarray(rows, np.float32)


def graph_installed() -> bool:
    """Whether usearch, which holds large sets, is there (extra ``search``)."""
    return importlib.util.find_spec("usearch") is not None
