"""Refuse where nothing supports an answer: before the model is asked, by how well the search did; after it, by what it said.

Almanac (Zakka et al. 2024, NEJM AI 1:AIoa2300068, arXiv:2303.01229) does not answer when no passage scores above a
threshold. That a model told to use its sources still answers from memory, and must be held against them, is the point of
the check afterwards.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from typing import Literal, Self

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import LETTERS, Model, Passage, Prediction, Prompt, Strategy
from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.metrics.faithfulness.support import Checker
from osler.knowledge.passages import Index
from osler.prompting.around import Around, within
from osler.prompting.cases import Cases, Pair
from osler.prompting.retrieve import Retrieve
from osler.prompting.shown import Shown
from osler.prompting.statements import statements


@block
class RefuseUnsupported(Around):
    """Answer with the word ``says`` where nothing supports an answer; else with what ``inner`` says.

    threshold: the best passage of ``index`` for the question (left out: the index of the strategy inside) must score at
    least so much, or the model is not asked at all; scores are those of the index, so a threshold of one means nothing to
    another. coverage: ``fit`` learns the threshold from validation cases: where some have the answer ``says``, the one that
    parts these from the rest best (largest sum of both rates, the lowest such threshold); else the highest at which this
    share of them is answered. support: ``none``; ``shown``: some passage was shown to the model; ``answer``: besides, at
    least the share ``least`` of the answer's statements is borne out by what was shown, and none is contradicted. Of a
    case with labels the words of the chosen option must stand in what was shown; labels without words of their own (yes, no)
    cannot be held so and are refused.

    A refusal is a prediction with ``says`` as its answer, no evidence, and the reason as its rationale; every call that was
    made stays in its replies. An unread answer stays unread.
    """

    inner: Strategy = Retrieve()
    index: Index | None = None
    threshold: float | None = None
    coverage: float | None = None
    support: Literal["none", "shown", "answer"] = "answer"
    checker: Checker = ClaimChecker(threshold=0.6)
    least: float = 1.0
    says: str = "cannot answer"

    def check(self) -> None:
        if self.threshold is not None and self.coverage is not None:
            raise SpecError("refuse_unsupported has both threshold and coverage", hint="keep one of them")
        for name in ("coverage", "least"):
            value = getattr(self, name)
            if value is not None and not 0.0 < value <= 1.0:
                raise SpecError(f"refuse_unsupported.{name} must be above 0 and at most 1, got {value}")
        if not self.says.strip():
            raise SpecError("refuse_unsupported.says must be a word", hint='says = "cannot answer"')
        if (self.threshold is not None or self.coverage is not None) and self._index is None:
            raise SpecError(
                "refuse_unsupported has a threshold and no index to search",
                hint="set index, or use a strategy inside that has one",
            )

    @property
    def _index(self) -> Index | None:
        found: Index | None = self.index or within(self.inner, "index")
        return found

    async def fit(self, train: Sequence[Pair], model: Model) -> Self:
        if self.coverage is None:
            return await super().fit(train, model)
        held = Cases.of(train).parted()
        pairs = [(await self._best(prompt), gold == self.says) for prompt, gold in held.valid]
        chosen = parting(pairs) or covering([score for score, silent in pairs if not silent], self.coverage)
        inner = await self.inner.fit(held, model)
        fitted: Self = replace(self, inner=inner, threshold=chosen, coverage=None)
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if self.says in prompt.labels:
            raise SpecError(
                f"refuse_unsupported.says is {self.says!r}, which is also a label of the case",
                hint="set says to another word",
            )
        if self.coverage is not None:
            raise SpecError(
                "refuse_unsupported has no threshold yet",
                hint="call fit with validation cases; a study does so by itself",
            )
        if self.threshold is not None:
            best = await self._best(prompt)
            if best < self.threshold:
                return self._refused(f"no passage scores {self.threshold:g} or more; the best scores {_told(best)}")
        held: dict[str, Passage] = {}
        said = await self.inner.predict(prompt, Shown(model, held), seed=seed)
        if not said.parsed or said.answer is None or said.failure or said.answer == self.says:
            return said
        reason = self._reason(said.answer, prompt, held)
        return self._refused(reason, said) if reason else said

    async def _best(self, prompt: Prompt) -> float:
        index = self._index
        hits = await index.search(prompt.question, 1) if index is not None and prompt.question.strip() else []
        return hits[0][1] if hits else -math.inf

    def _refused(self, reason: str, said: Prediction | None = None) -> Prediction:
        rationale = "\n".join(filter(None, [said.rationale if said else "", f"refused: {reason}"]))
        if said is None:
            return Prediction(answer=self.says, rationale=rationale, evidence=())
        return dataclasses.replace(said, answer=self.says, rationale=rationale, evidence=())

    def _reason(self, answer: str, prompt: Prompt, held: dict[str, Passage]) -> str:
        """Why an answer is not given; "" where it is."""
        if self.support == "none":
            return ""
        if not held:
            return "no passage was shown"
        if self.support == "shown":
            return ""
        text = "\n".join(passage.text for passage in held.values())
        if prompt.labels:
            chosen = prompt.choices[LETTERS.index(answer)] if prompt.lettered else answer
            return (
                "" if self.checker.check_fact(chosen, text).status == "supported" else "no passage shown has the option"
            )
        if prompt.schema is not None:
            raise SpecError(
                f"refuse_unsupported cannot hold JSON against passages (case {prompt.id!r})", hint='support = "shown"'
            )
        facts = [one.plain for one in statements(answer, held)]
        found = [self.checker.check_fact(fact, text).status for fact in facts]
        against, borne = found.count("contradicted"), found.count("supported")
        if against:
            return f"{against} of {len(found)} statements are contradicted by what was shown"
        if not found or borne < self.least * len(found) - 1e-9:
            return f"{borne} of {len(found)} statements are supported by what was shown"
        return ""


def parting(pairs: Iterable[tuple[float, bool]]) -> float | None:
    """The threshold that parts best the scores of cases to answer (False) from those to refuse (True); None where one
    kind is missing. Largest sum of the share answered and the share refused; of equal ones the lowest."""
    held = sorted(pairs)
    refuse, answer = [s for s, silent in held if silent], [s for s, silent in held if not silent]
    if not refuse or not answer:
        return None
    at = sorted({score for score in (*answer, *refuse) if math.isfinite(score)})
    levels = [*at, math.nextafter(at[-1], math.inf)] if at else []

    def gained(level: float) -> float:
        return sum(s >= level for s in answer) / len(answer) + sum(s < level for s in refuse) / len(refuse)

    return max(levels, key=lambda level: (gained(level), -level)) if levels else None


def covering(scores: Sequence[float], share: float) -> float:
    """The highest threshold at which at least ``share`` of ``scores`` stand; above all numbers where there are none."""
    held = sorted((score for score in scores), reverse=True)
    if not held:
        return 1e308
    found = held[min(len(held), math.ceil(share * len(held) - 1e-9)) - 1]
    return found if math.isfinite(found) else -1e308


def _told(score: float) -> str:
    return f"{score:.4g}" if math.isfinite(score) else "nothing, as none was found"
