"""Experiments: the point of a published method, shown at small scale on models whose skill is known.

One file is one experiment; its name is that of the recipe or method. It has ``TITLE``, ``SOURCE``,
``PLAIN`` (what it means, for a clinician) and ``async def run(setting) -> Outcome``.
"""

from __future__ import annotations

import asyncio
import importlib
import pkgutil
import time
from typing import Any

from osler.core.errors import SpecError, nearest
from osler.experiments.outcome import Outcome, Setting

_PARTS = frozenset(
    {
        "pretraining",
        "outcome",
        "measure",
        "exam",
        "formulary",
        "page",
        "figure",
        "seeds",
        "overview",
        "encoder_tuning_cells",
        "dialogue_arms",
    }
)


def names() -> tuple[str, ...]:
    """The experiments, by file name."""
    package = importlib.import_module("osler.experiments")
    return tuple(sorted({found.name for found in pkgutil.iter_modules(package.__path__)} - _PARTS))


def module(name: str) -> Any:
    file = name.replace("-", "_").lower()
    if file not in names():
        raise SpecError(f"no experiment is named {name!r}", hint=nearest(file, names()))
    return importlib.import_module(f"osler.experiments.{file}")


def experiment(name: str, *, quick: bool = False, seed: int = 0) -> Outcome:
    """Run one experiment. ``quick`` takes fewer cases, for a first look. SpecError for an unknown name."""
    found = module(name)
    start = time.monotonic()
    outcome: Outcome = asyncio.run(found.run(Setting(quick=quick, seed=seed)))
    outcome.name, outcome.title, outcome.source = name, found.TITLE, found.SOURCE
    outcome.plain, outcome.quick = found.PLAIN, quick
    outcome.seconds = time.monotonic() - start
    return outcome
