"""Search by vectors: Osler's dense index beside NumPy, faiss, hnswlib and usearch. Run as ``python -m``: a name, a folder."""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from osler.bench.retrieval_data import WIDTH
from osler.bench.retrieval_live import BenchPassages, BenchVectors, OslerIndex
from osler.bench.retrieval_timing import Engine, K, emit, timed

LINKS, BREADTH_ADD = 16, 128  # of every graph here
BREADTHS = (96, 128, 192, 256, 384, 512, 768)
ENOUGH = 0.98


class Trial:
    """Questions and their nearest rows, by which the other libraries' graphs get the least breadth of search that finds
    0.98 of them. Osler's settles its own without seeing the questions."""

    queries: Any = np.zeros((0, WIDTH), np.float32)
    best: Any = np.zeros((0, K), np.int64)

    @classmethod
    def settle(cls, search: Callable[[Any, int], Sequence[int]], look: Callable[[int], None]) -> None:
        for breadth in BREADTHS:
            look(breadth)
            if recall([search(query, K) for query in cls.queries[:100]], cls.best[:100]) >= ENOUGH:
                return


def recall(found: Sequence[Sequence[int]], best: Any) -> float:
    """Share of the ``best`` rows ``[questions, 10]`` that were found."""
    return (
        float(np.mean([len({*a} & {*b.tolist()}) / K for a, b in zip(found, best, strict=True)])) if len(best) else 1.0
    )


class Brute:
    """One matrix, one product a query."""

    changes = False

    def build(self, rows: Any) -> None:
        self._rows = np.array(rows)

    def search(self, query: Any, k: int) -> Sequence[int]:
        scores = self._rows @ query
        best = np.argpartition(scores, -k)[-k:]
        return [int(number) for number in best[np.argsort(-scores[best])]]

    def insert(self, number: int, row: Any) -> None:
        raise NotImplementedError

    def delete(self, number: int) -> None:
        raise NotImplementedError


class FaissFlat:
    """faiss, every vector compared."""

    changes = True

    def __init__(self) -> None:
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        self._index = faiss.IndexIDMap2(faiss.IndexFlatIP(WIDTH))

    def build(self, rows: Any) -> None:
        self._index.add_with_ids(rows, np.arange(len(rows)))

    def search(self, query: Any, k: int) -> Sequence[int]:
        return [int(number) for number in self._index.search(query[None], k)[1][0]]

    def insert(self, number: int, row: Any) -> None:
        self._index.add_with_ids(row[None], np.array([number]))

    def delete(self, number: int) -> None:
        self._index.remove_ids(np.array([number]))


class FaissGraph:
    """faiss, HNSW; it cannot delete."""

    changes = False

    def __init__(self) -> None:
        faiss: Any = importlib.import_module("faiss")
        faiss.omp_set_num_threads(1)
        self._index = faiss.IndexHNSWFlat(WIDTH, LINKS, faiss.METRIC_INNER_PRODUCT)
        self._index.hnsw.efConstruction = BREADTH_ADD

    def build(self, rows: Any) -> None:
        self._index.add(rows)
        Trial.settle(self.search, lambda breadth: setattr(self._index.hnsw, "efSearch", breadth))

    def search(self, query: Any, k: int) -> Sequence[int]:
        return [int(number) for number in self._index.search(query[None], k)[1][0]]

    def insert(self, number: int, row: Any) -> None:
        raise NotImplementedError

    def delete(self, number: int) -> None:
        raise NotImplementedError


class Hnswlib:
    """hnswlib; what is deleted is marked and stays in memory."""

    changes = True

    def __init__(self) -> None:
        hnswlib: Any = importlib.import_module("hnswlib")
        self._index = hnswlib.Index(space="ip", dim=WIDTH)
        self._index.set_num_threads(1)

    def build(self, rows: Any) -> None:
        self._index.init_index(len(rows) + 1000, ef_construction=BREADTH_ADD, M=LINKS)
        self._index.add_items(rows, np.arange(len(rows)), num_threads=1)
        Trial.settle(self.search, self._index.set_ef)

    def search(self, query: Any, k: int) -> Sequence[int]:
        return [int(number) for number in self._index.knn_query(query, k, num_threads=1)[0][0]]

    def insert(self, number: int, row: Any) -> None:
        self._index.add_items(row[None], np.array([number]), num_threads=1)

    def delete(self, number: int) -> None:
        self._index.mark_deleted(number)


def _osler(exact_below: int) -> Engine:
    from osler.knowledge.dense import Dense

    collection, encoder = BenchPassages(), BenchVectors()
    index = Dense(collection=collection, encoder=encoder, exact_below=exact_below, cache="")
    return OslerIndex(index, collection, encoder)


def osler_exact() -> Engine:
    return _osler(10_000_000)


def osler_graph() -> Engine:
    return _osler(0)


# By name: the packages that each needs, how it is made, and whether it compares every vector.
VECTORS: Mapping[str, tuple[tuple[str, ...], Callable[[], Engine], bool]] = {
    "osler exact": ((), osler_exact, True),
    "NumPy": ((), Brute, True),
    "faiss flat": (("faiss",), FaissFlat, True),
    "osler graph": (("usearch",), osler_graph, False),
    "faiss HNSW": (("faiss",), FaissGraph, False),
    "hnswlib": (("hnswlib",), Hnswlib, False),
}


def main(name: str, folder: str) -> None:
    """Print the figures of the engine ``name`` over the vectors in ``folder``."""
    rows, queries = (np.load(Path(folder) / f"{part}.npy") for part in ("vectors", "queries"))
    made = np.random.default_rng(7).normal(size=(10, rows.shape[1])).astype(np.float32)
    made /= np.linalg.norm(made, axis=1, keepdims=True)
    Trial.queries, Trial.best = queries, np.load(Path(folder) / "best.npy")
    engine = VECTORS[name][1]()
    figures = timed(engine, rows, list(queries), [(row, row) for row in made])
    figures["recall_at_10"] = recall(figures.pop("found"), Trial.best)
    if isinstance(engine, OslerIndex):
        spent = time.process_time()
        engine.together(list(queries), K)
        figures["together_per_cpu_s"] = len(queries) / max(1e-9, time.process_time() - spent)
    emit(figures)


if __name__ == "__main__":
    main(*sys.argv[1:3])
