"""Two systems on the same cases: the paired difference, and what may be said of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from osler.core.errors import DataError
from osler.core.statistics import (
    FEW_CLUSTERS,
    FEWEST_CLUSTERS,
    detectable_difference,
    expanded_level,
    mcnemar_exact,
    newcombe_paired,
    none_deviates,
    percentile,
    shift_p,
)
from osler.evaluation.estimate import RESAMPLES, adds_noise, centred, draw, no_spread, value_on
from osler.evaluation.metrics.kinds import Additive, TableMetric
from osler.evaluation.resampling import count_clusters
from osler.evaluation.table import Table

ALPHA = 0.05
FINE_GRID = 0.001
ROUNDING = 1e-12  # a spread that stands for none
POWERFUL = 2.8016  # z(0.975) + z(0.8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """System b minus system a on the rows that both have a score for.

    ``difference``, ``low``, ``high`` in the metric's unit, None where undefined. ``only_a`` and ``only_b``: rows that
    only one of them gets right, None for metrics that are not right or wrong. ``cases``: distinct examples, fewer than
    ``n`` rows where several seeds were asked. ``detectable``: the smallest difference
    that would be shown in 4 of 5 such studies: by an exact McNemar test at the observed discordance, or, where the
    interval is a bootstrap, at its standard error. None when there is none.
    """

    metric: str
    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    method: str
    n: int
    cases: int
    clusters: int
    unscored: int
    only_a: int | None
    only_b: int | None
    detectable: float | None
    unit: str
    higher_is_better: bool | None

    def json(self) -> dict[str, float | int | str | bool | None]:
        """The fields as a JSON object."""
        return asdict(self)


def compare(
    metric: TableMetric, a: Table, b: Table, *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> Comparison:
    """``metric`` of ``b`` minus ``metric`` of ``a``, which hold the same examples in the same order.

    Right or wrong with one row per cluster: exact McNemar p and Newcombe's paired interval. Else a bootstrap that
    draws the same clusters for both: percentile interval, widened for the number of clusters and not given below 10,
    and shift p-value, which is kept at or above 2^(1 - K) for K clusters, the smallest p that a sign-flip test of K
    differences can give.
    """
    _refuse_unpaired(a, b)
    both = metric.scored(a) & metric.scored(b)
    held_a, held_b = a.rows(both), b.rows(both)
    n, clusters = len(held_a), count_clusters(held_a)
    only_a, only_b, detectable = _discordant(metric, held_a, held_b)
    found = _difference(metric, held_a, held_b, (resamples, seed, level), only_a, only_b)
    difference, low, high, p, method, spread = found
    if low is None:  # what no interval stands behind is no power, either
        detectable = None
    elif spread is not None:  # beyond McNemar's case: 80 % power of a two-sided normal test at this standard error
        detectable = POWERFUL * spread if spread > ROUNDING else None
    return Comparison(
        metric=metric.title,
        difference=difference,
        low=low,
        high=high,
        p=p,
        method=method,
        n=n,
        cases=len(np.unique(held_a.ids)),
        clusters=clusters,
        unscored=len(a) - n,
        only_a=only_a,
        only_b=only_b,
        detectable=detectable,
        unit=metric.unit,
        higher_is_better=metric.higher_is_better,
    )


def verdict(comparison: Comparison, unit: str = "") -> str:
    """One sentence. A system is called better only if the interval excludes 0 and p is at most 0.05.

    ``unit``: of the metric; differences of a "share" are told in points of percent.
    """
    found = comparison
    if found.difference is None:
        return f"not comparable ({found.method})"
    seen = found.low is not None and found.high is not None and (found.low > 0 or found.high < 0)
    if seen and found.p is not None and found.p <= ALPHA:
        up = found.difference > 0
        if found.higher_is_better is None:
            return f"b {'higher' if up else 'lower'}"
        return "b better" if up == found.higher_is_better else "a better"
    if seen and found.p is not None:
        limit = f"the interval leaves 0 out and the test does not, p = {found.p:.3f}"
    elif found.detectable is not None:
        limit = f"differences below {_amount(found.detectable, unit)} could not be seen"
    elif found.low is not None and found.high is not None:
        low, high = (f"{100 * end:+.1f}" if unit == "share" else f"{end:+.3g}" for end in (found.low, found.high))
        limit = f"the difference may be anywhere from {low} to {high}{' points' if unit == 'share' else ''}"
    else:
        limit = found.method
    return f"no difference shown (n = {_size(found)}; {limit})"


def _amount(size: float, unit: str) -> str:
    return f"{100 * size:.1f} points" if unit == "share" else f"{size:.3g}"


def _size(found: Comparison) -> str:
    """``60``, or ``60 cases x 2 seeds``; a case asked unequally often is counted by its answers."""
    if found.cases == found.n:
        return str(found.n)
    if found.n % found.cases == 0:
        return f"{found.cases} cases x {found.n // found.cases} seeds"
    return f"{found.cases} cases, {found.n} answers"


Found = tuple[float | None, float | None, float | None, float | None, str, float | None]


def _difference(
    metric: TableMetric,
    a: Table,
    b: Table,
    settings: tuple[int, int, float],
    only_a: int | None,
    only_b: int | None,
) -> Found:
    resamples, seed, level = settings
    if len(a) == 0:
        return None, None, None, None, "no row could be scored for both", None
    value_a, value_b = value_on(metric, a), value_on(metric, b)
    if value_a is None or value_b is None:
        return None, None, None, None, "undefined on these rows", None
    difference = value_b - value_a
    clusters = count_clusters(a)
    if only_a is not None and only_b is not None and clusters == len(a):
        right_a = round(value_a * len(a))
        both = right_a - only_a
        low, high = newcombe_paired(both, only_a, only_b, len(a) - both - only_a - only_b, level)
        return difference, low, high, mcnemar_exact(only_a, only_b), "exact McNemar, Newcombe interval", None
    if clusters < 2:
        return difference, None, None, None, "one cluster, so no interval", None
    drawn = centred(metric, draw(metric, (a, b), resamples=resamples, seed=seed), (value_a, value_b))
    draws = drawn[:, 1] - drawn[:, 0]
    p = max(shift_p(draws, difference), 2.0 ** (1 - min(clusters, 1000)))
    if clusters < FEWEST_CLUSTERS:
        return difference, None, None, p, FEW_CLUSTERS, None
    spread = float(np.nanstd(draws))
    if metric.unit == "share" and no_spread(draws):
        low, high = none_deviates(difference, clusters, least=-1, most=1, level=level)
        return difference, low, high, p, "paired cluster bootstrap, Clopper-Pearson on clusters", spread
    interval = percentile(draws, expanded_level(level, clusters))
    low_high = interval if interval else (None, None)
    unbiased = ", corrected for bias" if adds_noise(metric) else ""
    return difference, *low_high, p, f"paired cluster bootstrap, {len(draws)} resamples{unbiased}", spread


def _discordant(metric: TableMetric, a: Table, b: Table) -> tuple[int | None, int | None, float | None]:
    if not (isinstance(metric, Additive) and metric.binary) or len(a) == 0:
        return None, None, None
    hit_a, hit_b = (np.asarray(metric.statistics(table))[:, 0] > 0 for table in (a, b))
    only_a, only_b = int(np.sum(hit_a & ~hit_b)), int(np.sum(hit_b & ~hit_a))
    discordance = (only_a + only_b) / len(a)
    seen = detectable_difference(count_clusters(a), discordance, grid=FINE_GRID) if discordance else None
    return only_a, only_b, seen


def _refuse_unpaired(a: Table, b: Table) -> None:
    if len(a) != len(b) or not np.array_equal(a.ids, b.ids):
        where = _first_difference(a, b)
        raise DataError(
            f"two systems are compared on the same examples in the same order, got {len(a)} and {len(b)} rows{where}",
            hint="tabulate both over the same examples and seeds",
        )
    if not np.array_equal(a.clusters, b.clusters):
        raise DataError("the two tables are clustered differently", hint="give both the same cluster field")
    pairs = zip(a.targets.tolist(), b.targets.tolist(), strict=True)
    apart = next((row for row, (one, other) in enumerate(pairs) if a.labels[one] != b.labels[other]), None)
    if apart is not None:
        raise DataError(f"the two tables have different targets for example {a.ids[apart]!r}")


def _first_difference(a: Table, b: Table) -> str:
    size = min(len(a), len(b))
    apart = np.flatnonzero(a.ids[:size] != b.ids[:size])
    return f", apart first at row {int(apart[0])}" if apart.size else ""
