"""Bootstrapped demonstrations: the method's own right answers, with their reasoning, become its demonstrations.

BootstrapFewShot and BootstrapFewShotWithRandomSearch of DSPy (Khattab et al. 2023, arXiv:2310.03714, section 4 and
appendix E.1 and E.2).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Self

from osler.core.block import block, is_block, replace
from osler.core.errors import SpecError
from osler.core.types import Demo, Model, Prompt, Strategy
from osler.prompting.cases import Pair
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.optimise.allowance import Allowance, AllowanceSpent, Used
from osler.prompting.optimise.optimiser import Optimiser
from osler.prompting.optimise.shown import Shown
from osler.prompting.optimise.trials import Search, Trial, calls_of, drawn, fitting_of, spent_in


@block
class BootstrapDemos(Optimiser):
    """A teacher (``inner`` with up to ``labelled`` solved cases shown, never the case itself) answers up to ``most_train``
    training cases; answers with the full score are kept with their reasoning. Then ``candidates`` sets are tried on
    ``most_valid`` validation cases: none, labelled ones only, the first ``bootstrapped`` of the kept ones, and random
    draws of 1 to ``bootstrapped`` of them. Free places up to ``labelled`` are filled with labelled cases. The best set
    is the winner; of equals the one tried first, so showing nothing stays unless something beats it.
    """

    inner: Strategy = ChainOfThought()
    bootstrapped: int = 4
    labelled: int = 16
    candidates: int = 16
    most_train: int = 0
    most_valid: int = 0
    budget: Allowance = Allowance()
    winner: Strategy | None = None

    def check(self) -> None:
        if self.bootstrapped < 1 or self.candidates < 1 or self.labelled < 0:
            raise SpecError(
                "bootstrap_demos needs bootstrapped and candidates of at least 1 and labelled of at least 0, got "
                f"{self.bootstrapped}, {self.candidates} and {self.labelled}"
            )
        held: object = self.inner
        while is_block(held):
            if hasattr(held, "pool"):
                raise SpecError(
                    f"bootstrap_demos chooses the demonstrations, and {type(held).__name__} inside it chooses its own",
                    hint="put the strategy inside of it here instead",
                )
            held = getattr(held, "inner", None)

    def fitting(self, cases: int) -> int:
        """What ``inner`` learns, the teacher on the training cases, and every set on the validation cases."""
        train, valid = min(cases, self.most_train or cases), min(cases, self.most_valid or cases)
        return fitting_of(self.inner, cases) + calls_of(self.inner) * (train + self.candidates * valid)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        search = Search(train, model, by=self, most_valid=self.most_valid)
        inner = await self.inner.fit(search.cases, search.model)
        none = await search.tried(Shown(inner=inner), step=0, change="no demonstrations")
        search.log(none, kept=True, reason="the start of the search")
        before = search.model.used
        try:
            traces = await self._traces(search, inner)
        except (AllowanceSpent, BaseExceptionGroup) as end:
            return self._ended(search, none, spent_in(end))
        best, reason = await self._compared(search, none, traces, search.model.used - before)
        return self._ended(search, best, reason)

    def _ended(self, search: Search, best: Trial, reason: str) -> Self:
        search.chosen(best, reason=reason)
        fitted: Self = replace(self, winner=best.strategy)
        return fitted

    async def _compared(
        self, search: Search, none: Trial, traces: Mapping[str, Demo], fitting: Used
    ) -> tuple[Trial, str]:
        """The best of the sets, and why the search ended."""
        best = none
        tried = {best.strategy}
        for step, (change, demos) in enumerate(self._sets(search, traces), start=1):
            new = Shown(inner=best.strategy.inner, demos=demos)
            if new in tried:
                continue
            tried.add(new)
            short = search.lacks(new)
            if short:
                return best, short
            trial = await search.tried(new, step=step, change=change, parent=none, fitting=fitting)
            kept = search.worth(trial) > search.worth(best)
            said = f"better by {search.gain(trial, best):+.4f}" if kept else "not better than the best so far"
            search.log(trial, kept=kept, reason=trial.fault or said, demos=[demo.id for demo in demos])
            best = trial if kept else best
            if trial.broken:
                return best, trial.broken
        return best, f"{len(tried)} sets were compared; the teacher solved {len(traces)} training cases"

    async def _traces(self, search: Search, inner: Strategy) -> dict[str, Demo]:
        """Training cases that the teacher answered with the full score, as demonstrations with its reasoning."""
        pairs = drawn(search.cases.train, self.most_train, search.cases.seed)
        teacher = Shown(inner=inner, demos=self._labelled(search.cases.train, search.cases.seed))
        found = await search.predictions(teacher, pairs)
        kept: dict[str, Demo] = {}
        for (prompt, gold), one in zip(pairs, found, strict=True):
            value = None if one.failure or not one.parsed else search.cases.score(prompt, gold, one).value
            full = value is not None and (value >= 1.0 if search.cases.higher_is_better else value <= 0.0)
            if full and one.answer is not None:
                kept[prompt.id] = _demo(prompt, one.answer, one.rationale)
        return kept

    def _labelled(self, train: Sequence[Pair], seed: int) -> tuple[Demo, ...]:
        chosen = random.Random(f"labelled/{seed}").sample(list(train), min(self.labelled, len(train)))
        return tuple(_demo(prompt, gold) for prompt, gold in chosen)

    def _sets(self, search: Search, traces: Mapping[str, Demo]) -> Iterator[tuple[str, tuple[Demo, ...]]]:
        """What is shown, set by set, in the order in which DSPy tries them."""
        train, seed = search.cases.train, search.cases.seed
        if self.labelled and self.candidates > 1:
            yield "labelled cases", self._labelled(train, seed)
        for index in range(max(0, self.candidates - 2)):
            names = list(traces)
            size = self.bootstrapped
            if index:
                rng = random.Random(f"bootstrap/{seed}/{index}")
                rng.shuffle(names)
                size = rng.randint(1, self.bootstrapped)
            own = tuple(traces[name] for name in names[:size])
            if own:
                free = max(0, self.labelled - len(own))
                rest = [(prompt, gold) for prompt, gold in train if prompt.id not in names[:size]]
                others = random.Random(f"filled/{seed}/{index}").sample(rest, min(free, len(rest)))
                yield f"{len(own)} bootstrapped", (*own, *(_demo(prompt, gold) for prompt, gold in others))


def _demo(prompt: Prompt, answer: str, rationale: str = "") -> Demo:
    return Demo(
        id=prompt.id,
        question=prompt.question,
        answer=answer,
        rationale=rationale,
        choices=prompt.choices,
        evidence=prompt.evidence,
    )
