"""Comparisons: direction, pairing, tests, and what a verdict may say."""

from __future__ import annotations

import dataclasses

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.core.statistics import clopper_pearson, detectable_difference, newcombe_paired
from osler.evaluation.compare import compare, verdict
from osler.evaluation.metrics import METRICS, Accuracy, Brier, Cost, Latency, MacroF1, metric
from osler.evaluation.table import Table, tabulate_columns

PAIRS = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["a", "b", None])), min_size=2, max_size=40)


def answering(right: list[bool], *, clusters: int = 0, cost: list[float] | None = None) -> Table:
    n = len(right)
    return tabulate_columns(
        ids=[str(row) for row in range(n)],
        targets=["ab"[row % 2] for row in range(n)],
        answers=["ab"[row % 2] if hit else "c" for row, hit in enumerate(right)],
        clusters=[str(row % clusters) for row in range(n)] if clusters else None,
        cost=cost,
    )


def cells(both: int, only_a: int, only_b: int, neither: int, *, clusters: int = 0) -> tuple[Table, Table]:
    a = [True] * (both + only_a) + [False] * (only_b + neither)
    b = [True] * both + [False] * only_a + [True] * only_b + [False] * neither
    return answering(a, clusters=clusters), answering(b, clusters=clusters)


def test_single_cases_have_mcnemar_and_newcombe() -> None:
    a, b = cells(60, 5, 15, 20)
    found = compare(Accuracy(), a, b)
    assert found.difference == pytest.approx(0.10)
    assert found.p == pytest.approx(0.041389, abs=1e-6)
    assert (found.low, found.high) == pytest.approx(tuple(newcombe_paired(60, 5, 15, 20)))
    assert (found.only_a, found.only_b, found.n, found.clusters) == (5, 15, 100, 100)
    assert found.method == "exact McNemar, Newcombe interval"
    assert found.detectable == pytest.approx(detectable_difference(100, 0.2, grid=0.001))
    assert verdict(found) == "b better"
    assert verdict(compare(Accuracy(), b, a)) == "a better"


def test_clustered_cases_have_the_paired_bootstrap() -> None:
    a, b = cells(60, 5, 15, 20, clusters=25)
    found = compare(Accuracy(), a, b, resamples=2_000)
    assert found.method == "paired cluster bootstrap, 2000 resamples"
    assert (found.only_a, found.only_b, found.n, found.clusters) == (5, 15, 100, 25)
    assert found.low is not None
    assert found.high is not None
    assert found.p is not None
    assert found.low < 0.10 < found.high
    assert found.p > 1 / 2001


def test_a_patients_cases_are_not_evidence_of_their_own() -> None:
    rng = np.random.default_rng(0)
    better = rng.random(20) < 0.65
    a = [not hit for hit in np.tile(better, 15)]
    b = [bool(hit) for hit in np.tile(better, 15)]
    alone = compare(Accuracy(), answering(a), answering(b))
    together = compare(Accuracy(), answering(a, clusters=20), answering(b, clusters=20))
    assert alone.p is not None
    assert together.p is not None
    assert alone.p < 0.001 < 0.05 < together.p
    assert together.detectable is None or together.detectable > (alone.detectable or 0)


@settings(deadline=None, max_examples=25)
@given(PAIRS, st.integers(1, 6))
def test_a_system_compared_with_itself_is_no_different(rows: list[tuple[str, str | None]], clusters: int) -> None:
    table = tabulate_columns(
        ids=[str(row) for row in range(len(rows))],
        targets=[target for target, _ in rows],
        answers=[answer for _, answer in rows],
        clusters=[str(row // clusters) for row in range(len(rows))],
    )
    for one in (Accuracy(), MacroF1()):
        found = compare(one, table, table, resamples=100)
        assert found.difference == 0
        assert found.p in (1.0, None)
        assert (found.p is None) == (found.clusters == 1 and found.method.startswith("one cluster"))
        exact = one.binary and found.clusters == found.n
        assert (found.low is None) == (found.clusters < 10 and not exact)
        assert verdict(found).startswith("no difference shown")


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_compares_a_system_with_itself(name: str) -> None:
    rng = np.random.default_rng(5)
    n = 90
    shares = rng.dirichlet([1, 1], size=n)
    table = tabulate_columns(
        ids=[str(row) for row in range(n)],
        targets=[str(label) for label in rng.choice(list("ab"), size=n)],
        answers=["ab"[int(column)] for column in shares.argmax(axis=1)],
        votes=[dict(zip("ab", map(float, row), strict=True)) for row in shares],
        clusters=[str(row // 3) for row in range(n)],
        latency=rng.random(n).tolist(),
        cost=rng.random(n).tolist(),
        tokens_in=rng.random(n).tolist(),
        tokens_out=rng.random(n).tolist(),
        cited=[("s",)] * n,
        gold=[("s", "t")] * n,
    )
    found = compare(metric(name), table, table, resamples=200)
    assert found.difference == 0
    assert found.p == 1.0
    limit = clopper_pearson(0, 30).high if found.unit == "share" else 0  # equal on 30 patients, not on all there are
    assert (found.low, found.high) == pytest.approx((-limit, limit), abs=1e-12)
    assert orjson.loads(orjson.dumps(found.json()))["unit"] == found.unit


def test_swapping_turns_the_sign() -> None:
    a, b = cells(30, 6, 14, 10, clusters=20)
    for one in (Accuracy(), MacroF1()):
        forth, back = compare(one, a, b, resamples=500), compare(one, b, a, resamples=500)
        assert forth.difference is not None
        assert back.difference == pytest.approx(-forth.difference)
        assert back.p == pytest.approx(forth.p)
        assert forth.low is not None
        assert back.high == pytest.approx(-forth.low)


def test_lower_is_better_for_costs() -> None:
    rng = np.random.default_rng(1)
    cheap, dear = rng.random(80), rng.random(80) + 0.5
    hits = [True] * 80
    found = compare(Cost(), answering(hits, cost=dear.tolist()), answering(hits, cost=cheap.tolist()), resamples=2_000)
    assert found.difference is not None
    assert found.difference < 0
    assert (found.only_a, found.only_b) == (None, None)
    assert found.detectable is not None
    assert 0 < found.detectable < -found.difference
    assert verdict(found) == "b better"
    neutral = dataclasses.replace(found, higher_is_better=None)
    assert verdict(neutral) == "b lower"


def test_no_difference_names_what_could_not_be_seen() -> None:
    found = compare(Accuracy(), *cells(60, 10, 12, 18))
    assert verdict(found) == (
        f"no difference shown (n = 100; differences below {found.detectable:.3g} could not be seen)"
    )
    same = compare(Accuracy(), *cells(60, 0, 0, 40))
    assert (same.p, same.detectable) == (1.0, None)
    assert verdict(same).startswith("no difference shown (n = 100; the difference may be anywhere from -")


def test_few_clusters_cannot_show_a_difference() -> None:
    a, b = cells(0, 0, 40, 0, clusters=4)
    found = compare(Accuracy(), a, b)
    assert found.difference == 1.0
    assert found.p == 2**-3
    assert verdict(found).startswith("no difference shown")
    single = compare(Accuracy(), *cells(0, 0, 40, 0, clusters=1))
    assert (single.low, single.p) == (None, None)
    assert verdict(single) == "no difference shown (n = 40; one cluster, so no interval)"


@pytest.mark.parametrize(("clusters", "better"), [(6, False), (9, False), (12, True)])
def test_the_same_gain_in_every_patient_needs_ten_patients(clusters: int, better: bool) -> None:
    n = 10 * clusters
    a = answering([row // clusters < 5 for row in range(n)], clusters=clusters)
    b = answering([row // clusters < 9 for row in range(n)], clusters=clusters)
    found = compare(Accuracy(), a, b)
    assert found.difference == pytest.approx(0.4)
    assert found.p is not None
    assert found.p <= 0.05
    if better:
        differ = clopper_pearson(0, clusters).high
        assert (found.low, found.high) == pytest.approx((0.4 - 1.4 * differ, 0.4 + 0.6 * differ))
        assert verdict(found) == "b better"
    else:
        assert (found.low, found.high, found.detectable) == (None, None, None)
        assert verdict(found) == f"no difference shown (n = {n}; fewer than 10 clusters, so no interval)"


def test_the_difference_of_calibration_errors_lies_in_its_own_interval() -> None:
    rng = np.random.default_rng(2)
    sure = np.round(rng.uniform(0.5, 1, size=120), 3)
    right = rng.random(120) < sure

    def stating(confidence: list[float]) -> Table:
        return tabulate_columns(
            ids=[str(row) for row in range(120)],
            targets=["a" if hit else "b" for hit in right],
            answers=["a"] * 120,
            votes=[{"a": p, "b": 1 - p} for p in confidence],
        )

    found = compare(metric("calibration_error"), stating(sure.tolist()), stating([0.99] * 120), resamples=1_000)
    assert found.difference is not None
    assert found.low is not None
    assert found.high is not None
    middle = (found.low + found.high) / 2
    assert middle == pytest.approx(found.difference, abs=0.25 * (found.high - found.low))
    assert found.method == "paired cluster bootstrap, 1000 resamples, corrected for bias"


@pytest.mark.parametrize(
    ("asked", "size"), [([1, 1], "20"), ([2, 2], "20 cases x 2 seeds"), ([2, 1], "20 cases, 30 answers")]
)
def test_cases_asked_under_several_seeds_are_named_as_such(asked: list[int], size: str) -> None:
    ids = [str(row) for row in range(20) for _ in range(asked[row % 2])]
    table = tabulate_columns(ids=ids, targets=["a"] * len(ids), answers=["a"] * len(ids))
    found = compare(MacroF1(), table, table, resamples=50)
    assert (found.n, found.cases, found.clusters) == (len(ids), 20, 20)
    assert verdict(found).startswith(f"no difference shown (n = {size}; ")


def test_only_rows_scored_in_both_are_compared() -> None:
    hits = [True] * 4
    a = answering(hits, cost=[1.0, 2.0, float("nan"), 4.0])
    b = answering(hits, cost=[2.0, 3.0, 9.0, float("nan")])
    found = compare(Cost(), a, b, resamples=50)
    assert found.difference == pytest.approx(1.0)
    assert (found.n, found.unscored) == (2, 2)
    missing = compare(Brier(), a, b)
    assert missing.difference is None
    assert verdict(missing) == "not comparable (no row could be scored for both)"
    assert compare(Latency(), a, b).n == 0


def test_different_examples_are_refused() -> None:
    a, b = cells(3, 1, 1, 1)
    swapped = dataclasses.replace(b, ids=b.ids[np.array([0, 1, 2, 3, 5, 4])])
    with pytest.raises(DataError, match="row 4"):
        compare(Accuracy(), a, swapped)
    with pytest.raises(DataError, match="6 and 5 rows"):
        compare(Accuracy(), a, b.rows(np.arange(6) < 5))
    with pytest.raises(DataError, match="clustered differently"):
        compare(Accuracy(), a, answering([True] * 6, clusters=2))
    with pytest.raises(DataError, match="different targets"):
        compare(Accuracy(), a, dataclasses.replace(b, targets=1 - b.targets))


def test_tables_whose_labels_stand_in_another_order_are_compared_by_name() -> None:
    a = tabulate_columns(ids=list("12"), targets=["x", "y"], answers=["x", "q"], choices=("y", "x"))
    b = tabulate_columns(ids=list("12"), targets=["x", "y"], answers=["x", "y"])
    found = compare(Accuracy(), a, b)
    assert (found.only_a, found.only_b) == (0, 1)
