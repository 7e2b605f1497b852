"""What the systems of a study took to learn, before the first test case: training, searches, chains they wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.store import Store
from osler.study.plan import Plan
from osler.tuning.stage import Stage


def training(plan: Plan, store: Store, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a model was trained on, and for how long; None for one that learns nothing by itself."""
    entry = next(e for e in plan.study.models if e.name == row["model"])
    baseline = bool(getattr(entry.block, "baseline", False))
    if "train" not in entry.block.supports and not baseline:
        return None
    made = [e for e in store.events(plan.study.name, "trained") if e["cell"] in row["cells"]]
    return {
        "n": made[-1]["n"] if made else None,
        "seconds": sum(e["seconds"] for e in made[-max(1, plan.study.folds) :]) if made else None,
        "data": made[-1]["data"] if made else "",
        "tuned": not baseline,
        "stage": isinstance(entry.block, Stage),
    }


def fitting(plan: Plan, store: Store, row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a system asked of models to learn before the test: searches, chains that it wrote itself. None for nothing.

    The last fit of each cell and fold counts: a search that goes on after a stop reads what it had asked from the store.
    """
    last = {
        (e["cell"], e["fold"]): e for e in store.events(plan.study.name, "fitting used") if e["cell"] in row["cells"]
    }
    return {key: sum(e[key] for e in last.values()) for key in ("calls", "tokens", "usd")} if last else None
