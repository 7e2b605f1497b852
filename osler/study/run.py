"""``run``: the cells of a study, asked once and kept. A second run makes no call; a killed one goes on where it was."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Sequence
from typing import Any

from osler.core.errors import BudgetError, DataError, PrivacyError, SpecError
from osler.core.store import Store
from osler.models.budget import Budget
from osler.study.conversations import taking_part
from osler.study.dataset import inside
from osler.study.guarded import LOCAL_WIDTH as LOCAL_WIDTH
from osler.study.guarded import rare_collections
from osler.study.lineage import note_uses
from osler.study.plan import Plan
from osler.study.progress import Progress, Silent
from osler.study.results import score
from osler.study.tuning_gate import gate, told
from osler.study.tuning_rule import is_tuned
from osler.study.work import Outcome, Stopped, Unfit, Work, first_of, spent


async def run(plan: Plan, store: Store, *, progress: Progress | None = None, retry_failed: bool = True) -> Outcome:
    """Run what the store does not have yet. Models run side by side, the cells of one model one after another."""
    study, data = plan.study, plan.data
    show = progress or Silent()
    store.put_examples(data.hash, data.test)
    limits: dict[str, Any] = dict(study.budget)
    budget = Budget(**limits, spent=spent(study, store))
    outcome = Outcome()
    start = time.monotonic()
    work = [Work(row.cell, study, data, store, budget, show, outcome, retry_failed) for row in plan.rows]
    _keys(work)
    outcome.left = sum(item.todo for item in work)
    note_uses(study.name, (item.cell for item in work if item.todo), store)
    show.start(outcome.left)
    store.event(study.name, "run started", cells=[item.cell.id for item in work], todo=outcome.left, toml=study.toml)

    async def chain(items: list[Work]) -> None:
        down = False
        for item in items:
            try:
                await item.do()
            except* Stopped as stops:
                fault = first_of(stops)
                down = not isinstance(fault, Unfit)
                outcome.stopped = str(fault)
                show.note(outcome.stopped)
            if down:
                return  # the other cells of this model would meet the same fault; those of others may not

    async def side_by_side(items: Sequence[Work]) -> None:
        by_model: dict[str, list[Work]] = {}
        for item in items:
            by_model.setdefault(item.cell.model.name, []).append(item)
        async with asyncio.TaskGroup() as group:
            for cells in by_model.values():
                group.create_task(chain(cells))

    tuned = [item for item in work if is_tuned(item.cell.model)]
    try:
        with rare_collections():
            await side_by_side([item for item in work if item not in tuned])
            if any(item.todo for item in tuned) and may_tune(plan, store, tuned, outcome, show):
                await side_by_side(tuned)
    except* (BudgetError, DataError, SpecError) as errors:
        outcome.stopped = str(first_of(errors))
    except* PrivacyError as errors:
        raise first_of(errors) from None
    finally:
        store.flush()
        outcome.seconds = time.monotonic() - start
        outcome.left -= outcome.done
        ended = {k: v for k, v in dataclasses.asdict(outcome).items() if k not in ("notes", "short")}
        store.event(study.name, "run ended", **ended, attempts_failed=budget.failed)
    return outcome


def may_tune(plan: Plan, store: Store, tuned: Sequence[Work], outcome: Outcome, show: Progress) -> bool:
    """The gate before fine-tuning, asked when the prompted systems have answered."""
    store.flush()
    prompted = any(store.attempts(row.cell.id) for row in plan.rows if not is_tuned(row.cell.model))
    verdict = gate(plan, store, score(plan, store).results if prompted else None)
    said = verdict.reason if verdict.passed else told(verdict, sorted({item.cell.model.name for item in tuned}))
    show.note(said)
    if not verdict.passed:
        outcome.short.append(said)
    return verdict.passed


def _keys(work: Sequence[Work]) -> None:
    """A key that is not there is said before the first call, not once per case."""
    for item in work:
        others = taking_part(item.study.task, item.data.test[0])
        others += [part for part in inside(item.cell.system.block) if hasattr(part, "generate")]  # a critic, a proposer
        for name, model in [(item.cell.model.name, item.cell.model.block), *((type(o).__name__, o) for o in others)]:
            variable = str(getattr(model, "api_key_env", ""))
            if item.todo and variable and not os.environ.get(variable):
                raise SpecError(
                    f"the model {name!r} needs its key in the environment variable {variable}",
                    hint=f'export {variable}=..., or api_key_env = "" for a server without keys',
                )
