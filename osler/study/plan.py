"""``check``: everything that can be known before the first call, and the plan with ids, calls, tokens and cost."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from osler.core.store import Store
from osler.core.types import Prompt
from osler.evaluation.consultation.engine import Interactive
from osler.models.budget import estimate_tokens, prices
from osler.prompting.optimise.trials import fitting_of
from osler.study import checks
from osler.study.cells import Cell, cells
from osler.study.conversations import effort
from osler.study.dataset import Dataset, dataset, fits_by_calls, inside
from osler.study.file import Problems, attempt
from osler.study.learnt import learnt
from osler.study.own_data import contaminated
from osler.study.resolve import Study
from osler.study.searching import searching, told, voting
from osler.study.tuning_rule import asked

_SAMPLE = 40  # prompts whose length stands for all


@dataclass(frozen=True)
class Row:
    """One cell of the plan. ``todo``: cases without a prediction; ``calls``, ``tokens``, ``usd``: at most, for those and
    for fitting the system, which makes at most ``fitting`` of the calls."""

    cell: Cell
    todo: int
    calls: int
    tokens: int
    usd: float
    fitting: int = 0


@dataclass(frozen=True)
class Plan:
    study: Study
    data: Dataset
    rows: tuple[Row, ...]
    warnings: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        return {
            "study": self.study.name,
            "question": self.study.question,
            "data": {"n": len(self.data.test), "hash": self.data.hash, "overlap": self.data.overlap},
            "cells": [
                {
                    "id": row.cell.id,
                    "model": row.cell.model.name,
                    "system": row.cell.system.name,
                    "seed": row.cell.seed,
                    "todo": row.todo,
                    "calls": row.calls,
                    "fitting": row.fitting,
                    "tokens": row.tokens,
                    "usd": row.usd,
                }
                for row in self.rows
            ],
            "totals": {
                "calls": sum(row.calls for row in self.rows),
                "fitting": sum(row.fitting for row in self.rows),
                "tokens": sum(row.tokens for row in self.rows),
                "usd": sum(row.usd for row in self.rows),
            },
            "warnings": list(self.warnings),
        }


def plan(study: Study, store: Store | None = None) -> Plan:
    """Hold a resolved study against its data, its models and the law of the house. Raises all problems at once."""
    problems = Problems(study.path)
    checks.capabilities(study, problems)
    voting(study, problems)
    checks.policy(study, problems)
    data: Dataset | None = attempt(problems, "data", lambda: dataset(study))
    if data is not None:
        checks.fields(study, data.test, problems)
        checks.training(study, data.folds, problems)
        searching(study, data.folds, problems)
        attempt(problems, "data", lambda: study.task.prompt(data.test[0]))
        checks.answers(study, data.test, problems)
        checks.probed(study, data.test, problems)
        checks.talks(study, data.test, problems)
    checks.rating(study, problems)
    asked(study, problems)
    problems.raise_any()
    assert data is not None
    met = attempt(problems, "data", lambda: contaminated(study, data))
    problems.raise_any()
    data = dataclasses.replace(data, warnings=(*data.warnings, *(met or ())))
    made = attempt(problems, "cells", lambda: cells(study, data))  # a file that a model names may be missing
    problems.raise_any()
    return _planned(study, data, made, store)


def against(made: Plan, store: Store) -> Plan:
    """A plan with what ``store`` already has taken off; the data are not read again."""
    return _planned(made.study, made.data, [row.cell for row in made.rows], store)


def _planned(study: Study, data: Dataset, made: Sequence[Cell], store: Store | None) -> Plan:
    rows = tuple(_row(cell, study, data, store) for cell in made)
    seen = () if store is None else learnt(study, made, store)
    return Plan(study, data, rows, (*data.warnings, *_warnings(study, rows), *told(study, data), *seen))


def _row(cell: Cell, study: Study, data: Dataset, store: Store | None) -> Row:
    attempts = store.attempts(cell.id) if store is not None else {}
    todo = len(data.test) - sum(1 for _, failed in attempts.values() if not failed)
    if todo <= 0:
        return Row(cell, 0, 0, 0, 0.0)
    cases = [data.test[i] for i in range(0, len(data.test), max(1, len(data.test) // _SAMPLE))]
    if isinstance(study.task, Interactive):
        most = effort(study.task, cases, cell.model.block, cell.system.block, _tokens_out(cell.system.block))
        return Row(cell, todo, round(todo * most.calls), round(todo * most.tokens), todo * most.usd)
    sample = [study.task.prompt(case) for case in cases]
    fitting = _fitting(cell, study, data, store)
    calls = todo * sum(cell.system.block.calls(prompt) for prompt in sample) / len(sample) + fitting
    tokens_in = sum(_tokens(prompt, cell.system.block, sample) for prompt in sample) / len(sample)
    tokens_out = _tokens_out(cell.system.block) if "generate" in cell.model.block.supports else 1
    tokens_in += tokens_out * sum(int(getattr(part, "rereads", 0)) for part in inside(cell.system.block))
    usd_in, usd_out = _dearest(cell)
    usd = calls * (tokens_in * usd_in + tokens_out * usd_out) / 1e6
    return Row(cell, todo, round(calls), round(calls * (tokens_in + tokens_out)), usd, fitting)


def _fitting(cell: Cell, study: Study, data: Dataset, store: Store | None) -> int:
    """Calls that fitting the system may still make, fold by fold; a fold whose winner is frozen makes none."""
    events = store.events(study.name, "fitted") if store is not None and fits_by_calls(cell.system.block) else []
    frozen = {event.get("fold") for event in events if event["cell"] == cell.id and "spec" in event}
    return sum(
        fitting_of(cell.system.block, len(fold.train) + len(fold.valid))
        for place, fold in enumerate(data.folds)
        if place not in frozen
    )


def _dearest(cell: Cell) -> tuple[float, float]:
    """The highest prices among the model of a cell and those that its system asks beside it."""
    held = [cell.model.block, *(part for part in inside(cell.system.block) if hasattr(part, "generate"))]
    found = [prices(model) for model in held]
    return max(usd for usd, _ in found), max(usd for _, usd in found)


def _tokens(prompt: Prompt, system: Any, sample: Sequence[Prompt]) -> float:
    """Tokens of a prompt with as many cases as demonstrations as the system will show."""
    shown = max((_shown(part) for part in inside(system)), default=0)
    typical = sum(estimate_tokens(other.messages()) for other in sample) / len(sample)
    found = sum(int(getattr(part, "reads", 0)) for part in inside(system) if hasattr(part, "index"))
    return estimate_tokens(prompt.messages()) + shown * typical + found


def _tokens_out(system: Any) -> int:
    return max((int(getattr(part, "max_tokens", 0)) for part in inside(system)), default=0) or 256


def _shown(system: Any) -> int:
    """Demonstrations that a chain of strategies shows, each inside the one before."""
    shown = 0
    while system is not None:
        shown += int(getattr(system, "k", 0)) if hasattr(system, "pool") else 0
        shown += sum(int(getattr(system, name, 0)) for name in ("labelled", "bootstrapped"))
        system = getattr(system, "inner", None)
    return shown


def _warnings(study: Study, rows: Sequence[Row]) -> list[str]:
    out = []
    asked = [(entry.name, entry.block) for entry in study.models]
    asked += [(e.name, part) for e in study.systems for part in inside(e.block) if hasattr(part, "generate")]
    for name, model in asked:
        variable = str(getattr(model, "api_key_env", ""))
        if variable and not os.environ.get(variable):
            out.append(f"the model {name!r} will need its key in the environment variable {variable}")
    usd = sum(row.usd for row in rows)
    tokens, calls = sum(row.tokens for row in rows), sum(row.calls for row in rows)
    for unit, need in (("usd", usd), ("tokens", tokens), ("calls", calls)):
        limit = study.budget.get(unit)
        if limit is not None and need > limit:
            out.append(
                f"the plan may need up to {need:,.6g} {unit}, the budget is {limit:,.6g}: the run would stop there"
            )
    return out
