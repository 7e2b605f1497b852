"""``osler bench score``: all classification metrics with bootstrap intervals beside a loop over scikit-learn.

Both sides are fresh processes that make the same predictions, read them, compute the values and resample. The loop would
take hours at a million cases, so it takes a few resamples there and its total is extrapolated; at a smaller size it runs
in full, which says how far the extrapolation is to be trusted. Values and draws of both sides must agree.
"""

from __future__ import annotations

import importlib.util
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

import orjson

from osler.bench.machine import machine
from osler.bench.score_cases import METRICS
from osler.core.errors import OslerError

CASES, CASES_QUICK = 1_000_000, 50_000
RESAMPLES, RESAMPLES_QUICK = 1_000, 200
SAMPLED = 3  # resamples that the loop takes at the full size
CHECK_CASES, CHECK_RESAMPLES = 20_000, 100
WISH = 10.0
AGREE = 1e-9


def score(*, quick: bool = False) -> dict[str, Any]:
    """Measure both sides (see ``osler.bench.bench`` for what is returned). OslerError where their values differ."""
    cases, resamples = (CASES_QUICK, RESAMPLES_QUICK) if quick else (CASES, RESAMPLES)
    before = machine()
    ours = side("score_osler", cases, resamples, SAMPLED)
    label = f"{cases:,} cases, {resamples:,} resamples, {len(METRICS)} metrics"
    measures = [
        _measure(f"osler, {label}: time", "s", [ours["total_s"]]),
        _measure(f"osler, {label}: CPU", "s", [ours["cpu_s"]]),
        _measure("osler: reading the predictions", "s", [ours["read_s"]]),
        _measure("osler: peak memory", "MiB", [ours["peak_mb"]]),
        _measure("osler: peak memory above the predictions", "MiB", [ours["peak_mb"] - ours["held_mb"]]),
    ]
    found: dict[str, Any] = {"bench": "score", "machine": before, "measures": measures, "ratios": [], "notes": []}
    if importlib.util.find_spec("sklearn") is None:
        found["notes"].append(
            "the loop was left out: scikit-learn is not installed (pip install scikit-learn), so nothing is compared"
        )
        return found
    theirs = side("score_loop", cases, SAMPLED)
    apart = largest_gap(ours, theirs)
    small = side("score_loop", CHECK_CASES, CHECK_RESAMPLES)
    begun = small["once_s"] + CHECK_RESAMPLES * mean(small["resample_s"][:SAMPLED])
    real = small["once_s"] + sum(small["resample_s"])
    total = theirs["once_s"] + resamples * mean(theirs["resample_s"])
    total_cpu = theirs["once_cpu_s"] + resamples * mean(theirs["resample_cpu_s"])
    measures += [
        _measure("scikit-learn loop: one resample", "s", theirs["resample_s"]),
        _measure(f"scikit-learn loop, {label}: time, extrapolated", "s", [total]),
        _measure(f"scikit-learn loop, {label}: CPU, extrapolated", "s", [total_cpu]),
        _measure("scikit-learn loop: reading the predictions", "s", [theirs["read_s"]]),
        _measure("scikit-learn loop: peak memory", "MiB", [theirs["peak_mb"]]),
        _measure(
            "scikit-learn loop: peak memory above the predictions", "MiB", [theirs["peak_mb"] - theirs["held_mb"]]
        ),
        _measure(f"scikit-learn loop, {CHECK_CASES:,} cases, {CHECK_RESAMPLES} resamples in full", "s", [real]),
        _measure(f"the same, extrapolated from {SAMPLED} resamples", "s", [begun]),
        _measure("largest gap between values or draws of both sides", "", [apart]),
    ]
    found["ratios"] += [
        {"name": f"scikit-learn loop / osler, time, {label}", "value": total / ours["total_s"], "wish": WISH},
        {"name": f"scikit-learn loop / osler, CPU, {label}", "value": total_cpu / ours["cpu_s"], "wish": WISH},
    ]
    found["notes"].append(
        f"the loop took {SAMPLED} of {resamples:,} resamples at {cases:,} cases; its total is extrapolated from them"
    )
    return found


def side(module: str, *arguments: object, **environment: str) -> dict[str, Any]:
    """The figures of one side, run as a process of its own with variables of its own. OslerError when it fails."""
    root = str(Path(__file__).resolve().parents[2])
    paths = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    command = [sys.executable, "-m", f"osler.bench.{module}", *map(str, arguments)]
    variables = {**os.environ, **environment, "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, env=variables, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        last = (done.stderr.strip().splitlines() or ["it printed nothing"])[-1]
        raise OslerError(f"the side {module} failed: {last}", hint=f"run python -m osler.bench.{module} by hand")
    figures: dict[str, Any] = orjson.loads(lines[-1])
    return figures


def largest_gap(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """The largest difference between values and draws of both sides; OslerError beyond 1e-9."""
    worst, name = 0.0, ""
    pairs = [(ours["values"], theirs["values"]), *zip(ours["draws"], theirs["draws"], strict=False)]
    for mine, other in pairs:
        if mine.keys() != other.keys():
            raise OslerError(f"the sides score different metrics: {sorted(mine.keys() ^ other.keys())}")
        for key, value in mine.items():
            gap = abs(value - other[key]) if None not in (value, other[key]) else math.inf
            worst, name = max((worst, name), (gap, key))
    if worst > AGREE:
        raise OslerError(f"the sides differ by {worst:.3g} in {name}", hint="one of them computes another metric")
    return worst


def _measure(name: str, unit: str, values: list[float]) -> dict[str, Any]:
    from osler.bench.engine import summary

    return summary(name, unit, values)
