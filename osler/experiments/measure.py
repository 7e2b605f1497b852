"""Asking a strategy many cases, and what the right and wrong answers say: shares, paired differences, intervals."""

from __future__ import annotations

import asyncio
import dataclasses
import math
import statistics
from collections.abc import Callable, Sequence

from osler.core.statistics.paired import mcnemar_exact, newcombe_paired
from osler.core.statistics.proportion import interval_of_proportion
from osler.core.types import Example, Model, Prediction, Strategy
from osler.tasks.template import Template

AT_ONCE = 64  # predictions in flight: simulated models answer at once, a tool or sandbox may take a process each


@dataclasses.dataclass(frozen=True)
class Right:
    """Which of the cases were right, in their order, and the calls that it took."""

    right: tuple[bool, ...]
    calls: int
    predictions: tuple[Prediction, ...] = ()

    @property
    def n(self) -> int:
        return len(self.right)

    @property
    def share(self) -> float:
        return sum(self.right) / self.n

    @property
    def ends(self) -> tuple[float, float]:
        found, _ = interval_of_proportion(sum(self.right), self.n)
        return found.low, found.high

    def told(self) -> str:
        low, high = self.ends
        return f"{100 * self.share:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


@dataclasses.dataclass(frozen=True)
class Gain:
    """Second minus first on the same cases: difference of shares, 95 % interval (Newcombe 1998), exact McNemar p."""

    value: float
    low: float
    high: float
    p: float

    def told(self) -> str:
        sign = "+" if self.value >= 0 else "\u2212"
        low, high = (f"{100 * end:.1f}".replace("-", "\u2212") for end in (self.low, self.high))
        return f"{sign}{abs(100 * self.value):.1f} points ({low} to {high})"

    @property
    def p_told(self) -> str:
        return p_told(self.p)

    @property
    def positive(self) -> bool:
        return self.low > 0

    @property
    def settled(self) -> bool | None:
        """Whether the gain is there: False where it is a loss, None where the interval holds zero."""
        return True if self.low > 0 else False if self.high < 0 else None

    @property
    def none(self) -> bool:
        """The interval holds zero."""
        return self.low <= 0 <= self.high


async def ask(
    strategy: Strategy,
    model: Model,
    task: Template,
    cases: Sequence[Example],
    *,
    train: Sequence[Example] = (),
    seed: int = 0,
    correct: Callable[[Example, Prediction], bool] | None = None,
) -> Right:
    """Fit on ``train``, predict ``cases``, and say which answers were right (equal to the target, or ``correct``)."""
    fitted = await strategy.fit([(task.prompt(case), case.target) for case in train], model)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(case: Example) -> Prediction:
        async with gate:
            return await fitted.predict(task.prompt(case), model, seed=seed)

    found = await asyncio.gather(*(one(case) for case in cases))
    judge = correct or (lambda case, prediction: prediction.answer == case.target)
    return Right(
        tuple(judge(case, one) for case, one in zip(cases, found, strict=True)),
        sum(len(one.replies) for one in found),
        tuple(found),
    )


def gain(first: Right, second: Right) -> Gain:
    """How much more often ``second`` is right than ``first`` on the same cases."""
    pairs = list(zip(first.right, second.right, strict=True))
    both = sum(a and b for a, b in pairs)
    only_a = sum(a and not b for a, b in pairs)
    only_b = sum(b and not a for a, b in pairs)
    ends = newcombe_paired(both, only_a, only_b, len(pairs) - both - only_a - only_b)
    return Gain(second.share - first.share, ends.low, ends.high, mcnemar_exact(only_a, only_b))


def p_told(p: float) -> str:
    """``= 0.043``, or ``< 0.001`` below that: more digits would claim a knowledge of the tail that nobody has."""
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def unchanged(same: int, of: int, wish: float = 0.99) -> str:
    """How many answers stayed the same, and whether a locality of ``wish`` follows from the count alone or its interval."""
    low = interval_of_proportion(same, of)[0].low
    told = f"no change among {of}" if same == of else f"{of - same} changed among {of}"
    if low >= wish:
        borne = f"{wish:g} is borne out by the interval"
    elif same / of >= wish:
        borne = f"{wish:g} is borne out by the count, but not by the interval at this n"
    else:
        borne = f"{wish:g} is not reached"
    return f"{told} ({low:.3f} or more stay the same by the interval; {borne})"


def gain_beyond(first: tuple[Right, Right], second: tuple[Right, Right]) -> Gain:
    """How much more the step ``second`` gains than the step ``first``, all four on the same cases.

    Each case has (after - before) of the second step less that of the first, from -2 to 2; the interval (95 %) and the
    p-value are those of the mean of these differences by its normal approximation.
    """
    steps = [
        [int(after) - int(before) for before, after in zip(step[0].right, step[1].right, strict=True)]
        for step in (first, second)
    ]
    held = [b - a for a, b in zip(*steps, strict=True)]
    normal, mean = statistics.NormalDist(), statistics.fmean(held)
    error = statistics.stdev(held) / math.sqrt(len(held))
    p = 2 * normal.cdf(-abs(mean) / error) if error else float(mean == 0)
    return Gain(mean, mean - normal.inv_cdf(0.975) * error, mean + normal.inv_cdf(0.975) * error, p)
