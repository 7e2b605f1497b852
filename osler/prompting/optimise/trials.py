"""A search: variants tried on validation cases, each written down, whatever became of it.

A case whose call failed has no score: it is counted and left out, never taken as 0, and a variant with many of them
is not kept. An answer that could not be read is a score like any other; the metric says which.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block_id, snake, to_spec
from osler.core.errors import ModelError, OslerError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import fitting_of as fitting_of
from osler.prompting.cases import Cases, Pair
from osler.prompting.optimise.allowance import AllowanceSpent, Metered, Used
from osler.prompting.optimise.concurrency import each
from osler.prompting.optimise.paired import interval

MOST_FAILURES = 0.1  # share of failed cases above which a variant's mean says little of the variant
OUTAGE = frozenset({"quota", "http_401", "http_402", "http_403", "http_404"})  # no answer, whatever is asked


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trial:
    """One variant on some cases. ``scores``: prompt id to score, None where there is none. ``broken``: why it was not
    finished, "" when it was. ``used``: by its predictions alone; ``fitting``: by its own fit."""

    strategy: Any
    step: int
    change: str
    parent: str = ""
    scores: Mapping[str, float | None] = dataclasses.field(default_factory=dict)
    failures: int = 0
    used: Used = Used()
    fitting: Used = Used()
    broken: str = ""

    @property
    def id(self) -> str:
        return block_id(self.strategy)

    @property
    def known(self) -> list[float]:
        return [value for value in self.scores.values() if value is not None]

    @property
    def mean(self) -> float | None:
        return sum(self.known) / len(self.known) if self.known else None

    @property
    def fault(self) -> str:
        """Why it cannot be judged: it was not finished, too many calls failed, or no case has a score."""
        if self.broken:
            return self.broken
        if self.failures > MOST_FAILURES * len(self.scores):
            return f"{self.failures} of {len(self.scores)} calls failed"
        return "" if self.known else "no case could be scored"


class Search:
    """Tries variants of one optimiser one after another, each on many cases at once. It never sees a test case."""

    def __init__(self, cases: Sequence[Pair], model: Model, *, by: Any, most_valid: int = 0) -> None:
        """``by``: the optimiser that searches, a block with a ``budget``."""
        self.cases = Cases.of(cases).parted()
        self.optimiser, self.name = snake(type(by).__name__), block_id(by)
        self.model = Metered(model, by.budget)
        self.valid = drawn(self.cases.valid, most_valid, self.cases.seed)
        self.rows: list[dict[str, Any]] = []
        self._tried: dict[str, Trial] = {}

    def lacks(self, strategy: Strategy, *, more: int = 0) -> str:
        """Why ``strategy`` and ``more`` calls cannot be tried within the allowance; "" where they are sure to fit."""
        return self.model.short(sum(strategy.calls(prompt) for prompt, _ in self.valid) + more)

    async def predictions(self, strategy: Strategy, pairs: Sequence[Pair]) -> list[Prediction]:
        """A prediction of each pair; one whose call failed says so. The errors that must end a run end it.

        Where so many calls fail for want of an answer that no variant could be judged, that error is raised: the cause
        is no variant's, and a winner chosen so would be frozen. What was answered is kept for the next run.
        """
        seed = self.cases.seed
        out: list[ModelError] = []

        async def ask(pair: Pair) -> Prediction:
            try:
                return await strategy.predict(pair[0], self.model, seed=seed)
            except ModelError as error:
                out.extend([error] if outage(error) else [])
                if len(out) > MOST_FAILURES * len(pairs):
                    raise ModelError(
                        f"{len(out)} of {len(pairs)} cases of a search had no answer, the last of them: {error.message}",
                        hint="mend the cause and run the same command: what was answered is not asked again",
                        kind=error.kind,
                    ) from error
                return Prediction(answer=None, parsed=False, failure=error.kind)

        return await each(pairs, ask)

    async def tried(
        self,
        strategy: Strategy,
        *,
        step: int,
        change: str,
        parent: Trial | None = None,
        fitting: Used | None = None,
    ) -> Trial:
        """``strategy`` on the validation cases. A search whose allowance ends meanwhile gives a broken trial.

        One that was tried before is not asked again: it would give the same answers.
        """
        before = self.model.used
        started = Trial(
            strategy=strategy,
            step=step,
            change=change,
            parent="" if parent is None else parent.id,
            fitting=fitting or Used(),
        )
        again = self._tried.get(started.id)
        if again is not None:
            return dataclasses.replace(started, scores=again.scores, failures=again.failures)
        try:
            found = await self.predictions(strategy, self.valid)
        except (AllowanceSpent, BaseExceptionGroup) as end:
            return dataclasses.replace(started, broken=spent_in(end), used=self.model.used - before)
        scores = {
            prompt.id: None if one.failure else self.cases.score(prompt, gold, one).value
            for (prompt, gold), one in zip(self.valid, found, strict=True)
        }
        failures = sum(bool(one.failure) for one in found)
        done = dataclasses.replace(started, scores=scores, failures=failures, used=self.model.used - before)
        self._tried[done.id] = done
        return done

    def gain(self, new: Trial, old: Trial) -> float:
        """By how much the mean of ``new`` is better than that of ``old``, on the cases that both have a score for."""
        both = [name for name in new.scores if new.scores[name] is not None and old.scores.get(name) is not None]
        if not both:
            return 0.0
        difference = sum((new.scores[name] or 0.0) - (old.scores[name] or 0.0) for name in both) / len(both)
        return difference if self.cases.higher_is_better else -difference

    def worth(self, trial: Trial) -> float:
        """The mean score as something to be raised; a variant that cannot be judged is worth least."""
        if trial.fault or trial.mean is None:
            return float("-inf")
        return trial.mean if self.cases.higher_is_better else -trial.mean

    def log(self, trial: Trial, *, kept: bool, reason: str, **more: Any) -> None:
        """Write a trial down. Ids and numbers, the spec of the variant, and demonstrations by their ids."""
        low, high = interval(trial.scores, self.cases.cluster)
        row = {
            "optimiser": self.optimiser,
            "search": self.name,
            "step": trial.step,
            "variant": trial.id,
            "parent": trial.parent,
            "change": trial.change,
            "split": "valid",
            "metric": self.cases.metric,
            "n": len(trial.scores),
            "unscored": len(trial.scores) - len(trial.known),
            "score": trial.mean,
            "low": low,
            "high": high,
            "failures": trial.failures,
            **{
                key: value for key, value in dataclasses.asdict(trial.used).items() if key in ("calls", "tokens", "usd")
            },
            "fitting_calls": trial.fitting.calls,
            "kept": kept,
            "reason": reason,
            "spec": brief(to_spec(trial.strategy)),
            **more,
        }
        self.rows.append(row)
        self.cases.log(row)

    def chosen(self, trial: Trial, *, reason: str) -> None:
        """Write down which variant is frozen, and what the whole search used."""
        used = self.model.used
        row = {
            "optimiser": self.optimiser,
            "search": self.name,
            "chosen": trial.id,
            "change": trial.change,
            "score": trial.mean,
            "n": len(trial.scores),
            "reason": reason,
            "tried": len({row["variant"] for row in self.rows}),
            "calls": used.calls,
            "tokens": used.tokens,
            "usd": used.usd,
        }
        self.cases.log(row)


def outage(error: ModelError) -> bool:
    """Whether a call failed for want of a server, whatever it was asked: no fault of the method that asked."""
    return error.retryable or error.kind in OUTAGE


def spent_in(error: BaseException) -> str:
    """What an error says of the end of the allowance; any other error, or group of them, is raised again."""
    inner: BaseException = error
    while isinstance(inner, BaseExceptionGroup):
        others = inner.split(AllowanceSpent)[1]
        if others is not None:
            raise error
        inner = inner.exceptions[0]
    if not isinstance(inner, AllowanceSpent):
        raise error
    return inner.message


def drawn(pairs: Sequence[Pair], most: int, seed: int) -> tuple[Pair, ...]:
    """A seeded draw of at most ``most`` pairs (0: all), in their order."""
    if not most or len(pairs) <= most:
        return tuple(pairs)
    kept = set(random.Random(f"drawn/{seed}").sample(range(len(pairs)), most))
    return tuple(pair for place, pair in enumerate(pairs) if place in kept)


def brief(spec: Any) -> Any:
    """A spec with every demonstration as its id: what was tried, without the text of cases."""
    if isinstance(spec, Mapping):
        if spec.get("block") == "Demo":
            return {"block": "Demo", "id": spec.get("id", "")}
        return {key: brief(item) for key, item in spec.items()}
    return [brief(item) for item in spec] if isinstance(spec, (list, tuple)) else spec


TYPICAL = (
    Prompt(id="typical", question="?", choices=("a", "b", "c", "d", "e"), lettered=True),
    Prompt(id="typical", question="?", choices=("a", "b", "c", "d", "e")),
    Prompt(id="typical", question="?"),
)


def calls_of(strategy: Strategy) -> int:
    """Calls of one prediction of a case that is not there yet: the most over prompts with and without choices."""
    counts = []
    for prompt in TYPICAL:
        try:
            counts.append(strategy.calls(prompt))
        except OslerError:  # a method for labels refuses free text, and the other way round
            continue
    return max(counts, default=1)
