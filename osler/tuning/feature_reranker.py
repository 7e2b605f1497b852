"""Training of the FeatureReranker: a listwise softmax over what a search found, by L-BFGS, in numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from osler.core.block import replace
from osler.core.errors import SpecError
from osler.knowledge.rerank_features import FEATURES, Doubles, FeatureReranker
from osler.tuning.rerank_data import Ranks


async def train_features(
    ranks: Sequence[Ranks], reranker: FeatureReranker | None = None, *, l2: float = 0.01
) -> FeatureReranker:
    """``reranker`` with weights that put right passages before wrong ones.

    Minimises the mean over questions of -log of the share of the softmax that falls to the right passages (MedCPT's
    listwise loss, with more than one right passage allowed), plus ``l2 / 2`` times the squared weights. ``ranks``: see
    ``rerank_data.ranked``. The loss has one minimum, so the weights hang on nothing but the data, up to rounding.
    """
    if not ranks or l2 <= 0:
        raise SpecError(f"training needs questions and l2 above 0, got {len(ranks)} and {l2}")
    begun = reranker or FeatureReranker()
    tables = [await begun.features(one.query, one.found) for one in ranks]
    right = [np.array([item.id in one.right for item, _ in one.found]) for one in ranks]
    for one, held in zip(ranks, right, strict=True):
        if not held.any() or held.all():
            raise SpecError(f"a question of {len(ranks)} has {int(held.sum())} right passages of {len(one.found)}")
    found = fit_lists(tables, right, l2=l2)
    return replace(begun, weights=tuple(round(float(weight), 4) for weight in found))


def fit_lists(tables: Sequence[Doubles], right: Sequence[Doubles], *, l2: float) -> Doubles:
    """Weights ``[features]`` for lists of rows ``[n, features]``, of which ``right [n]`` says which are right."""
    from scipy.optimize import minimize

    rows = np.concatenate(tables)
    flags = np.concatenate(right).astype(bool)
    starts = np.concatenate(([0], np.cumsum([len(table) for table in tables])[:-1]))
    sizes = [len(table) for table in tables]

    def shares(values: Doubles, among: Doubles) -> tuple[Doubles, Doubles]:
        """Of each list the log of the sum of exp over ``among`` (0 or 1), and each row's share of it."""
        top = np.repeat(np.maximum.reduceat(values, starts), sizes)
        powers = np.exp(values - top) * among
        sums = np.add.reduceat(powers, starts)
        logs = np.log(np.maximum(sums, 1e-300)) + np.maximum.reduceat(values, starts)
        return logs, powers / np.repeat(np.maximum(sums, 1e-300), sizes)

    def loss(weights: Doubles) -> tuple[float, Doubles]:
        values = rows @ weights
        every, share = shares(values, np.ones(len(rows)))
        own, share_right = shares(values, flags.astype(np.float64))
        slope = (share - share_right) @ rows / len(tables) + l2 * weights
        return float((every - own).mean() + 0.5 * l2 * weights @ weights), slope

    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x, np.float64)
