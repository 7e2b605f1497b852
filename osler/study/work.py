"""One cell of a run: train, fit, ask what is missing, keep it."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import time
from collections.abc import Awaitable, Iterator
from typing import Any

from osler.core.block import block_id
from osler.core.errors import BudgetError, DataError, ModelError, OslerError, PrivacyError, SpecError
from osler.core.store import Spent, Store
from osler.core.types import Example, Prediction
from osler.evaluation.consultation.engine import Interactive
from osler.models.budget import Budget
from osler.models.cache import Cached
from osler.study.cells import Cell
from osler.study.dataset import Dataset, Fold, fits_by_calls, training_cases
from osler.study.fitting import Fitting, apart, keyed
from osler.study.guarded import Guards
from osler.study.progress import Progress
from osler.study.resolve import Study
from osler.study.training_told import Told
from osler.tuning.stage import Stage

STOP_AFTER = 30  # failures in a row that end a cell: the endpoint is down, and asking on costs time and money


@dataclasses.dataclass
class Outcome:
    """What a run did. ``stopped`` says why it ended early ("" when it did not); ``short``: systems that lack what they
    were to learn, such as a MedPrompt that kept no chain."""

    done: int = 0
    failed: int = 0
    left: int = 0
    calls: int = 0
    cached: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    stopped: str = ""
    notes: list[str] = dataclasses.field(default_factory=list)
    short: list[str] = dataclasses.field(default_factory=list)


def spent(study: Study, store: Store) -> Spent:
    """What earlier sessions used: stored replies, and attempts that failed."""
    kept = store.spent(study.name)
    failed = sum(int(event.get("attempts_failed", 0)) for event in store.events(study.name, "run ended"))
    return Spent(kept.calls + failed, kept.tokens, kept.usd)


def first_of(group: BaseExceptionGroup[Any]) -> Exception:
    error: Any = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Exception)
    return error


class Stopped(ModelError):
    """So many failures in a row that asking on is no use; the other models of the study go on."""


class Unfit(Stopped):
    """The method itself failed and no call did: the other systems of the same model go on, too."""


class Work:
    """One cell: train, fit, predict what is missing, keep it."""

    def __init__(
        self,
        cell: Cell,
        study: Study,
        data: Dataset,
        store: Store,
        budget: Budget,
        show: Progress,
        outcome: Outcome,
        retry_failed: bool,
    ) -> None:
        self.cell, self.study, self.data, self.store = cell, study, data, store
        self.budget, self.show, self.outcome = budget, show, outcome
        self._attempts = store.attempts(cell.id)
        self._retry = retry_failed
        self._row = 0  # failures in a row
        self._stop: type[Stopped] = Stopped  # what the last of them would end
        self._made: Any = None  # the model trained last
        self._guards = Guards(study.name, store, budget)
        self.todo = sum(map(self._missing, data.test)) if self._attempts else len(data.test)

    def _missing(self, example: Example) -> bool:
        last = self._attempts.get(example.id)
        return last is None or (last[1] and self._retry)

    async def do(self) -> None:
        if not self.todo:
            return
        self.store.put_run(self.cell.id, study=self.study.name, cell=self.cell.spec)
        for place, fold in enumerate(self.data.folds):
            if any(self._missing(example) for example in fold.test):
                await self._fold(fold, place)

    async def _fold(self, fold: Fold, place: int) -> None:
        base = self._keyed(self.cell.model.block, fold)
        if "train" in base.supports:
            fold = apart(fold, self.study.task, self.cell.seed) if fits_by_calls(self.cell.system.block) else fold
            base = await self._trained(base, fold)
        model, at_once = self._guards.around(base)
        model.lend = lambda other: self._beside(other, model, fold)
        fitting = Fitting(self.cell, self.study, self.store, self.show)
        try:
            try:
                system = await self._learnt("fit", fitting.of(fold, place, model, base))
            finally:
                self.outcome.short += fitting.short
                self.outcome.calls += fitting.used.fresh
                self.outcome.cached += fitting.used.calls - fitting.used.fresh
                self.outcome.usd += fitting.used.paid
            cases = (example for example in fold.test if self._missing(example))
            width = max(1, min(2 * at_once, len(fold.test)))
            async with asyncio.TaskGroup() as group:
                for _ in range(width):
                    group.create_task(self._worker(cases, system, model))
        finally:
            await self._guards.close()
            close = getattr(base, "aclose", None)
            if close is not None:
                await close()

    def _beside(self, other: Any, model: Cached, fold: Fold) -> Cached:
        """Another model that a system asks; the cell's own where it is the same, so that no call is paid twice."""
        same = block_id(other) == block_id(self.cell.model.block)
        return model if same else self._guards.through(self._keyed(other, fold))

    def _keyed(self, model: Any, fold: Fold) -> Any:
        return keyed(model, self.cell.system.block, fold, lettered=self.study.task.lettered)

    async def _trained(self, base: Any, fold: Fold) -> Any:
        cases, source = training_cases(base, self.study, fold)
        if cases is not fold.train and self._made is not None:
            return self._made  # its own data are the same in every fold
        self.show.note(f"training {self.cell.model.name} on {len(cases):,} cases ({source})")
        start = time.monotonic()
        pairs = [(self.study.task.prompt(example), example.target) for example in cases]
        told = {"tell": Told(self.show.note)} if isinstance(base, Stage) else {}
        made = await self._learnt("train", base.train(pairs, seed=self.cell.seed, **told))
        self.store.event(
            self.study.name,
            "trained",
            cell=self.cell.id,
            model=self.cell.model.name,
            id=block_id(made),
            n=len(pairs),
            data=source,
            seconds=time.monotonic() - start,
        )
        self._made = made
        return made

    async def _learnt(self, verb: str, work: Awaitable[Any]) -> Any:
        """What training or fitting gives; a fault in it ends this cell, not the others."""
        try:
            return await work
        except (BudgetError, PrivacyError, DataError, SpecError):
            raise
        except Exception as error:  # noqa: BLE001 - any fault of a method ends its cell alone; kind and place are kept
            self._note(error)
            raise (Stopped if isinstance(error, ModelError) else Unfit)(
                f"{self.cell.model.name} + {self.cell.system.name} could not {verb} ({type(error).__name__})",
                hint="osler status shows the first message of the fault",
            ) from None

    async def _worker(self, cases: Iterator[Example], system: Any, model: Cached) -> None:
        predict, put, task, seed = system.predict, self.store.put_prediction, self.study.task, self.cell.seed
        talks = task if isinstance(task, Interactive) else None
        run = self.cell.id  # hashes the whole spec: once
        for example in cases:
            try:
                if talks is None:
                    prediction = await predict(task.prompt(example), model, seed=seed)
                else:
                    prediction = await talks.interact(example, system, model, seed=seed, through=self._guards.through)
                self._row = 0
            except (BudgetError, PrivacyError, DataError):
                raise
            except ModelError as error:
                prediction, self._stop = Prediction(answer=None, parsed=False, failure=error.kind), Stopped
                self._note(error)
            except Exception as error:  # noqa: BLE001 - a fault of one case in a method must not end the others; it is kept and shown
                failure = f"error {type(error).__name__}"
                prediction, self._stop = Prediction(answer=None, parsed=False, failure=failure), Unfit
                self._note(error)
            last = self._attempts.get(example.id)
            put(run, example.id, prediction, attempt=0 if last is None else last[0] + 1)
            self._count(prediction)
            if self._row >= STOP_AFTER:
                raise self._stop(
                    f"{self._row} cases in a row failed in {self.cell.model.name} + {self.cell.system.name} "
                    f"(last: {prediction.failure}), so the run was stopped",
                    hint="mend the cause (osler status shows the first message) and run the same command: it goes on from here",
                )

    def _count(self, prediction: Prediction) -> None:
        outcome = self.outcome
        outcome.done += 1
        outcome.failed += bool(prediction.failure)
        fresh = [reply for reply in prediction.replies if not reply.cached]
        outcome.calls += len(fresh)
        outcome.cached += len(prediction.replies) - len(fresh)
        usd = sum(reply.cost_usd for reply in fresh)
        outcome.usd += usd
        self.show.advance(usd=usd, failed=bool(prediction.failure), calls=len(fresh))

    def _note(self, error: Exception) -> None:
        """Keep the first message of each kind; messages carry ids, never patient text."""
        self._row += 1
        kind = getattr(error, "kind", type(error).__name__)
        note = str(error) if isinstance(error, OslerError) else f"{type(error).__name__} in {_where(error)}"
        if not any(kind in known for known in self.outcome.notes):
            self.outcome.notes.append(f"{kind}: {note}")
            self.store.event(self.study.name, "failure", cell=self.cell.id, failure=kind, message=note)


def _where(error: Exception) -> str:
    """File and line of the fault, without the text of the error: that could quote a case."""
    frames = inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []
    return f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "unknown"
