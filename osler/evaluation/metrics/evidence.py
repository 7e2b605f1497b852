"""Do the cited passages justify the answer? Precision, recall and F1 over passage ids, pooled over cases (micro).

A case without gold evidence is not scored, and nothing is of a system that never cites (``Prediction.evidence`` is
None in every reply that was read). Where a system does cite, a call that failed or a reply that could not be read has
found nothing: its gold passages count as missed in recall and F1, so that a system is not judged on its best replies.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.kinds import ratio
from osler.evaluation.table import Floats, Mask, Table


class _OverPassages:
    """Per row the numbers of passages [cited and gold, cited, gold]; ``counted`` says what stands below the line."""

    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True
    binary: ClassVar[bool] = False
    counted: ClassVar[tuple[int, ...]]
    empty: ClassVar[str]
    unread_misses: ClassVar[bool] = True

    def score(self, example: Example, prediction: Prediction) -> Score:
        unread = bool(prediction.failure) or not prediction.parsed or prediction.answer is None
        missed = self.unread_misses and unread
        if prediction.evidence is None and not missed:
            return Score(value=None, reason="the system cites no passages")
        if example.meta.get("evidence") is None:
            return Score(value=None, reason="the case has no gold evidence")
        cited, gold = frozenset(() if missed else prediction.evidence or ()), frozenset(example.meta["evidence"])
        counts = np.array([len(cited & gold), len(cited), len(gold)], dtype=np.float64)
        found = float(self.value(counts))
        return Score(value=None, reason=self.empty) if np.isnan(found) else Score(value=found)

    def scored(self, table: Table) -> Mask:
        counts = self.statistics(table)
        below = counts[:, list(self.counted)].sum(axis=1)
        read = table.evidence[table.parsed, 1]
        never_cites = read.size > 0 and not (read >= 0).any()
        return np.asarray((counts[:, 0] >= 0) & (below > 0) & (not never_cites), dtype=np.bool_)

    def statistics(self, table: Table) -> NDArray[Any]:
        if not self.unread_misses:
            return table.evidence
        missed = ~table.parsed & (table.evidence[:, 2] >= 0)
        nothing = np.zeros_like(table.evidence)
        nothing[:, 2] = table.evidence[:, 2]
        return np.where(missed[:, None], nothing, table.evidence)

    def value(self, totals: Floats) -> Floats:
        below = np.sum(totals[..., list(self.counted)], axis=-1)
        return ratio(len(self.counted) * totals[..., 0], below)


@block
class EvidencePrecision(_OverPassages):
    """Share of the cited passages that are gold."""

    title: ClassVar[str] = "Evidence precision"
    definition: ClassVar[str] = "Passages cited and gold / passages cited, pooled over cases."
    counted: ClassVar[tuple[int, ...]] = (1,)
    unread_misses: ClassVar[bool] = False  # it speaks of what is cited
    empty: ClassVar[str] = "no passage is cited"


@block
class EvidenceRecall(_OverPassages):
    """Share of the gold passages that are cited."""

    title: ClassVar[str] = "Evidence recall"
    definition: ClassVar[str] = (
        "Passages cited and gold / gold passages, pooled over cases; an unread reply cites none."
    )
    counted: ClassVar[tuple[int, ...]] = (2,)
    empty: ClassVar[str] = "no passage is gold"


@block
class EvidenceF1(_OverPassages):
    """Harmonic mean of evidence precision and recall."""

    title: ClassVar[str] = "Evidence F1"
    definition: ClassVar[str] = (
        "2 x passages cited and gold / (passages cited + gold passages), pooled over cases; an unread reply cites none."
    )
    counted: ClassVar[tuple[int, ...]] = (1, 2)
    empty: ClassVar[str] = "no passage is cited and none is gold"
