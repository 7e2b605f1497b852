"""Choice-shuffle ensemble: the question is asked with its options in several orders, and the answers are mapped back and
voted on (Nori et al. 2023, "Can generalist foundation models outcompete special-purpose tuning?", arXiv:2311.16452,
choice shuffling ensemble)."""

from __future__ import annotations

import dataclasses
import math
import random
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import LETTERS, Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around
from osler.prompting.sampling import SPACING, Sampled, need_heat, together
from osler.prompting.voting import Combine, combined
from osler.prompting.zero_shot import ZeroShot

Order = tuple[int, ...]  # place -> which of the original options stands there


@block
class ChoiceShuffle(Around):
    """Ask n times, each time with the options in another order; demonstrations stay as they are.

    permutations: ``random`` draws the orders by case and seed, all different while there are different ones, and favours no
    option over the cases. The authors' MMLU code draws them too, but once for all cases. ``plain_hunt`` is the sequence of
    their other published code: the given order first, then neighbours swap, the same for every case. Five of its rows on
    four options are uneven (the third never comes first), and whole periods of 2 x choices rows still let early options
    win ties.

    combine: ``vote`` counts answers; ``mean`` averages the probabilities of the inner strategy, for models that score.
    temperature: None leaves it to the inner strategy; every run has a seed of its own. The rationale is that of the first
    run with the winning answer and may name letters of that run's order.
    """

    n: int = 5
    permutations: Literal["random", "plain_hunt"] = "random"
    combine: Combine = "vote"
    temperature: float | None = None
    inner: Strategy = ZeroShot()

    several: ClassVar[bool] = True  # its answer is made of several

    def check(self) -> None:
        if not 1 <= self.n <= SPACING:
            raise SpecError(f"choice_shuffle.n must be from 1 to {SPACING}, got {self.n}", hint="n = 5")
        if self.temperature is not None:
            need_heat("choice_shuffle.temperature", self.temperature)

    def calls(self, prompt: Prompt) -> int:
        return self.n * self.inner.calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if not prompt.choices:
            raise SpecError(
                f"choice_shuffle needs choices to shuffle and the prompt {prompt.id!r} has none",
                hint="use self_consistency for tasks without choices",
            )
        orders = self.orders(prompt, seed=seed)
        runs = [self._run(prompt, order, Sampled(model, i, self.temperature), seed) for i, order in enumerate(orders)]
        return combined(await together(runs), prompt, self.combine)

    def orders(self, prompt: Prompt, *, seed: int) -> list[Order]:
        """The n orders in which the choices of ``prompt`` are put."""
        count = len(prompt.choices)
        if self.permutations == "plain_hunt":
            rows: Iterator[Order] = plain_hunt(count)
        else:
            rows = drawn(count, random.Random(f"{seed}/{prompt.id}/orders"))
        return [next(rows) for _ in range(self.n)]

    async def _run(self, prompt: Prompt, order: Order, model: Model, seed: int) -> Prediction:
        found = await self.inner.predict(shuffled(prompt, order), model, seed=seed)
        return mapped_back(found, order) if prompt.lettered else found


def shuffled(prompt: Prompt, order: Sequence[int]) -> Prompt:
    """``prompt`` with option ``order[i]`` in place i."""
    return prompt.replace(choices=tuple(prompt.choices[at] for at in order))


def mapped_back(found: Prediction, order: Sequence[int]) -> Prediction:
    """A prediction on options in this order, told in the letters of the original order. A word that is no letter, with
    which the strategy inside declines to answer, stays."""
    original = {LETTERS[place]: LETTERS[at] for place, at in enumerate(order)}
    answer = None if found.answer is None else original.get(found.answer, found.answer)
    votes = {original[label]: share for label, share in found.votes.items() if label in original}
    return dataclasses.replace(found, answer=answer, votes=votes)


def plain_hunt(count: int) -> Iterator[Order]:
    """The rows of plain hunting on ``count`` bells, without end: neighbours swap from the first place and from the
    second place in turn. After 2 x count rows it starts again, and in between every bell has stood in every place twice."""
    row = list(range(count))
    start = 0
    while True:
        yield tuple(row)
        for place in range(start, count - 1, 2):
            row[place], row[place + 1] = row[place + 1], row[place]
        start = 1 - start


def drawn(count: int, rng: random.Random) -> Iterator[Order]:
    """Orders drawn evenly, without end; none comes again before all have come."""
    every = math.factorial(count)
    seen: set[Order] = set()
    while True:
        row = list(range(count))
        rng.shuffle(row)
        order = tuple(row)
        if len(seen) == every:
            seen = set()
        if order not in seen:
            seen.add(order)
            yield order
