"""Benchmarks: what Osler costs beside other tools, measured in one run on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osler.core.errors import SpecError, nearest


def _engine(*, quick: bool) -> dict[str, Any]:
    from osler.bench.engine import engine

    return engine(quick=quick)


def _score(*, quick: bool) -> dict[str, Any]:
    from osler.bench.score import score

    return score(quick=quick)


def _retrieval(*, quick: bool) -> dict[str, Any]:
    from osler.bench.retrieval import retrieval

    return retrieval(quick=quick)


def _train(*, quick: bool) -> dict[str, Any]:
    from osler.bench.train import train

    return train(quick=quick)


BENCHMARKS: Mapping[str, Callable[..., dict[str, Any]]] = {
    "engine": _engine,
    "score": _score,
    "retrieval": _retrieval,
    "train": _train,
}


def bench(name: str, *, quick: bool = False) -> dict[str, Any]:
    """Run the benchmark ``name``; ``quick`` takes fewer rounds and calls.

    Returns ``bench``, ``machine``, ``measures`` (name, value = median, unit, n = rounds, low, high), ``ratios``
    (name, value, wish; good from the wish on) and ``notes``. SpecError for a name that is not in BENCHMARKS.
    """
    if name not in BENCHMARKS:
        raise SpecError(f"no benchmark is named {name!r}", hint=nearest(name, BENCHMARKS))
    return BENCHMARKS[name](quick=quick)
