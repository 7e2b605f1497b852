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
_BREADTHS = (96, 128, 192, 256, 384, 512, 768)
_TRIED, _TRIED_K, _ENOUGH = 128, 10, 0.985
_SCORES_AT_ONCE = 1 << 22  # of some queries: 16 MiB


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
    """All vectors in blocks of ``rows`` without holes: a removed row is filled by the last one, and no insert moves the
    others."""

    def __init__(self, width: int, *, rows: int = 8192) -> None:
        self._width, self._each = width, rows
        self._blocks: list[Floats] = []
        self._keys = np.zeros(0, np.int64)
        self._rows: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def quick(self) -> bool:
        return len(self) * self._width <= _QUICK

    def add(self, keys: Sequence[int], vectors: Floats) -> None:
        """``vectors [n, width]`` under new ``keys``."""
        row, stop = len(self), len(self) + len(keys)
        while stop > self._each * len(self._blocks):
            self._blocks.append(np.zeros((self._each, self._width), np.float32))
        if stop > len(self._keys):
            self._keys = np.resize(self._keys, self._each * len(self._blocks))
        self._keys[row:stop] = keys
        self._rows.update(zip(keys, range(row, stop), strict=True))
        done = 0
        while done < len(keys):
            block, place = divmod(row + done, self._each)
            some = min(len(keys) - done, self._each - place)
            self._blocks[block][place : place + some] = vectors[done : done + some]
            done += some

    def remove(self, keys: Sequence[int]) -> None:
        for key in keys:
            row, last = self._rows.pop(key), len(self._rows)
            if row != last:
                self._row(row)[:] = self._row(last)
                self._keys[row] = self._keys[last]
                self._rows[int(self._keys[row])] = row
            self._row(last)[:] = 0  # a vector tells of its text, so nothing of it stays
        while len(self._blocks) > 1 and len(self) <= self._each * (len(self._blocks) - 2):
            self._blocks.pop()

    def near(self, queries: Floats, k: int) -> list[Near]:
        """The ``k`` best of each of ``queries [n, width]`` and all that tie with the last of them.

        Products of another batch size differ in their last bits, so the best are scored again one by one: what is
        found does not depend on what else was asked at the time.
        """
        count = len(self)
        if not count or k < 1:
            return [Near(np.zeros(0, np.int64), np.zeros(0)) for _ in queries]
        found: list[Near] = []
        step = max(1, _SCORES_AT_ONCE // count)
        for start in range(0, len(queries), step):
            some = queries[start : start + step]
            scores = np.empty((len(some), count), np.float32)
            for number, block in enumerate(self._blocks):
                first, last = number * self._each, min((number + 1) * self._each, count)
                if first < last:
                    np.matmul(some, block[: last - first].T, out=scores[:, first:last])
            found += [self._best(query, row, k) for query, row in zip(some, scores, strict=True)]
        return found

    def _best(self, query: Floats, scores: Floats, k: int) -> Near:
        rows = np.arange(len(scores))
        if len(scores) > k:
            least = np.partition(scores, len(scores) - k)[len(scores) - k]
            rows = np.flatnonzero(scores >= least - _MARGIN * max(1.0, float(np.abs(scores).max())))
        held = np.stack([self._row(int(row)) for row in rows])
        sharp = np.einsum("ij,j->i", held.astype(np.float64), query.astype(np.float64))
        order = np.argsort(-sharp, kind="stable")
        if len(order) > k:
            order = order[sharp[order] >= sharp[order[k - 1]]]
        return Near(self._keys[rows[order]], sharp[order])

    def _row(self, row: int) -> Floats:
        found: Floats = self._blocks[row // self._each][row % self._each]
        return found

    def all(self) -> tuple[list[int], Floats]:
        """Every key and its vector, in the order of keys."""
        keys = sorted(self._rows)
        rows = [self._row(self._rows[key]) for key in keys]
        return keys, np.stack(rows) if rows else np.zeros((0, self._width), np.float32)


class Graph:
    """A navigable small-world graph (HNSW; Malkov and Yashunin 2016, arXiv:1603.09320) by usearch, vectors in bfloat16.

    Built by one thread, so that the same inserts in the same order give the same graph. Removal is real: the key is
    gone from results at once and its place is taken by the next insert. How broadly a search looks is settled by trial
    whenever the graph has doubled: questions that lie between two vectors must find 0.985 of their 10 nearest. What is
    needed differs widely (of 100,000 vectors, 96 to above 512), so no fixed number would do.
    """

    def __init__(self, width: int, *, links: int = 16, breadth_add: int = 128) -> None:
        if importlib.util.find_spec("onnxruntime"):
            importlib.import_module("onnxruntime")  # usearch 2.26.2 to 2.26.6 before it ends the process
        usearch: Any = importlib.import_module("usearch.index")
        self._index: Any = usearch.Index(
            ndim=width,
            metric="ip",
            dtype="bf16",
            connectivity=links,
            expansion_add=breadth_add,
        )
        self._breadth, self._settled = _BREADTHS[0], _TRIED // 2

    def __len__(self) -> int:
        return len(self._index)

    @property
    def quick(self) -> bool:
        return True

    def add(self, keys: Sequence[int], vectors: Floats) -> None:
        if len(keys):
            self._index.add(np.asarray(keys, np.uint64), np.ascontiguousarray(vectors, np.float32), threads=1)
            if len(self) >= 2 * self._settled:
                self._settle()

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

    def _settle(self) -> None:
        """Choose the least breadth of search that finds enough."""
        self._settled = len(self)
        keys = np.sort(np.asarray(self._index.keys, np.uint64))
        draw = np.random.default_rng(0)
        ends = [np.asarray(self._index.get(draw.choice(keys, _TRIED)), np.float32) for _ in range(2)]
        queries = ends[0] + ends[1]
        wanted = self._nearest(queries, keys)
        for breadth in _BREADTHS:
            self._breadth = breadth
            found = self.near(queries, _TRIED_K)
            if (
                np.mean([np.isin(near.keys, row).sum() / _TRIED_K for near, row in zip(found, wanted, strict=True)])
                >= _ENOUGH
            ):
                return

    def _nearest(self, queries: Floats, keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """The keys ``[queries, 10]`` that a comparison with every vector finds, in parts to spare memory."""
        best_keys = np.zeros((len(queries), 0), np.uint64)
        best = np.zeros((len(queries), 0), np.float32)
        for start in range(0, len(keys), 8192):
            part = keys[start : start + 8192]
            scores = np.hstack([best, queries @ np.asarray(self._index.get(part), np.float32).T])
            named = np.hstack([best_keys, np.broadcast_to(part, (len(queries), len(part)))])
            order = np.argsort(-scores, axis=1, kind="stable")[:, :_TRIED_K]
            best, best_keys = np.take_along_axis(scores, order, 1), np.take_along_axis(named, order, 1)
        return best_keys

    def all(self) -> tuple[list[int], Floats]:
        keys = sorted(int(key) for key in self._index.keys)
        rows = self._index.get(np.asarray(keys, np.uint64)) if keys else np.zeros((0, self._index.ndim))
        return keys, np.asarray(rows, np.float32)


def graph_installed() -> bool:
    """Whether usearch, which holds large sets, is there (extra ``search``)."""
    return importlib.util.find_spec("usearch") is not None
