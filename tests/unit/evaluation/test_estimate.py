"""Estimates: which interval, what it counts, and that it covers."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
import orjson
import pytest

from osler.core.errors import DataError, SpecError
from osler.core.statistics import clopper_pearson, wilson
from osler.core.types import Example, Prediction, Score
from osler.evaluation.estimate import confusion, draw, estimate, reliability
from osler.evaluation.metrics import METRICS, Accuracy, Auroc, Brier, Cost, FailureRate, Latency, MacroF1, metric
from osler.evaluation.table import Floats, Mask, Table, tabulate_columns


def graded(right: int, n: int, *, clusters: int = 0) -> Table:
    """``n`` answers of which ``right`` are right, in ``clusters`` groups (0: each on its own)."""
    return tabulate_columns(
        ids=[str(row) for row in range(n)],
        targets=["ab"[row % 2] for row in range(n)],
        answers=["ab"[row % 2] if row < right else None for row in range(n)],
        clusters=[str(row % clusters) for row in range(n)] if clusters else None,
    )


def random_table(n: int, *, clusters: int, seed: int = 0) -> Table:
    rng = np.random.default_rng(seed)
    shares = rng.dirichlet([1, 1, 1], size=n)
    targets = [str(label) for label in rng.choice(list("abc"), size=n)]
    return tabulate_columns(
        ids=[str(row) for row in range(n)],
        targets=targets,
        answers=["abc"[int(column)] for column in shares.argmax(axis=1)],
        clusters=[str(code) for code in rng.integers(0, clusters, size=n)],
        votes=[dict(zip("abc", map(float, row), strict=True)) for row in shares],
        latency=rng.random(n).tolist(),
        cost=rng.random(n).tolist(),
        tokens_in=[1.0] * n,
        tokens_out=[2.0] * n,
        cited=[("s",)] * n,
        gold=[("s", "t") if code else ("t",) for code in rng.integers(0, 2, size=n)],
    )


def test_shares_of_single_cases_have_wilson_or_exact_intervals() -> None:
    many = estimate(Accuracy(), graded(87, 100))
    assert (many.low, many.high) == pytest.approx((0.790196, 0.922428), abs=1e-6)
    assert (many.value, many.n, many.clusters, many.unscored, many.method) == (0.87, 100, 100, 0, "Wilson")
    few = estimate(Accuracy(), graded(9, 10))
    assert (few.low, few.high, few.method) == (*clopper_pearson(9, 10), "Clopper-Pearson")
    none = estimate(FailureRate(), graded(50, 100))
    assert none.value == 0
    assert none.high == pytest.approx(clopper_pearson(0, 100).high)


def test_clusters_are_resampled_and_widen_the_interval() -> None:
    rows = [f"p{patient}" for patient in range(25) for _ in range(8)]
    answers = ["a" if patient % 3 else "b" for patient in range(25) for _ in range(8)]
    table = tabulate_columns(ids=[str(row) for row in range(200)], targets=["a"] * 200, answers=answers, clusters=rows)
    found = estimate(Accuracy(), table)
    assert found.method == "cluster bootstrap, 10000 resamples"
    assert (found.n, found.clusters) == (200, 25)
    assert found.low is not None
    assert found.high is not None
    alone = wilson(128, 200)
    assert found.high - found.low > 2 * (alone.high - alone.low)


def test_a_patients_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        chances = rng.beta(4, 2, size=60)
        right = rng.random((60, 5)) < chances[:, None]
        table = tabulate_columns(
            ids=[str(row) for row in range(300)],
            targets=["a"] * 300,
            answers=["a" if hit else "b" for hit in right.ravel()],
            clusters=[str(row // 5) for row in range(300)],
        )
        found = estimate(Accuracy(), table, resamples=1_000, seed=seed)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 4 / 6 <= found.high
    assert covered / 150 > 0.88


def test_no_certainty_where_no_resample_differs() -> None:
    perfect = estimate(MacroF1(), graded(40, 40))
    assert (perfect.value, perfect.high) == (1.0, 1.0)
    assert perfect.low == pytest.approx(clopper_pearson(40, 40).low)
    assert perfect.method == "Clopper-Pearson on clusters"
    wrong = estimate(Accuracy(), graded(0, 40, clusters=8))
    assert (wrong.low, wrong.high) == pytest.approx(tuple(clopper_pearson(0, 8)))


def test_one_cluster_has_no_interval() -> None:
    found = estimate(Accuracy(), graded(5, 10, clusters=1))
    assert (found.value, found.low, found.high, found.clusters) == (0.5, None, None, 1)


@pytest.mark.parametrize("clusters", [2, 3, 9])
@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "cost"])
def test_fewer_than_ten_clusters_have_no_interval(name: str, clusters: int) -> None:
    table = random_table(200, clusters=clusters)
    found = estimate(metric(name), table, resamples=200)
    assert found.value is not None
    assert (found.low, found.high, found.clusters) == (None, None, clusters)
    assert found.method == "fewer than 10 clusters, so no interval"


@pytest.mark.parametrize(("clusters", "widened"), [(10, 1.217), (30, 1.061), (300, 1.006)])
def test_percentiles_are_widened_for_few_clusters(clusters: int, widened: float) -> None:
    rng = np.random.default_rng(clusters)
    cost = rng.normal(100, 10, size=clusters)
    table = tabulate_columns(
        ids=[str(row) for row in range(clusters)],
        targets=["a"] * clusters,
        answers=["a"] * clusters,
        cost=cost.tolist(),
    )
    found = estimate(Cost(), table)
    assert found.low is not None
    assert found.high is not None
    plain = 2 * 1.96 * float(cost.std()) / np.sqrt(clusters)
    assert (found.high - found.low) / plain == pytest.approx(widened, rel=0.05)


def test_patients_who_all_have_the_same_share_right_are_no_certainty() -> None:
    table = tabulate_columns(
        ids=[str(row) for row in range(120)],
        targets=["a"] * 120,
        answers=["b" if row % 10 == 0 else "a" for row in range(120)],
        clusters=[str(row // 10) for row in range(120)],
    )
    found = estimate(Accuracy(), table)
    differ = clopper_pearson(0, 12).high
    assert found.value == pytest.approx(0.9)
    assert (found.low, found.high) == pytest.approx((0.9 * (1 - differ), 0.9 + 0.1 * differ))
    assert found.method == "Clopper-Pearson on clusters"


@pytest.mark.parametrize("seed", range(4))
def test_the_calibration_error_lies_in_its_own_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    sure = rng.uniform(0.5, 1, size=n)
    right = rng.random(n) < sure  # calibrated, so all of the error is noise and resampling adds as much again
    table = tabulate_columns(
        ids=[str(row) for row in range(n)],
        targets=["a" if hit else "b" for hit in right],
        answers=["a"] * n,
        votes=[{"a": float(p), "b": float(1 - p)} for p in sure],
    )
    found = estimate(metric("calibration_error"), table, resamples=1_000)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low < found.value < found.high
    assert found.method == "cluster bootstrap, 1000 resamples, corrected for bias"


def test_nothing_to_score_has_no_value() -> None:
    found = estimate(Brier(), graded(5, 10))
    assert (found.value, found.low, found.n, found.unscored) == (None, None, 0, 10)
    empty = tabulate_columns(ids=[], targets=[], answers=[])
    for name in METRICS:
        assert estimate(metric(name), empty).value is None
    one_class = tabulate_columns(ids=["1"], targets=["a"], answers=["a"], votes=[{"a": 1.0}])
    assert estimate(Auroc(), one_class).method == "undefined on these rows"


def test_unscored_rows_are_counted_and_left_out() -> None:
    table = tabulate_columns(
        ids=list("abc"), targets=["x"] * 3, answers=["x", "x", None], failures=["", "", "timeout"], cost=[1, 3, None]
    )
    found = estimate(Cost(), table)
    assert (found.value, found.n, found.clusters, found.unscored) == (2.0, 2, 2, 1)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_has_an_interval_around_its_value(name: str) -> None:
    table = random_table(300, clusters=60)
    found = estimate(metric(name), table, resamples=500)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert found.n + found.unscored == 300
    assert found.low <= found.value <= found.high
    assert estimate(metric(name), table, resamples=500) == found
    assert orjson.loads(orjson.dumps(found.json()))["value"] == found.value


def test_the_slow_bootstrap_says_how_many_resamples_it_took() -> None:
    found = estimate(Latency(), random_table(200, clusters=50))
    assert found.method == "cluster bootstrap, 1000 resamples"


class WeightedMean:
    """The mean cost, computed from row weights instead of sums."""

    title: ClassVar[str] = "Weighted mean"
    definition: ClassVar[str] = "Sum of weight times cost / sum of weights."
    unit: ClassVar[str] = "USD"
    higher_is_better: ClassVar[bool | None] = False

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=None, reason="of tables only")

    def scored(self, table: Table) -> Mask:
        return np.ones(len(table), dtype=np.bool_)

    def weighted(self, table: Table, weights: Floats) -> Floats:
        return np.asarray(weights @ table.cost / weights.sum(axis=-1))


def test_sums_and_weights_give_the_same_bootstrap() -> None:
    table = random_table(150, clusters=40, seed=3)
    sums = draw(Cost(), (table,), resamples=1_000, seed=5)
    weights = draw(WeightedMean(), (table,), resamples=1_000, seed=5)
    assert sums == pytest.approx(weights)
    assert estimate(WeightedMean(), table).method == "cluster bootstrap, 1000 resamples"


def test_the_interval_of_a_mean_is_about_two_standard_errors_each_way() -> None:
    table = random_table(150, clusters=10**9, seed=3)
    found = estimate(Cost(), table)
    assert found.clusters == 150
    assert found.high is not None
    assert found.low is not None
    spread = 2 * 1.96 * float(table.cost.std()) / np.sqrt(150)
    assert found.high - found.low == pytest.approx(spread, rel=0.05)


def test_confusion_has_a_column_for_what_was_not_read() -> None:
    table = tabulate_columns(
        ids=list("1234"), targets=["a", "a", "b", "b"], answers=["a", None, "a", "c"], choices=("b", "a")
    )
    labels, counts = confusion(table)
    assert labels == ("b", "a", "c")
    assert counts.tolist() == [[0, 1, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0]]


def test_reliability_needs_bins() -> None:
    with pytest.raises(SpecError):
        reliability(graded(1, 2), bins=0)
    assert reliability(graded(1, 2)) == ()


def test_too_many_classes_for_a_mean_are_refused() -> None:
    names = [str(row) for row in range(15_000)]
    table = tabulate_columns(ids=names, targets=names, answers=list(names))
    with pytest.raises(DataError):
        estimate(MacroF1(), table)


class Odd:
    """A metric without any corpus-level part."""

    title: ClassVar[str] = "Odd"
    definition: ClassVar[str] = "None."
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool | None] = None

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=None, reason="odd")

    def scored(self, table: Table) -> Mask:
        return np.ones(len(table), dtype=np.bool_)


def test_a_metric_without_corpus_part_is_refused() -> None:
    with pytest.raises(SpecError, match="Odd"):
        estimate(Odd(), graded(1, 2))


@pytest.mark.slow
def test_a_million_rows() -> None:
    n = 1_000_000
    kinds = np.random.default_rng(0).integers(0, 9, size=n).tolist()
    table = tabulate_columns(
        ids=[f"r{row}" for row in range(n)],
        targets=["abc"[kind % 3] for kind in kinds],
        answers=["abc"[kind // 3] for kind in kinds],
        clusters=[f"p{row // 4}" for row in range(n)],
    )
    start = time.perf_counter()
    found = estimate(MacroF1(), table)
    assert found.value == pytest.approx(1 / 3, abs=0.003)
    assert time.perf_counter() - start < 60
