"""Cluster bootstraps: sums, weights, the short cut over distinct sums, and what they estimate."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from osler.core.errors import DataError, SpecError
from osler.core.statistics import (
    cluster_bootstrap,
    cluster_totals,
    cluster_weights,
    paired_bootstrap,
    percentile,
    resampled_totals,
    shift_p,
)
from osler.core.statistics.bootstrap import Floats


def mean(totals: Floats) -> Floats:
    return np.asarray(totals[..., 0] / totals[..., 1])


def with_count(values: Floats) -> Floats:
    return np.column_stack([values, np.ones(len(values))])


@given(arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 5)), st.integers(0, 2**32 - 1))
def test_totals_are_the_sums_of_each_cluster(raw: np.ndarray[tuple[int], np.dtype[np.int64]], seed: int) -> None:
    codes = np.unique(raw, return_inverse=True)[1]
    rows = np.random.default_rng(seed).normal(size=(len(codes), 3))
    totals = cluster_totals(rows, codes)
    for cluster in range(len(totals)):
        assert totals[cluster] == pytest.approx(rows[codes == cluster].sum(axis=0))


def test_every_resample_draws_as_many_clusters_as_there_are() -> None:
    chunks = list(cluster_weights(700_000, resamples=5, seed=3))
    assert len(chunks) > 1
    drawn = np.concatenate(chunks)
    assert drawn.shape == (5, 700_000)
    assert bool(np.all(drawn.sum(axis=1) == 700_000))
    assert float(np.mean(drawn[0] == 0)) == pytest.approx(np.exp(-1), abs=0.005)


def test_chunks_do_not_change_the_draws() -> None:
    small, large = (list(cluster_weights(30, resamples=70, seed=3, cells=cells)) for cells in (100, 10_000))
    assert len(small) > len(large)
    assert np.array_equal(np.concatenate(small), np.concatenate(large))


def test_the_seed_decides_the_draws() -> None:
    totals = with_count(np.random.default_rng(0).normal(size=50))
    first, again = (resampled_totals(totals, resamples=200, seed=7) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, resampled_totals(totals, resamples=200, seed=8))


def test_distinct_sums_give_the_same_distribution_as_drawing_clusters() -> None:
    values = (np.arange(600) % 5 == 0).astype(np.float64)
    totals = with_count(values)
    short = mean(resampled_totals(totals, resamples=20_000, seed=1))
    weights = np.concatenate(list(cluster_weights(600, resamples=20_000, seed=2)))
    plain = mean(weights @ totals)
    assert short.mean() == pytest.approx(plain.mean(), abs=5e-4)
    assert short.std() == pytest.approx(plain.std(), rel=0.03)
    assert short.std() == pytest.approx(np.sqrt(0.2 * 0.8 / 600), rel=0.03)


def test_the_spread_is_the_standard_error_of_the_mean() -> None:
    values = np.random.default_rng(5).normal(size=400)
    draws = cluster_bootstrap(with_count(values), np.arange(400), mean, resamples=5_000, seed=0)
    assert draws.std() == pytest.approx(values.std() / 20, rel=0.05)


def test_clusters_widen_the_interval() -> None:
    rng = np.random.default_rng(2)
    codes = np.repeat(np.arange(40), 10)
    values = np.repeat(rng.normal(size=40), 10)
    alone = cluster_bootstrap(with_count(values), np.arange(400), mean, resamples=4_000)
    together = cluster_bootstrap(with_count(values), codes, mean, resamples=4_000)
    assert together.std() / alone.std() == pytest.approx(np.sqrt(10), rel=0.1)


def test_percentiles_leave_out_undefined_draws() -> None:
    draws = np.r_[np.arange(101.0), np.nan]
    assert percentile(draws, 0.9) == pytest.approx((5.0, 95.0))
    assert percentile(np.array([np.nan])) is None


def test_shift_p_is_never_zero_and_one_without_difference() -> None:
    draws = np.random.default_rng(0).normal(5.0, 0.1, size=999)
    assert shift_p(draws, 5.0) == pytest.approx(1 / 1000)
    assert shift_p(np.zeros(999), 0.0) == 1.0


def test_paired_bootstrap_finds_a_difference_and_none() -> None:
    rng = np.random.default_rng(4)
    a = rng.normal(size=200)
    found = paired_bootstrap(a, a + rng.normal(0.3, 0.5, size=200), resamples=2_000)
    assert found.low < found.value < found.high
    assert found.low > 0
    assert found.p < 0.01
    same = paired_bootstrap(a, a, resamples=500)
    assert same == (0.0, 0.0, 0.0, 1.0)


def test_paired_bootstrap_holds_its_level() -> None:
    rng = np.random.default_rng(9)
    found = [
        paired_bootstrap(rng.normal(size=60), rng.normal(size=60), resamples=400, seed=seed).p for seed in range(200)
    ]
    assert 0.01 < float(np.mean(np.array(found) < 0.05)) < 0.11


def test_broken_input_is_refused() -> None:
    with pytest.raises(DataError):
        cluster_totals(np.zeros((3, 1)), np.zeros(2, dtype=np.int64))
    with pytest.raises(DataError):
        paired_bootstrap(np.zeros(3), np.zeros(4))
    with pytest.raises(DataError):
        paired_bootstrap(np.array([np.nan]), np.zeros(1))
    with pytest.raises(SpecError):
        next(cluster_weights(0, resamples=10, seed=0))
    with pytest.raises(SpecError):
        resampled_totals(np.zeros((0, 2)))


def test_ten_thousand_resamples_of_a_million_answers_are_fast() -> None:
    kinds = np.random.default_rng(0).integers(0, 12, size=1_000_000)
    rows = (kinds[:, None] == np.arange(9)).astype(np.uint8)
    start = time.perf_counter()
    draws = resampled_totals(cluster_totals(rows, np.arange(len(rows))), seed=0)
    assert draws.shape == (10_000, 9)
    assert time.perf_counter() - start < 30
