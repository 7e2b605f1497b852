"""How a system learns in a study: its cases, what judges variants, the log of them, and the winner frozen before test.

A winner is written down whole before the first test case is asked. A run that goes on later takes it from there: it is
never searched a second time, so a call that fails on another day cannot change what is being tested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from osler import recipes
from osler.core.block import block_id, from_spec, to_spec
from osler.core.store import Store
from osler.core.types import Example, Prediction, Prompt, Score
from osler.evaluation.metrics.kinds import Additive, MeanOfCases, MeanOfRows, Summed, TableMetric, Weighted
from osler.prompting.cases import Cases
from osler.prompting.optimise.allowance import Metered, Used
from osler.study import learnt
from osler.study.dataset import Fold, cluster, fits_by_calls
from osler.study.progress import Progress
from osler.study.resolve import Study
from osler.tasks.template import Template

if TYPE_CHECKING:
    from osler.study.cells import Cell


def judged_by(study: Study) -> tuple[str, Any]:
    """The metric that variants are compared by, case by case: the primary one, or the first that has a better end and
    a value on one case; ("", None) without any."""
    names = [name for name in (study.primary, *study.metrics) if name in study.metrics]
    name = next((name for name in names if _ranks(study.metrics[name])), "")
    return name, study.metrics.get(name)


def _ranks(metric: Any) -> bool:
    # A rank among cases, such as AUROC, is nothing of one case.
    alone = not isinstance(metric, Weighted) or isinstance(metric, Additive)
    return alone and getattr(metric, "higher_is_better", None) is not None


def averages(metric: Any) -> bool:
    """Whether a metric is the mean of the scores of its cases: only then do searches rank by the metric itself."""
    return isinstance(metric, (MeanOfRows, MeanOfCases)) or not isinstance(metric, (TableMetric, Summed))


def apart(fold: Fold, task: Template, seed: int) -> Fold:
    """A fold with validation cases of its own, for a model that is trained: by seed, from the training cases, whole
    patients. What the model has learnt by heart tells nothing of a method around it."""
    if len(fold.valid):
        return fold
    known = {example.id: example for example in fold.train}
    pairs = tuple((Prompt(id=name, question=""), "") for name in known)
    parts = Cases(train=pairs, seed=seed, cluster=lambda name: cluster(known[name], task)).parted()
    train, valid = ([known[prompt.id] for prompt, _ in part] for part in (parts.train, parts.valid))
    return Fold(train=train, test=fold.test, valid=valid)


def keyed(base: Any, system: Any, fold: Fold, *, lettered: bool) -> Any:
    """A simulated model with the answers to what it will be asked: the test cases, and what a search asks of it."""
    if not hasattr(base, "keyed"):
        return base
    asked = [*fold.test, *fold.train, *fold.valid] if fits_by_calls(system) else fold.test
    return base.keyed(asked, lettered=lettered)


def cases_of(study: Study, fold: Fold, *, seed: int, log: Callable[[Mapping[str, Any]], None]) -> Cases:
    """What a system of a study is fitted on: the training cases of a fold, what variants are judged by, and a log."""
    task, (name, metric) = study.task, judged_by(study)
    known = {example.id: example for example in (*fold.train, *fold.valid)}

    def judge(case: str, prediction: Prediction) -> Score:
        found: Score = metric.score(known[case], prediction)
        return found

    def pairs(examples: Sequence[Example]) -> tuple[tuple[Prompt, str], ...]:
        return tuple((task.prompt(example), example.target) for example in examples)

    return Cases(
        train=pairs(fold.train),
        valid=pairs(fold.valid),
        judge=judge if metric is not None else None,
        metric=name or "accuracy",
        higher_is_better=getattr(metric, "higher_is_better", None) is not False,
        seed=seed,
        log=log,
        cluster=lambda case: cluster(known[case], task),
        explanation=lambda case: str(known[case].meta.get("explanation") or ""),
    )


@dataclass
class Fitting:
    """The fits of one cell, fold by fold. ``used``: what they asked of models so far; ``short``: what they lack."""

    cell: Cell
    study: Study
    store: Store
    show: Progress
    used: Used = Used()
    short: list[str] = field(default_factory=list)

    async def of(self, fold: Fold, place: int, model: Any, base: Any) -> Any:
        """The system fitted on a fold; one that was searched for and frozen in an earlier run comes from the store."""
        block = self.cell.system.block
        searched = fits_by_calls(block)
        kept = self._kept(place, block_id(base)) if searched else None
        if kept is not None:
            return kept
        cases = cases_of(self.study, fold, seed=self.cell.seed, log=lambda row: self._log(row, place))
        if searched:
            self.show.note(f"fitting {self.cell.system.name} for {self.cell.model.name}")
        metered = Metered(model)
        try:
            system = await block.fit(cases, metered)
        finally:
            self.used = metered.used
            if self.used.calls:  # also of a search that broke off: it was paid
                used = {"calls": self.used.calls, "tokens": self.used.tokens, "usd": self.used.usd}
                self.store.event(
                    self.study.name, "fitting used", cell=self.cell.id, fold=place, fresh=self.used.fresh, **used
                )
        more: dict[str, Any] = {"valid": len(fold.valid), "spec": to_spec(system)} if searched else {}
        self.store.event(
            self.study.name,
            "fitted",
            cell=self.cell.id,
            fold=place,
            model=block_id(base),
            system=block_id(system),
            train=len(fold.train),
            **more,
        )
        return system

    def _kept(self, place: int, base: str) -> Any:
        for event in reversed(self.store.events(self.study.name, "fitted")):
            same = (event["cell"], event.get("fold"), event["model"]) == (self.cell.id, place, base)
            if same and "spec" in event:
                recipes.discover()
                return from_spec(event["spec"])
        return None

    def _log(self, row: Mapping[str, Any], place: int) -> None:
        if "optimiser" not in row:  # what a method learns by heart is no variant that a search tried
            self.store.event(self.study.name, learnt.KIND, cell=self.cell.id, fold=place, **row)
            label = self.study.label(self.cell.model.name, self.cell.system.name)
            said = learnt.told(label, row, place, self.study.folds)
            if said and said not in self.short:
                self.show.note(f"WARNING: {said}" if learnt.is_short(row) else said)
                self.short += [said] if learnt.is_short(row) else []
            return
        self.store.event(self.study.name, "variant", cell=self.cell.id, fold=place, **row)
        if "chosen" in row:
            self.show.note(f"{row['optimiser']}: {row['tried']} variants tried, the winner is frozen ({row['reason']})")
        elif row["score"] is not None:
            self.show.note(
                f"{row['optimiser']} step {row['step']}: {row['metric']} {row['score']:.3f} on {row['n']} cases"
            )
