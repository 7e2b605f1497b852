"""``judge``: the answers of a study put to its judges; what was judged once is kept and never asked again."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any

from osler.core.errors import BudgetError, DataError, ModelError, PrivacyError, SpecError
from osler.core.store import Store
from osler.core.types import Example, Model, Prediction, Reply
from osler.evaluation.judge.healthbench import grade
from osler.evaluation.judge.judge import Judge
from osler.evaluation.rubrics.healthbench import OVERALL, as_criteria, point_criteria
from osler.models.budget import Budget
from osler.study.answers import Answers, arms, collect
from osler.study.guarded import Guards
from osler.study.jury import bench, sit
from osler.study.names import Entry
from osler.study.opinions import opinions
from osler.study.plan import Plan
from osler.study.progress import Progress, Silent
from osler.study.resolve import Study
from osler.study.work import first_of, spent

STOP_AFTER = 30  # judgments in a row that failed: the endpoint is down


@dataclasses.dataclass
class Judged:
    """What ``judge`` did. ``unjudged``: answers that no judgment could be read of; they have no value."""

    done: int = 0
    unjudged: int = 0
    left: int = 0
    calls: int = 0
    cached: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    stopped: str = ""


@dataclasses.dataclass(frozen=True)
class _Job:
    """One answer, or a pair of them, before one judge. ``cell`` is the one that the score stands beside."""

    cell: str
    example: Example
    answer: Prediction
    other: Prediction | None = None
    over: str = ""


async def judge(plan: Plan, store: Store, *, progress: Progress | None = None) -> Judged:
    """Put every answer that the store holds before every judge of the study. Keeps scores by "judge:NAME".

    A judgment that could not be read is kept as unjudged, without a value, and asked again the next time (a reply that
    the store holds is not paid for twice). With ``jury`` their common verdict is kept, too. Raises
    SpecError when the study names no judge and DataError when nothing was run yet.
    """
    study, show = plan.study, progress or Silent()
    if not study.judges:
        raise SpecError(
            f"the study {study.name!r} names no judge",
            hint='add judges = [{ model = "NAME", rubric = "seven_dimensions" }]',
        )
    answers = collect(plan, store)
    if not answers:
        raise DataError(f"study {study.name!r} has no answer in {store.path}", hint=f"osler run {study.path}")
    limits: dict[str, Any] = dict(study.budget)
    budget = Budget(**limits, spent=spent(study, store))
    by_id = {example.id: example for example in plan.data.test}
    work = [(entry, _missing(entry, list(_jobs(entry.block, answers, by_id)), store)) for entry in study.judges]
    found, start = Judged(left=sum(len(jobs) for _, jobs in work)), time.monotonic()
    show.start(found.left)
    try:
        for entry, jobs in work:
            if jobs:
                await _one(entry, jobs, study, store, budget, show, found)
    except* (BudgetError, DataError, SpecError, ModelError) as errors:
        found.stopped = str(first_of(errors))
    except* PrivacyError as errors:
        raise first_of(errors) from None
    finally:
        held = bench(study.judges, str(study.settings.get("jury", "")), study.models)
        sit(answers, opinions(store, answers), held, store)
        store.flush()
        found.seconds = time.monotonic() - start
        store.event(study.name, "judged", **dataclasses.asdict(found))
    return found


def title(entry: Entry) -> str:
    """Who stands beside the scores: the judge's name in the study and the hash of all that it is."""
    return f"judge:{entry.name} {entry.block.identity}"


def _jobs(held: Judge, answers: Sequence[Answers], by_id: dict[str, Example]) -> Iterator[_Job]:
    if held.mode != "pairwise":
        for cell in answers:
            for name, prediction in zip(cell.ids, cell.predictions, strict=True):
                if not prediction.failure:
                    yield _Job(cell.cell, by_id[name], prediction)
        return
    grouped = arms(answers)
    for (a, first), (_, second) in itertools.combinations(grouped.items(), 2):
        for one, two in itertools.product(first, second):
            if one.seed != two.seed:
                continue
            held_a = dict(zip(one.ids, one.predictions, strict=True))
            for name, prediction in zip(two.ids, two.predictions, strict=True):
                other = held_a.get(name)
                if other is not None and not prediction.failure and not other.failure:
                    yield _Job(two.cell, by_id[name], prediction, other, over=a)


def _names(held: Judge, job: _Job) -> list[str]:
    """What a judgment of this job has values for: a case's own criteria (HealthBench) and their score, or the rubric's."""
    if held.mode == "boolean" and job.example.meta.get("rubrics"):
        return [*(item.id for item in as_criteria(point_criteria(job.example))), OVERALL]
    return list(held.names)


def _criteria(held: Judge, job: _Job) -> list[str]:
    """The names that the scores of a job are kept under; a case's own criteria are "c1", "c2", ..."""
    names = _names(held, job)
    if names[-1:] == [OVERALL]:
        return [*names[:-1], f"health_bench.{OVERALL}"]
    over = f" over {job.over}" if job.over else ""
    return [f"{held.held.name}.{name}{over}" for name in names]


def _missing(entry: Entry, jobs: list[_Job], store: Store) -> list[_Job]:
    by = title(entry)
    known: dict[str, set[tuple[str, str]]] = {}
    for cell in {job.cell for job in jobs}:
        rows = store.opinions(cell)
        known[cell] = {(name, criterion) for name, criterion, who, value, _ in rows if who == by and value is not None}
    return [
        job
        for job in jobs
        if any((job.example.id, name) not in known[job.cell] for name in _criteria(entry.block, job))
    ]


async def _one(
    entry: Entry, jobs: list[_Job], study: Study, store: Store, budget: Budget, show: Progress, found: Judged
) -> None:
    held: Judge = entry.block
    model, at_once, close = through(held.model, study, store, budget)
    width = max(1, min(2 * at_once, len(jobs)))
    waiting, row = iter(jobs), _Row()
    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(width):
                group.create_task(_worker(entry, waiting, study, store, model, show, found, row))
    finally:
        await close()


def through(
    base: Model, study: Study, store: Store, budget: Budget | None = None
) -> tuple[Model, int, Callable[[], Awaitable[None]]]:
    """A judge's model behind the budget of the study, its limits and the store; calls at once; and what closes it."""
    limits: dict[str, Any] = dict(study.budget)
    guards = Guards(study.name, store, budget or Budget(**limits, spent=spent(study, store)))
    model, at_once = guards.around(base)

    async def close() -> None:
        ends = getattr(base, "aclose", None)
        if ends is not None:
            await ends()

    return model, at_once, close


@dataclasses.dataclass
class _Row:
    """Failed judgments in a row."""

    failed: int = 0


async def _worker(
    entry: Entry,
    jobs: Iterator[_Job],
    study: Study,
    store: Store,
    model: Model,
    show: Progress,
    found: Judged,
    row: _Row,
) -> None:
    held: Judge = entry.block
    for job in jobs:
        values, reason, replies = await _asked(held, job, study, model)
        whole = all(value is not None for value in values.values())
        rows = [
            (job.cell, job.example.id, criterion, values[name], reason if values[name] is None else "")
            for name, criterion in zip(_names(held, job), _criteria(held, job), strict=True)
        ]
        store.put_scores(rows, by=title(entry))
        fresh = [reply for reply in replies if not reply.cached]
        usd = sum(reply.cost_usd for reply in fresh)
        found.done, found.left = found.done + 1, found.left - 1
        found.unjudged += not whole
        found.calls, found.cached = found.calls + len(fresh), found.cached + len(replies) - len(fresh)
        found.usd += usd
        show.advance(usd=usd, failed=not whole, calls=len(fresh))
        row.failed = 0 if replies else row.failed + 1
        if row.failed >= STOP_AFTER:
            raise ModelError(
                f"{row.failed} judgments in a row failed with {entry.name} ({reason})",
                hint="mend the cause and run the same command: it goes on from here",
            )


async def _asked(
    held: Judge, job: _Job, study: Study, model: Model
) -> tuple[dict[str, float | None], str, tuple[Reply, ...]]:
    question = asked_of(job.example, study)
    if _names(held, job)[-1:] == [OVERALL]:
        graded = await grade(held, job.example, text_of(job.answer), model=model)
        values = {**graded.judgment.values, OVERALL: graded.scores.get(OVERALL)}
        return values, graded.reason or graded.judgment.reason, graded.judgment.replies
    if job.other is None:
        judged = await held.judge(question, text_of(job.answer), reference=job.example.target, model=model)
        return dict(judged.values), judged.reason, judged.replies
    preferred = await held.compare(
        question, text_of(job.answer), text_of(job.other), reference=job.example.target, model=model
    )
    return dict(preferred.values), preferred.reason, preferred.replies


def asked_of(example: Example, study: Study) -> str:
    """What the case asks, with its materials and choices, as the models were asked."""
    return study.task.prompt(example).messages()[-1].text


def text_of(prediction: Prediction) -> str:
    """An answer as a judge or rater reads it: the reasons given, if any, and the answer."""
    answer = "" if prediction.answer is None else prediction.answer
    if not prediction.parsed and prediction.replies:
        return prediction.replies[-1].text
    return f"{prediction.rationale}\n{answer}".strip() if prediction.rationale else answer
