"""The logistic regression against its optimality conditions and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from osler.tuning.logistic import choose_l2, fit, fold_of_group, log_shares


def made(n: int, labels: int, seed: int, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    x = np.hstack([random.normal(size=(n, 5)), np.ones((n, 1))])
    logits = x @ random.normal(size=(6, labels)) / noise
    return x, np.array([random.choice(labels, p=np.exp(row) / np.exp(row).sum()) for row in logits])


def test_it_finds_what_scikit_learn_finds() -> None:
    x, y = made(400, 3, 0)
    w = fit(x, y, np.ones((400, 3), bool), l2=0.01)
    reference = LogisticRegression(C=1 / (0.01 * 400), tol=1e-8, max_iter=2000).fit(x[:, :-1], y)
    found = np.exp(log_shares(x @ w.T, np.ones((400, 3), bool)))
    assert np.allclose(found, reference.predict_proba(x[:, :-1]), atol=2e-3)
    assert np.allclose(w[:, :-1] - w[:, :-1].mean(0), reference.coef_ - reference.coef_.mean(0), atol=1e-2)


def test_weights_of_rows_count_like_repeated_rows() -> None:
    x, y = made(60, 3, 1)
    times = np.random.default_rng(2).integers(1, 4, 60)
    repeated = np.repeat(np.arange(60), times)
    once = fit(x, y, np.ones((60, 3), bool), l2=0.05, weight=times.astype(float))
    often = fit(x[repeated], y[repeated], np.ones((len(repeated), 3), bool), l2=0.05)
    assert np.allclose(once[:, :-1], often[:, :-1], atol=5e-3)


def test_a_label_that_is_not_allowed_learns_nothing_from_a_row() -> None:
    x, y = made(200, 2, 3)
    allowed = np.ones((200, 3), bool)
    allowed[:, 2] = False
    w = fit(x, y, allowed, l2=0.01)
    assert np.allclose(w[2], 0)
    shares = np.exp(log_shares(x @ w.T, allowed))
    assert np.all(shares[:, 2] == 0)
    assert np.allclose(shares.sum(1), 1)


def test_noise_gets_the_stronger_penalty() -> None:
    x, y = made(120, 2, 4, noise=0.3)
    pure = np.random.default_rng(5).integers(0, 2, 120)
    groups = [str(row // 3) for row in range(120)]
    allowed = np.ones((120, 2), bool)
    grid = (0.001, 0.1, 10.0)
    assert choose_l2(x, y, allowed, groups, grid=grid, folds=4, seed=0) == 0.001
    assert choose_l2(x, pure, allowed, groups, grid=grid, folds=4, seed=0) == 10.0


@settings(deadline=None)
@given(st.lists(st.integers(0, 8), min_size=1, max_size=40), st.integers(2, 5), st.integers(0, 99))
def test_folds_keep_groups_together(groups: list[int], folds: int, seed: int) -> None:
    names = [str(group) for group in groups]
    place = fold_of_group(names, folds, seed)
    assert place.tolist() == fold_of_group(names, folds, seed).tolist()
    assert all(len({int(at) for at, other in zip(place, names, strict=True) if other == name}) == 1 for name in names)
    assert set(place.tolist()) <= set(range(folds))


@pytest.mark.parametrize("labels", [1, 4])
def test_shares_of_allowed_labels_add_up_to_one(labels: int) -> None:
    logits = np.random.default_rng(0).normal(size=(9, labels)) * 500
    allowed = np.random.default_rng(1).random((9, labels)) < 0.5
    allowed[:, 0] = True
    assert np.allclose(np.exp(log_shares(logits, allowed)).sum(1), 1)
