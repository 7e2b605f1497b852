"""``osler bench train``: Osler's trainer beside transformers' Trainer and TRL's, on the same rows, weights and schedule.

One process with one thread does all trainings; rounds go through all sides, which take turns at going first. Rates are
real tokens (without padding) per CPU second. What other packages are lacking is told, and the rest is run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

import orjson

from osler.bench.engine import summary
from osler.bench.machine import machine
from osler.bench.retrieval import ONE_THREAD
from osler.bench.score import side
from osler.bench.train_contests import Sizes
from osler.bench.train_sides import OURS, OURS_PLAIN, SIDES

FULL = Sizes(rows=(8, 8, 16, 8, 16), steps=(2, 2, 3, 2, 20), rounds=3, curve_steps=3, memory=True)
QUICK = Sizes(rows=(4, 4, 16, 8, 16), steps=(2, 2, 2, 2, 8), rounds=1, curve_steps=2, memory=False)
OFFLINE = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


def train(*, quick: bool = False, sizes: Sizes | None = None) -> dict[str, Any]:
    """Measure all sides (see ``osler.bench.bench`` for what is returned); ``sizes`` of the caller's own for a trial."""
    before, sizes = machine(), sizes or (QUICK if quick else FULL)
    with tempfile.TemporaryDirectory() as folder:
        given = orjson.dumps(asdict(sizes)).decode()
        figures = side("train_process", given, folder, **ONE_THREAD, **OFFLINE)
    measures = [
        summary(f"import of what {name} needs beside those before it, CPU", "s", [value])
        for name, value in figures["imports"].items()
    ]
    found: dict[str, Any] = {"bench": "train", "machine": before, "measures": measures, "ratios": [], "notes": []}
    for contest in figures["contests"]:
        measures += _measures(contest)
        found["ratios"] += _ratios(contest)
        found["notes"] += _notes(contest)
    measures += [summary(f"osler, {name}: step, CPU", "s", [value]) for name, value in figures["reinforced"].items()]
    if figures["missing"]:
        found["notes"].append(
            f"sides were left out: {', '.join(figures['missing'])} is not installed"
            " (pip install 'osler[bench]'; make bench sets up an environment with it)"
        )
    if not sizes.memory:
        found["notes"].append("peak memory is measured without --quick only")
    return found


def rates(contest: Mapping[str, Any]) -> dict[str, list[float]]:
    """Real tokens per CPU second of each side, round by round."""
    return {name: [contest["tokens"] / spent for spent in held] for name, held in contest["cpu_s"].items()}


def _measures(contest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    key = contest["key"]
    for name, held in rates(contest).items():
        yield summary(f"{key}, {name}: tokens per CPU second", "1/s", held)
    for name, value in contest["memory"].items():
        yield summary(f"{key}, {name}: peak memory above the start", "MiB", [value])
    for name, losses in contest["losses"].items():
        yield summary(f"{key}, {name}: mean loss of the last round", "", [fmean(losses)])
    if contest["gap"] is not None:
        steps = len(contest["curve"]["osler"])
        name = f"{key}: largest difference of losses, float32, same batches, {steps} steps"
        yield summary(name, "", [contest["gap"]])


def _ratios(contest: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    held = rates(contest)
    for one in SIDES[contest["key"]]:
        if one.name in held and one.wish:
            value = _beside(held[OURS], held[one.name])
            name = f"{contest['key']}: osler / {one.name}, tokens per CPU second"
            yield {"name": name, "value": value, "wish": one.wish}


def _notes(contest: Mapping[str, Any]) -> Iterator[str]:
    """What was trained, and how much of the gain is products in bfloat16 and how much is not."""
    held = rates(contest)
    yield f"{contest['key']}: {contest['title']}; {contest['tokens']:,} tokens a round"
    parts = [f"bfloat16 {_beside(held[OURS], held[OURS_PLAIN]):.2f}"]
    plain = next((one.name for one in SIDES[contest["key"]] if one.name in held and one.wish), "")
    if plain:
        parts.append(f"all else beside {plain} in float32 {_beside(held[OURS_PLAIN], held[plain]):.2f}")
    yield f"{contest['key']}: where the gain comes from: {', '.join(parts)} times"


def _beside(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))
