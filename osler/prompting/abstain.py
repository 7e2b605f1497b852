"""Selective prediction: below a confidence the system says that it does not answer.

Med-PaLM defers by the share of 41 sampled answers that agree (Singhal et al. 2022, arXiv:2212.13138, section on
selective prediction). The bound of ``risk`` follows Geifman and El-Yaniv (2017, arXiv:1705.08500, section 3).
"""

from __future__ import annotations

import asyncio
import dataclasses
import math
from collections.abc import Collection, Sequence
from typing import Any, Literal, Self

from osler.core.block import block, is_block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around, fitting_of
from osler.prompting.cases import Cases, Pair
from osler.prompting.sampling import together
from osler.prompting.zero_shot import ZeroShot

AT_ONCE = 16
LEVELS = tuple(step / 10 for step in range(10, 0, -1))  # shares of the cases answered that ``risk`` chooses from
NO_THRESHOLD = "give one of threshold = 0.8 (a confidence), coverage = 0.8 (a share of the cases) or risk = 0.1"
_EDGE = 1e-9  # a share of votes is a quotient: equal confidences stay equal


@block
class Abstain(Around):
    """Answer only where the confidence is at least ``threshold``; else the answer is the word ``says``. Give one of
    threshold, coverage and risk.

    An abstention is a prediction with ``says`` as its answer and the votes of the strategy inside: ``abstain_rate`` and
    ``answered_accuracy`` read the word, ``risk_coverage_area`` and ``accuracy_at_80`` the votes, as if it had answered.
    An unread answer stays unread: that is a failure, no decision.

    by: ``votes`` is the largest share or probability of a label, ``margin`` its distance to the second. A strategy
    without votes is refused. coverage or risk have ``fit`` choose the threshold on at most ``cases`` validation cases,
    and the fitted block holds that threshold in their place: the highest one at which at least the share ``coverage`` is answered; or the lowest
    one, of ten levels of coverage, at which the exact upper limit (one-sided, 95 % for all levels together) of the
    share of wrong answers is at most ``risk``. Validation cases are never shown as demonstrations; where none of them
    could be read the threshold is 1, the most careful one.
    """

    threshold: float | None = None
    by: Literal["votes", "margin"] = "votes"
    coverage: float | None = None
    risk: float | None = None
    cases: int = 200
    says: str = "abstain"
    inner: Strategy = ZeroShot(by="score")

    def check(self) -> None:
        given = [name for name in ("threshold", "coverage", "risk") if getattr(self, name) is not None]
        if len(given) > 1:
            raise SpecError(
                f"abstain has both {' and '.join(given)}, and each of them sets when it answers",
                hint='keep one of them; where a recipe brings its own, write use = "abstain" in place of from',
            )
        for name, value in (("coverage", self.coverage), ("risk", self.risk)):
            if value is not None and not 0.0 < value <= 1.0:
                raise SpecError(f"abstain.{name} must be above 0 and at most 1, got {value}")
        if self.threshold is not None and not 0.0 <= self.threshold <= 1.0:
            raise SpecError(f"abstain.threshold must be from 0 to 1, got {self.threshold}", hint="threshold = 0.5")
        if self.cases < 1 or not self.says.strip():
            raise SpecError("abstain.cases must be at least 1 and abstain.says a word")

    @property
    def open(self) -> bool:
        """Whether nothing says yet when it answers: no threshold, and nothing to learn one from."""
        return self.threshold is None and self.coverage is None and self.risk is None

    def fitting(self, cases: int) -> int:
        """Calls that ``fit`` makes at most."""
        learnt = fitting_of(self.inner, cases)
        if self.coverage is None and self.risk is None:
            return learnt
        return learnt + self.cases * self.inner.calls(Prompt(id="", question="", choices=("", "")))

    async def fit(self, train: Sequence[Pair], model: Model) -> Self:
        if self.coverage is None and self.risk is None:
            return await super().fit(train, model)
        held = Cases.of(train).parted()
        inner = await self.inner.fit(held, model)
        found = await self._tried(held.valid[: self.cases], inner, model, held)
        if not found:
            chosen = 1.0
        elif self.coverage is not None:
            chosen = _of_coverage(found, self.coverage)
        else:
            chosen = _of_risk(found, self.risk or 0.0)
        fitted: Self = replace(self, inner=inner, threshold=chosen, coverage=None, risk=None)
        return fitted

    async def _tried(
        self, pairs: Sequence[Pair], inner: Strategy, model: Model, cases: Cases
    ) -> list[tuple[float, float]]:
        """Confidence and loss (1 - score) of each validation case that was answered and scored."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(prompt: Prompt, gold: str) -> tuple[float, float] | None:
            async with gate:
                try:
                    said = await inner.predict(prompt, model, seed=cases.seed)
                except ModelError:
                    return None  # a failed call says nothing of how sure the system is
            score = cases.score(prompt, gold, said).value
            if not said.parsed or said.answer is None or score is None:
                return None
            return self._confidence(said), 1.0 - score if cases.higher_is_better else score

        found = await together([one(prompt, gold) for prompt, gold in pairs])
        return [pair for pair in found if pair is not None]

    def _confidence(self, said: Prediction) -> float:
        if not said.votes:
            raise SpecError(
                "abstain needs the votes or probabilities of the strategy inside it, and there are none",
                hint='use one that samples (self_consistency) or scores (zero_shot with by = "score")',
            )
        best = sorted(said.votes.values(), reverse=True)
        return best[0] if self.by == "votes" else best[0] - (best[1] if len(best) > 1 else 0.0)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if self.says in prompt.labels:
            raise SpecError(
                f"abstain.says is {self.says!r}, which is also a label of the case", hint="set says to another word"
            )
        if self.threshold is None:
            raise SpecError(
                "abstain has no threshold yet",
                hint=NO_THRESHOLD if self.open else "call fit with validation cases; a study does so by itself",
            )
        said = await self.inner.predict(prompt, model, seed=seed)
        if not said.parsed or said.answer is None or self._confidence(said) >= self.threshold - _EDGE:
            return said
        return dataclasses.replace(said, answer=self.says)


def may_vote(strategy: Any, supports: Collection[str]) -> bool:
    """Whether a strategy may give votes or probabilities with a model that supports this; False only where it is sure:
    one generated answer, whatever stands around it, has none."""
    while is_block(strategy):
        if getattr(strategy, "several", False):
            return True
        if isinstance(strategy, ZeroShot):
            return strategy.by == "score" or (strategy.by == "auto" and "generate" not in supports)
        if not isinstance(strategy, Around):
            return True
        strategy = strategy.inner
    return True


def _of_coverage(found: Sequence[tuple[float, float]], coverage: float) -> float:
    """The confidence of the last case that must be answered when cases are taken from the surest."""
    sure = sorted((confidence for confidence, _ in found), reverse=True)
    return min(1.0, sure[min(len(sure), math.ceil(coverage * len(sure) - _EDGE)) - 1])


def _of_risk(found: Sequence[tuple[float, float]], risk: float) -> float:
    """The threshold of the widest coverage whose error is bounded by ``risk``; SpecError with the numbers if none is."""
    from scipy.stats import beta

    best = 1.0
    for level in LEVELS:
        threshold = _of_coverage(found, level)
        losses = [loss for confidence, loss in found if confidence >= threshold - _EDGE]
        wrong = sum(math.ceil(loss - _EDGE) for loss in losses)
        upper = 1.0 if wrong == len(losses) else float(beta.ppf(1 - 0.05 / len(LEVELS), wrong + 1, len(losses) - wrong))
        if upper <= risk:
            return threshold
        best = min(best, upper)
    raise SpecError(
        f"abstain finds no threshold with a risk of at most {risk:g} on {len(found)} validation cases: the lowest upper "
        f"limit of the share of wrong answers is {best:.3f}",
        hint="give more validation cases, allow a higher risk, or use coverage",
    )
