"""One engine of search, timed: building, questions one by one, and a passage that comes, is found, and goes."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any, Protocol

import numpy as np
import orjson

from osler.bench.machine import peak_mb
from osler.core.errors import OslerError

K = 10
WARM_UP = 20


class Engine(Protocol):
    """What is timed. Rows are texts or vectors; they have numbers from 0 on. ``changes``: whether a single one can come
    and go; an engine that cannot is built anew."""

    changes: bool

    def build(self, rows: Any) -> None: ...
    def search(self, query: Any, k: int) -> Sequence[int]: ...
    def insert(self, number: int, row: Any) -> None: ...
    def delete(self, number: int) -> None: ...


def timed(engine: Engine, held: Any, queries: Sequence[Any], new: Sequence[tuple[Any, Any]]) -> dict[str, Any]:
    """The figures of ``engine`` over ``held``: ``new`` are rows that come one at a time, each with a query that finds it.

    ``insert_ms``: from the call until a search shows the row, that search included; ``delete_ms`` until one no longer does.
    """
    before = peak_mb()
    started, spent = time.perf_counter(), time.process_time()
    engine.build(held)
    figures: dict[str, Any] = {
        "build_s": time.perf_counter() - started,
        "build_cpu_s": time.process_time() - spent,
    }
    for query in queries[:WARM_UP]:
        engine.search(query, K)
    waits, found = [], []
    spent = time.process_time()
    for query in queries:
        started = time.perf_counter()
        found.append([int(number) for number in engine.search(query, K)])
        waits.append(1000 * (time.perf_counter() - started))
    figures |= {
        "queries_per_cpu_s": len(queries) / max(1e-9, time.process_time() - spent),
        "p50_ms": median(waits),
        "p99_ms": float(np.quantile(waits, 0.99)),
        "peak_mb": peak_mb(),
        "above_mb": peak_mb() - before,
        "found": found,
    }
    if engine.changes:
        figures |= _changes(engine, len(held), new)
    return figures


def _changes(engine: Engine, count: int, new: Sequence[tuple[Any, Any]]) -> dict[str, float]:
    into, away, searches = [], [], []
    for number, (row, query) in enumerate(new, count):
        into.append(_until(functools.partial(engine.insert, number, row), engine, query, number, there=True))
        started = time.perf_counter()
        engine.search(query, K)
        searches.append(1000 * (time.perf_counter() - started))
        away.append(_until(functools.partial(engine.delete, number), engine, query, number, there=False))
    return {"insert_ms": median(into), "delete_ms": median(away), "of_which_search_ms": median(searches)}


def _until(change: Callable[[], None], engine: Engine, query: Any, number: int, *, there: bool) -> float:
    started = time.perf_counter()
    change()
    seen = number in [int(one) for one in engine.search(query, K)]
    spent = 1000 * (time.perf_counter() - started)
    if seen is not there:
        raise OslerError(f"row {number} is {'not found after it came' if there else 'found after it went'}")
    return spent


def emit(figures: dict[str, Any]) -> None:
    """Figures as one line of JSON: the last line of standard output."""
    sys.stdout.write(orjson.dumps(figures, option=orjson.OPT_SERIALIZE_NUMPY).decode() + "\n")
