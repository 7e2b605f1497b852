"""Calibration, Brier and AUROC: scikit-learn, hand-made cases, ties and weights."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, roc_auc_score

from osler.core.types import Example, Prediction
from osler.evaluation.estimate import reliability, value_on
from osler.evaluation.metrics import Auroc, Brier, CalibrationError, TableMetric
from osler.evaluation.metrics.calibration import equal_mass_bins
from osler.evaluation.table import Table, tabulate_columns

SEEDS = st.integers(0, 2**32 - 1)


def table_of(shares: np.ndarray[tuple[int, int], np.dtype[np.float64]], targets: list[str]) -> Table:
    labels = [f"l{column}" for column in range(shares.shape[1])]
    votes = [dict(zip(labels, map(float, row), strict=True)) for row in shares]
    answers = [labels[int(column)] for column in shares.argmax(axis=1)]
    rows = [str(row) for row in range(len(targets))]
    return tabulate_columns(ids=rows, targets=targets, answers=answers, votes=votes, choices=labels)


def drawn(seed: int, n: int = 60, labels: int = 3, places: int = 6) -> tuple[Table, list[str]]:
    rng = np.random.default_rng(seed)
    shares = np.round(rng.dirichlet(np.ones(labels), size=n), places)
    shares = shares / shares.sum(axis=1, keepdims=True)
    targets = [f"l{int(rng.choice(labels, p=row))}" for row in shares]
    targets[:labels] = [f"l{column}" for column in range(labels)]
    return table_of(shares, targets), targets


def value(one: TableMetric, table: Table) -> float:
    found = value_on(one, table.rows(one.scored(table)))
    assert found is not None
    return found


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_brier_and_auroc_equal_sklearn(seed: int) -> None:
    table, targets = drawn(seed, places=2)
    labels = ["l0", "l1", "l2"]
    expected = brier_score_loss(targets, table.probabilities, labels=labels, scale_by_half=False)
    assert value(Brier(), table) == pytest.approx(expected)
    area = roc_auc_score(targets, table.probabilities, multi_class="ovr", average="macro", labels=labels)
    assert value(Auroc(), table) == pytest.approx(area)


@settings(deadline=None, max_examples=40)
@given(SEEDS)
def test_calibration_error_equals_its_definition(seed: int) -> None:
    table, _ = drawn(seed, n=90)
    assert table.probabilities is not None
    confidence = table.probabilities.max(axis=1)
    right = table.probabilities.argmax(axis=1) == table.targets
    order = np.argsort(confidence)
    expected = sum(
        len(part) / 90 * abs(confidence[part].mean() - right[part].mean()) for part in np.array_split(order, 15)
    )
    assert value(CalibrationError(), table) == pytest.approx(expected)


def test_calibration_error_by_hand() -> None:
    shares = np.array([[0.8, 0.2]] * 10 + [[1.0, 0.0]] * 10)
    targets = ["l0"] * 6 + ["l1"] * 4 + ["l0"] * 10
    assert value(CalibrationError(), table_of(shares, targets)) == pytest.approx(0.5 * 0.2)


def test_ties_between_labels_do_not_depend_on_their_order() -> None:
    shares = np.array([[0.5, 0.5]] * 4)
    table = table_of(shares, ["l0", "l1", "l0", "l1"])
    assert value(CalibrationError(), table) == pytest.approx(0.0)
    silent = tabulate_columns(
        ids=["1"], targets=["l1"], answers=[None], votes=[{"l0": 0.5, "l1": 0.5}], choices=("l0", "l1")
    )
    assert value(CalibrationError(), silent) == pytest.approx(0.0)


def test_equal_confidences_share_a_bin() -> None:
    confidence = np.array([0.2] * 7 + [0.6] * 20 + [1.0] * 3)
    places = equal_mass_bins(confidence, 15)
    assert [len(np.unique(places[confidence == level])) for level in (0.2, 0.6, 1.0)] == [1, 1, 1]
    even = equal_mass_bins(np.random.default_rng(0).random(1500), 15)
    assert np.bincount(even).tolist() == [100] * 15


def test_cases_without_probabilities_are_left_out_of_probability_metrics() -> None:
    table = tabulate_columns(
        ids=list("123"), targets=["a", "b", "a"], answers=["a", "b", None], votes=[{"a": 0.9, "b": 0.1}, None, {}]
    )
    for one in (Brier(), CalibrationError(), Auroc()):
        assert one.scored(table).tolist() == [True, False, False]
    assert value(Brier(), table) == pytest.approx(0.02)
    assert value_on(Auroc(), table.rows(Auroc().scored(table))) is None
    case = Example(id="x", input={}, target="a")
    assert Brier().score(case, Prediction(answer="a")).value is None


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_auroc_weights_are_repetitions(seed: int) -> None:
    table, targets = drawn(seed, n=20, places=1)
    counts = np.random.default_rng(seed).integers(0, 3, size=20)
    counts[:3] = 1
    assert table.probabilities is not None
    repeated = table_of(np.repeat(table.probabilities, counts, axis=0), list(np.repeat(targets, counts)))
    weighted = Auroc().weighted(table, np.stack([counts, np.ones(20)]).astype(np.float64))
    assert weighted == pytest.approx([value(Auroc(), repeated), value(Auroc(), table)])


def test_reliability_bins_hold_all_cases_and_rise() -> None:
    table, _ = drawn(3, n=400)
    bins = reliability(table, bins=8)
    assert sum(found.n for found in bins) == 400
    assert [found.confidence for found in bins] == sorted(found.confidence for found in bins)
    for found in bins:
        assert found.low <= found.accuracy <= found.high
    gap = sum(found.n / 400 * abs(found.confidence - found.accuracy) for found in reliability(table, bins=15))
    assert gap == pytest.approx(value(CalibrationError(), table))
