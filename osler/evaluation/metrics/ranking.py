"""Do probabilities put the right cases first?"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from osler.core.block import block
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.calibration import has_probabilities
from osler.evaluation.metrics.kinds import ratio
from osler.evaluation.table import Floats, Mask, Table


@block
class Auroc:
    """Area under the ROC curve: the chance that a case of a class has a higher probability of it than another case.

    One class against the rest, then the mean over gold classes that have cases on both sides.
    """

    title: ClassVar[str] = "AUROC"
    definition: ClassVar[str] = (
        "Mean over gold classes of P(p of a case of the class > p of another case) + P(equal) / 2. "
        "Without skill it is 0.5 only where all cases have the same choices."
    )
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=None, reason="a rank needs several cases")

    def scored(self, table: Table) -> Mask:
        return has_probabilities(table)

    def weighted(self, table: Table, weights: Floats) -> Floats:
        areas = []
        if table.probabilities is not None:
            for label in np.unique(table.targets):
                areas.append(weighted_auroc(table.probabilities[:, label], table.targets == label, weights))
        if not areas:
            return np.full(weights.shape[:-1], np.nan)
        stacked = np.stack(areas)
        known = ~np.isnan(stacked)
        return ratio(np.where(known, stacked, 0.0).sum(axis=0), known.sum(axis=0).astype(np.float64))


def weighted_auroc(shares: Floats, positive: Mask, weights: Floats) -> Floats:
    """AUROC [...] of ``shares`` [n] when row i counts ``weights[..., i]`` times; NaN without both sides."""
    order = np.argsort(shares, kind="stable")
    ranked = shares[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if ranked.size else np.zeros(0, dtype=np.intp)
    if starts.size == 0:
        return np.full(weights.shape[:-1], np.nan)
    held = np.take(weights, order, axis=-1)
    wins = held * positive[order]
    rest = held - wins
    if starts.size < ranked.size:  # equal probabilities stand together and count half against each other
        wins, rest = (np.add.reduceat(part, starts, axis=-1) for part in (wins, rest))
    below = np.cumsum(rest, axis=-1)
    below -= rest / 2
    return ratio(np.einsum("...i,...i->...", wins, below), np.sum(wins, axis=-1) * np.sum(rest, axis=-1))
