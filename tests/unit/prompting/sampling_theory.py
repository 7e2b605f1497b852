"""Cases for simulated models, and what theory says of votes over their samples."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Sequence

from scipy.stats import binom, binomtest

from osler.core.types import LETTERS, Example, Model, Prediction, Prompt, Strategy

OPTIONS = ("aspirin", "heparin", "insulin", "morphine")


def items(n: int, *, target: str = "") -> list[Example]:
    """``n`` lettered cases with four options; the right letter goes round, or is ``target``."""
    return [Example(id=f"q{i}", input={}, target=target or LETTERS[i % 4], choices=OPTIONS) for i in range(n)]


def put(item: Example) -> Prompt:
    return Prompt(id=item.id, question=f"Question {item.id} on a drug?", choices=item.choices, lettered=True)


def answered(
    strategy: Strategy, model: Model, cases: Sequence[Example], train: Sequence[Example] = (), seed: int = 0
) -> list[Prediction]:
    async def go() -> list[Prediction]:
        fitted = await strategy.fit([(put(case), case.target) for case in train], model) if train else strategy
        return [await fitted.predict(put(case), model, seed=seed) for case in cases]

    return asyncio.run(go())


def right(found: Sequence[Prediction], cases: Sequence[Example]) -> int:
    return sum(one.answer == case.target for one, case in zip(found, cases, strict=True))


def assert_share(hits: int, n: int, expected: float) -> None:
    """Hits are within the 99.99 % binomial interval of what theory expects."""
    if expected in (0.0, 1.0):
        assert hits == n * expected
    else:
        assert binomtest(hits, n, expected).pvalue > 1e-4, (hits / n, expected)


def plurality_of(k: int, p: float, choices: int = 4) -> float:
    """Probability that the right label wins a plurality of k draws: right with ``p``, else one of the wrong ones evenly;
    labels that tie win equally often. Summed over all outcomes of the multinomial."""
    wrong = (1.0 - p) / (choices - 1)
    total = 0.0
    for others in itertools.product(range(k + 1), repeat=choices - 1):
        hits = k - sum(others)
        if hits < 0 or hits < max(others):
            continue
        ways = math.factorial(k)
        for count in (hits, *others):
            ways //= math.factorial(count)
        total += ways * p**hits * wrong ** (k - hits) / (1 + others.count(hits))
    return total


def majority_of(k: int, p: float) -> float:
    """Probability that a label drawn with ``p`` has the majority of k draws between two labels; an even split is a coin."""
    ahead = float(binom.sf(k // 2, k, p))
    return ahead + (0.5 * float(binom.pmf(k // 2, k, p)) if k % 2 == 0 else 0.0)
