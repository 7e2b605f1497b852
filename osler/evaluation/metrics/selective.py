"""Answering less to be right more: risk against coverage by stated confidence, and systems that abstain.

Cases are taken by falling confidence, the largest probability of any label. Cases of the same confidence come in every
order alike: within them errors count in proportion.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.calibration import top_label
from osler.evaluation.metrics.kinds import EveryRow, MeanOfRows
from osler.evaluation.metrics.ordered import Counts, OfCounts, Ordered
from osler.evaluation.table import Floats, Mask, Table, offers


class _ByConfidence(Ordered):
    """Groups of equal confidence from the highest: per group how many cases, and how many of them wrong."""

    def of_groups(self, sizes: Floats, wrong: Floats) -> float:
        raise NotImplementedError

    def prepare(self, table: Table) -> OfCounts:
        confidence, right = top_label(table)
        order = np.argsort(-confidence, kind="stable")
        ranked, errors = confidence[order], 1.0 - right[order]
        starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(table) else np.zeros(0, dtype=np.intp)

        def of_counts(counts: Counts) -> Floats:
            found = np.full(len(counts), np.nan)
            for place, row in enumerate(counts):
                held = row[order].astype(np.float64)
                sizes, wrong = (np.add.reduceat(part, starts) for part in (held, held * errors))
                drawn = sizes > 0
                if drawn.any():
                    found[place] = self.of_groups(sizes[drawn], wrong[drawn])
            return found

        return of_counts


@block
class RiskCoverageArea(_ByConfidence):
    """Area under the risk-coverage curve (AURC): the error rate, averaged over how much is answered. 0 is perfect."""

    title: ClassVar[str] = "Risk-coverage area"
    definition: ClassVar[str] = (
        "Mean over k = 1..n of the share of wrong answers among the k cases of highest confidence (AURC)."
    )
    higher_is_better: ClassVar[bool | None] = False

    def of_groups(self, sizes: Floats, wrong: Floats) -> float:
        ends = np.cumsum(sizes)
        before, wrong_before = ends - sizes, np.cumsum(wrong) - wrong
        # sum over j = before + 1 .. end of (wrong_before + (j - before) wrong / size) / j
        harmonic = _harmonic(ends) - _harmonic(before)
        return float(np.sum(wrong + (wrong_before - before * wrong / sizes) * harmonic) / ends[-1])


def _harmonic(n: Floats) -> Floats:
    """1 + 1/2 + ... + 1/n."""
    from scipy.special import digamma

    return np.asarray(digamma(n + 1.0) + np.euler_gamma, dtype=np.float64)


@block
class AccuracyAt80(_ByConfidence):
    """Accuracy when the fifth of the cases of lowest confidence is left to people."""

    title: ClassVar[str] = "Accuracy at 80 % coverage"
    definition: ClassVar[str] = (
        "Share of right top labels among the 80 % of cases (rounded up) with the highest confidence."
    )

    def of_groups(self, sizes: Floats, wrong: Floats) -> float:
        ends = np.cumsum(sizes)
        kept = np.ceil(0.8 * ends[-1] - 1e-9)
        share = np.clip((kept - (ends - sizes)) / sizes, 0.0, 1.0)
        return float(1.0 - np.sum(share * wrong) / kept)


class _Abstaining:
    abstained: tuple[str, ...]

    def abstains(self, table: Table) -> Mask:
        """Rows [n] whose answer is one of the words for "I do not answer", and no choice of its case."""
        codes = [code for code, label in enumerate(table.labels) if is_word(label, self.abstained)]
        return np.asarray(np.isin(table.answers, codes) & ~table.offered, dtype=np.bool_)

    def declines(self, example: Example, prediction: Prediction) -> bool:
        said = prediction.answer if prediction.parsed and not prediction.failure else None
        return said is not None and is_word(said, self.abstained) and not offers(example, said)


def is_word(said: str, words: Iterable[str]) -> bool:
    """Whether an answer is one of ``words``, in any case of letters."""
    return said.strip().lower() in {word.strip().lower() for word in words}


@block
class AbstainRate(_Abstaining, EveryRow, MeanOfRows):
    """Share of cases that the system declines to answer. An unread answer or a failed call is no abstention, and a
    word that is a choice of the case is an answer."""

    title: ClassVar[str] = "Abstain rate"
    definition: ClassVar[str] = (
        "Answers that are one of the words in abstained (any case) and no choice of their case / cases."
    )
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = None
    binary: ClassVar[bool] = True
    abstained: tuple[str, ...] = ("abstain", "cannot answer", "not enough information", "unsure")

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=float(self.declines(example, prediction)))

    def per_row(self, table: Table) -> NDArray[Any]:
        return self.abstains(table).astype(np.uint8)


@block
class AnsweredAccuracy(_Abstaining, MeanOfRows):
    """Accuracy on the cases that the system does not decline; read it beside the abstain rate."""

    title: ClassVar[str] = "Accuracy when answering"
    definition: ClassVar[str] = (
        "Right answers / cases that are answered: not with a word in abstained, unless it is a choice of the case; an "
        "unread answer is wrong."
    )
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True
    binary: ClassVar[bool] = True
    abstained: tuple[str, ...] = ("abstain", "cannot answer", "not enough information", "unsure")

    def score(self, example: Example, prediction: Prediction) -> Score:
        if self.declines(example, prediction):
            return Score(value=None, reason="the system declines to answer")
        right = prediction.parsed and not prediction.failure and prediction.answer == example.target
        return Score(value=float(right))

    def scored(self, table: Table) -> Mask:
        return np.asarray(~self.abstains(table), dtype=np.bool_)

    def per_row(self, table: Table) -> NDArray[Any]:
        return np.asarray(table.answers == table.targets, dtype=np.uint8)
