"""Multinomial logistic regression with an L2 penalty, where each row may allow some of the labels only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


def fit(
    x: Doubles,
    y: NDArray[np.int64],
    allowed: NDArray[np.bool_],
    *,
    l2: float,
    weight: Doubles | None = None,
    start: Doubles | None = None,
) -> Doubles:
    """Weights ``[labels, features]`` for rows ``x [n, features]`` with labels ``y [n]``.

    Minimises the mean negative log-likelihood plus ``l2 / 2`` times the squared weights by L-BFGS. ``allowed
    [n, labels]``: the labels a row may take, its own among them; the softmax runs over these. ``weight [n]``: of
    the rows. The last feature is the constant, which is not penalised. ``start``: weights to begin with.
    """
    from scipy.optimize import minimize

    shape = allowed.shape[1], x.shape[1]
    shares = np.full(len(x), 1 / len(x)) if weight is None else weight / weight.sum()
    penalty = np.full(shape[1], l2)
    penalty[-1] = 1e-6  # all but free, so that a label without rows in a fold keeps a finite constant
    rows = np.arange(len(x))

    def loss(flat: Doubles) -> tuple[float, Doubles]:
        w = flat.reshape(shape)
        logp = log_shares(x @ w.T, allowed)
        slope = np.exp(logp)
        slope[rows, y] -= 1
        slope *= shares[:, None]
        value = -float(shares @ logp[rows, y]) + 0.5 * float((penalty * w * w).sum())
        return value, (slope.T @ x + penalty * w).ravel()

    begin = np.zeros(shape) if start is None else start
    found: Any = minimize(
        loss, begin.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500, "ftol": 1e-7, "maxcor": 20}
    )
    return np.asarray(found.x, np.float64).reshape(shape)


def log_shares(logits: Doubles, allowed: NDArray[np.bool_]) -> Doubles:
    """Log-probabilities over the allowed labels of each row, ``-inf`` for the others. ``[n, labels]``."""
    masked = np.where(allowed, logits, -np.inf)
    masked = masked - masked.max(axis=1, keepdims=True)
    return np.asarray(masked - np.log(np.exp(masked).sum(axis=1, keepdims=True)), np.float64)


def choose_l2(
    x: Doubles,
    y: NDArray[np.int64],
    allowed: NDArray[np.bool_],
    groups: Sequence[str],
    *,
    grid: Sequence[float],
    folds: int,
    seed: int,
    weight: Doubles | None = None,
) -> float:
    """The penalty of ``grid`` with the best log-likelihood over ``folds`` folds that keep each group together."""
    place = fold_of_group(groups, folds, seed)
    losses = dict.fromkeys(sorted(grid, reverse=True), 0.0)
    for fold in range(folds):
        test = place == fold
        if not test.any() or test.all():
            continue
        start = None
        for l2 in losses:  # from strong to weak, each starting from the last
            start = fit(
                x[~test],
                y[~test],
                allowed[~test],
                l2=l2,
                weight=None if weight is None else weight[~test],
                start=start,
            )
            logp = log_shares(x[test] @ start.T, allowed[test])
            losses[l2] -= float(logp[np.arange(int(test.sum())), y[test]].sum())
    return min(losses, key=lambda l2: losses[l2])


def fold_of_group(groups: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for every row, ``[n]``: groups in seeded order, each to the fold that is smallest so far."""
    names, place = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(place, minlength=len(names))
    filled = np.zeros(folds, np.int64)
    fold = np.zeros(len(names), np.int64)
    for group in np.random.default_rng(seed).permutation(len(names)):
        fold[group] = int(np.argmin(filled))
        filled[fold[group]] += sizes[group]
    return np.asarray(fold[place])
