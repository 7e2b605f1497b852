"""``osler bench retrieval``: search by words and by vectors, embedding, and updates, beside other libraries in one run.

Every side is a process of its own with one thread, over the same 100,000 passages or vectors. Embedding is measured in
rounds that go through all sides, so that a slow minute of the machine meets all of them. A library that is not installed
is left out with a note.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import orjson

from osler.bench.engine import summary
from osler.bench.machine import machine
from osler.bench.retrieval_data import embedded, nearest, passages, questions, vectors
from osler.bench.retrieval_embedding import EMBEDDERS
from osler.bench.retrieval_lexical import LEXICAL
from osler.bench.retrieval_vectors import VECTORS
from osler.bench.score import side

ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
MEASURES: Mapping[str, tuple[str, str]] = {
    "build_cpu_s": ("build, CPU", "s"),
    "build_s": ("build, wall", "s"),
    "queries_per_cpu_s": ("queries per CPU second", "1/s"),
    "together_per_cpu_s": ("queries per CPU second, all at once", "1/s"),
    "p50_ms": ("one query, p50", "ms"),
    "p99_ms": ("one query, p99", "ms"),
    "hit_at_10": ("hit@10", ""),
    "recall_at_10": ("recall@10 of the exact nearest", ""),
    "insert_ms": ("insert until found", "ms"),
    "delete_ms": ("delete until gone", "ms"),
    "above_mb": ("memory above the rows, peak", "MiB"),
    "peak_mb": ("peak memory", "MiB"),
}
VISIBLE_MS = 50.0
RECALL = 0.98


@dataclass(frozen=True)
class Sizes:
    """``rows`` searched, ``asked`` questions, ``real`` vectors that are embedded, the others mixed from them; in each of
    ``rounds`` ``embed`` passages are embedded; ``documents`` of the store, of which ``updates`` are changed."""

    rows: int
    asked: int
    real: int
    rounds: int
    embed: int
    documents: int
    updates: int


FULL = Sizes(rows=100_000, asked=500, real=20_000, rounds=5, embed=400, documents=2_000, updates=50)
QUICK = Sizes(rows=10_000, asked=100, real=500, rounds=2, embed=100, documents=200, updates=10)


@dataclass
class Found:
    measures: list[dict[str, Any]] = field(default_factory=list)
    ratios: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, figures: Sequence[Mapping[str, Any]]) -> None:
        for key, (title, unit) in MEASURES.items():
            if key in figures[0]:
                self.measures.append(summary(f"{name}: {title}", unit, [one[key] for one in figures]))

    def ratio(self, name: str, value: float, wish: float) -> None:
        self.ratios.append({"name": name, "value": value, "wish": wish})


def retrieval(*, quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Measure all sides (see ``osler.bench.bench`` for what is returned); ``sizes`` of the caller's own for a trial."""
    sizes = sizes or (QUICK if quick else FULL)
    before, found = machine(), Found()
    with tempfile.TemporaryDirectory() as folder:
        found.notes.append(_prepare(Path(folder), sizes))
        _embedding(folder, sizes, found)
        _updates(folder, sizes, found)
        _words(folder, found)
        _vectors(folder, found)
    return {
        "bench": "retrieval",
        "machine": before,
        "measures": found.measures,
        "ratios": found.ratios,
        "notes": found.notes,
    }


def _prepare(folder: Path, sizes: Sizes) -> str:
    texts, source = passages(sizes.rows)
    asked = questions(texts, sizes.asked)
    (folder / "passages.json").write_bytes(orjson.dumps(texts))
    (folder / "questions.json").write_bytes(orjson.dumps(asked))
    real = embedded([*texts[: sizes.real], *(query for query, _ in asked)])
    rows, queries = vectors(real[: sizes.real], sizes.rows), real[sizes.real :]
    for name, made in (("vectors", rows), ("queries", queries), ("best", nearest(rows, queries))):
        np.save(folder / f"{name}.npy", made)
    return f"{len(texts):,} passages: {source}; {sizes.real:,} of the vectors are real, the others mixtures of two with noise"


def lacking(needs: Sequence[str]) -> list[str]:
    """The packages that are not installed."""
    return [name for name in needs if importlib.util.find_spec(name) is None]


def _there(entrants: Mapping[str, Sequence[Any]], found: Found) -> list[str]:
    """The names of the sides that can run; a note for each other one."""
    names = []
    for name, entry in entrants.items():
        missing = lacking(entry[0])
        if missing:
            found.notes.append(f"{name} was left out: {', '.join(missing)} is not installed")
        else:
            names.append(name)
    return names


def _embedding(folder: str, sizes: Sizes, found: Found) -> None:
    names = _there(EMBEDDERS, found)
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in names}
    for turn in range(sizes.rounds):
        for name in names[:: 1 if turn % 2 else -1]:
            start = turn * sizes.embed % max(1, sizes.rows - sizes.embed)
            figures[name].append(side("retrieval_embedding", name, folder, start, sizes.embed, **ONE_THREAD))
    for name in names:
        for key, title, unit in (
            ("passages_per_cpu_s", "passages embedded per CPU second", "1/s"),
            ("one_question_cpu_ms", "one question embedded, CPU", "ms"),
            ("ready_s", "ready after", "s"),
            ("peak_mb", "peak memory while embedding", "MiB"),
        ):
            found.measures.append(summary(f"{name}: {title}", unit, [one[key] for one in figures[name]]))
    plain = np.load(Path(folder) / "embedded osler float32.npy")
    for name in names:
        near = np.sum(plain * np.load(Path(folder) / f"embedded {name}.npy"), axis=1)
        found.notes.append(f"{name}: cosine to osler float32 {near.mean():.5f} on average, {near.min():.5f} at least")
    peer = "sentence-transformers"
    for ours, wish in (("osler int8", 2.0), ("osler float32", 1.0)):
        if peer in names and ours in names:
            pairs = zip(figures[ours], figures[peer], strict=True)
            value = median(one["passages_per_cpu_s"] / other["passages_per_cpu_s"] for one, other in pairs)
            found.ratio(f"{ours} / {peer}, passages embedded per CPU second", value, wish)


def _updates(folder: str, sizes: Sizes, found: Found) -> None:
    figures = side("retrieval_update", folder, sizes.documents, sizes.updates, **ONE_THREAD)
    for kind in ("words", "vectors"):
        for part in ("p50", "p99"):
            name = f"osler: update of one of {sizes.documents:,} documents until found by {kind}, {part}"
            found.measures.append(summary(name, "ms", [figures[f"{kind}_{part}_ms"]]))
        found.ratio(
            f"{VISIBLE_MS:.0f} ms / update until found by {kind}, p50", VISIBLE_MS / figures[f"{kind}_p50_ms"], 1.0
        )


def _words(folder: str, found: Found) -> None:
    figures = {name: side("retrieval_lexical", name, folder, **ONE_THREAD) for name in _there(LEXICAL, found)}
    for name, held in figures.items():
        found.add(name, [held])
    _beside("osler BM25", figures, found)


def _vectors(folder: str, found: Found) -> None:
    figures = {name: side("retrieval_vectors", name, folder, **ONE_THREAD) for name in _there(VECTORS, found)}
    for name, held in figures.items():
        found.add(name, [held])
    for ours, exact in (("osler exact", True), ("osler graph", False)):
        if ours in figures:
            _beside(ours, {name: held for name, held in figures.items() if VECTORS[name][2] is exact}, found)
    if "osler graph" in figures:
        found.ratio(f"recall@10 of osler graph / {RECALL}", figures["osler graph"]["recall_at_10"] / RECALL, 1.0)


def _beside(ours: str, figures: Mapping[str, Mapping[str, Any]], found: Found) -> None:
    """Ours beside each other: questions answered, and how soon a new row is found (a whole build where it cannot come)."""
    own = figures[ours]
    for name, other in figures.items():
        if name != ours:
            value = own["queries_per_cpu_s"] / other["queries_per_cpu_s"]
            found.ratio(f"{ours} / {name}, queries per CPU second", value, 1.0)
            wait = other.get("insert_ms", 1000 * other["build_s"])
            found.ratio(f"{name} / {ours}, time until a new row is found", wait / own["insert_ms"], 1.0)
