"""A metric's value with its interval, and two pictures of a table: confusion and reliability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import SpecError
from osler.core.statistics import (
    FEW_CLUSTERS,
    FEWEST_CLUSTERS,
    Interval,
    cluster_totals,
    cluster_weights,
    expanded_level,
    interval_of_proportion,
    none_deviates,
    percentile,
    resampled_totals,
)
from osler.evaluation.metrics.calibration import equal_mass_bins, has_probabilities, top_label
from osler.evaluation.metrics.kinds import Additive, TableMetric, Weighted
from osler.evaluation.table import UNREAD, Floats, Mask, Table

RESAMPLES = 10_000
SLOW_RESAMPLES = 1_000
FEWEST = 200
WORK = 20_000_000
CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A metric on a table. ``value`` is None where no row could be scored or the metric is undefined.

    ``low`` and ``high`` are None where no interval can be given (fewer than 10 clusters). ``n`` rows were scored, in ``clusters``
    clusters, and ``unscored`` rows were left out. ``method`` names the interval.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    clusters: int
    unscored: int
    method: str

    def json(self) -> dict[str, float | int | str | None]:
        """The fields as a JSON object."""
        return asdict(self)


def estimate(
    metric: TableMetric, table: Table, *, resamples: int = RESAMPLES, seed: int = 0, level: float = 0.95
) -> Estimate:
    """``metric`` on ``table`` with an interval of ``level``.

    Shares of right and wrong with one row per cluster: Wilson or Clopper-Pearson. Else the bootstrap of clusters, its
    percentiles widened for the number of clusters, and no interval below 10 clusters; metrics that are no function of
    sums take at most 1,000 resamples, and very large tables fewer (``method`` says how many). Where no resample of a
    share differs, the ends are those that the exact bound of "0 of K clusters differ" allows, not a width of 0.
    """
    scored = metric.scored(table)
    unscored = len(table) - int(scored.sum())
    held = table.rows(scored)
    clusters = count_clusters(held)
    if len(held) == 0:
        return Estimate(None, None, None, 0, 0, unscored, "no row could be scored")
    value = value_on(metric, held)
    if value is None:
        return Estimate(None, None, None, len(held), clusters, unscored, "undefined on these rows")
    interval, method = _interval(metric, held, value, clusters, (resamples, seed, level))
    low, high = interval if interval else (None, None)
    return Estimate(value, low, high, len(held), clusters, unscored, method)


def count_clusters(table: Table) -> int:
    return int(table.clusters.max()) + 1 if len(table) else 0


def value_on(metric: TableMetric, table: Table) -> float | None:
    """The metric on a table whose rows can all be scored; None where it is undefined."""
    if isinstance(metric, Additive):
        value = float(metric.value(metric.statistics(table).sum(axis=0, dtype=np.float64)))
    elif isinstance(metric, Weighted):
        value = float(metric.weighted(table, np.ones(len(table))))
    else:
        raise SpecError(f"{type(metric).__name__} is no metric of a table", hint="give it statistics and value")
    return None if np.isnan(value) else value


def draw(metric: TableMetric, tables: tuple[Table, ...], *, resamples: int, seed: int) -> Floats:
    """Values [B, tables] on cluster resamples, drawn once for all ``tables`` (the same rows of several systems)."""
    first = tables[0]
    if isinstance(metric, Additive):
        parts = [np.asarray(metric.statistics(table)) for table in tables]
        totals = resampled_totals(
            cluster_totals(np.concatenate(parts, axis=1), first.clusters), resamples=resamples, seed=seed
        )
        ends = np.cumsum([part.shape[1] for part in parts])[:-1]
        return np.stack([metric.value(part) for part in np.split(totals, ends, axis=1)], axis=1)
    if not isinstance(metric, Weighted):
        raise SpecError(f"{type(metric).__name__} is no metric of a table", hint="give it statistics and value")
    affordable = min(resamples, SLOW_RESAMPLES, max(FEWEST, WORK // len(first)))
    step = max(1, CELLS // len(first))
    drawn: list[Floats] = []
    for counts in cluster_weights(count_clusters(first), resamples=affordable, seed=seed, cells=CELLS):
        for start in range(0, len(counts), step):
            weights = counts[start : start + step, first.clusters].astype(np.float64)
            drawn.append(np.stack([metric.weighted(table, weights) for table in tables], axis=1))
    return np.concatenate(drawn)


def _interval(
    metric: TableMetric, table: Table, value: float, clusters: int, settings: tuple[int, int, float]
) -> tuple[Interval | None, str]:
    resamples, seed, level = settings
    if isinstance(metric, Additive) and metric.binary and clusters == len(table):
        return interval_of_proportion(round(value * len(table)), len(table), level)
    if clusters < 2:
        return None, "one cluster, so no interval"
    draws = centred(metric, draw(metric, (table,), resamples=resamples, seed=seed), (value,))[:, 0]
    unbiased = ", corrected for bias" if adds_noise(metric) else ""
    if metric.unit == "share" and no_spread(draws) and (clusters >= FEWEST_CLUSTERS or value in (0, 1)):
        return none_deviates(value, clusters, least=0, most=1, level=level), "Clopper-Pearson on clusters"
    if clusters < FEWEST_CLUSTERS:
        return None, FEW_CLUSTERS
    interval = percentile(draws, expanded_level(level, clusters))
    if interval is not None and unbiased:
        interval = Interval(max(0.0, min(interval.low, value)), max(interval.high, value))
    return interval, f"cluster bootstrap, {len(draws)} resamples{unbiased}"


def adds_noise(metric: TableMetric) -> bool:
    """Whether resampling raises the metric: sums of absolute deviations, as in the calibration error."""
    return bool(getattr(metric, "resampling_adds", False))


def centred(metric: TableMetric, draws: Floats, values: Sequence[float]) -> Floats:
    """Draws [B, tables], moved to have ``values`` as their mean where resampling raises the metric."""
    return draws - np.nanmean(draws, axis=0) + np.array(values) if adds_noise(metric) else draws


def no_spread(draws: Floats) -> bool:
    """Whether no resample differs, but for rounding."""
    known = draws[~np.isnan(draws)]
    return known.size > 0 and float(np.ptp(known)) <= 1e-12


def confusion(table: Table) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Labels L and counts [L, L + 1]: gold in rows, answers in columns, the last column for what was not read."""
    size = len(table.labels)
    said = np.where(table.answers == UNREAD, size, table.answers)
    cells = np.bincount(table.targets.astype(np.int64) * (size + 1) + said, minlength=size * (size + 1))
    return table.labels, cells.reshape(size, size + 1).astype(np.int64)


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Cases of similar confidence: mean confidence, accuracy of the top label, and its interval."""

    n: int
    confidence: float
    accuracy: float
    low: float
    high: float


def reliability(table: Table, bins: int = 10) -> tuple[ReliabilityBin, ...]:
    """The reliability diagram in ``bins`` bins of equal mass, by rising confidence; empty bins are left out.

    Intervals are Wilson or Clopper-Pearson on the rows and take no account of clusters.
    """
    if bins < 1:
        raise SpecError(f"a reliability diagram needs at least one bin, got {bins}")
    known: Mask = has_probabilities(table)
    confidence, right = top_label(table.rows(known))
    places = equal_mass_bins(confidence, bins)
    found = []
    for place in np.unique(places):
        chosen = places == place
        n, hits = int(chosen.sum()), float(right[chosen].sum())
        low, high = interval_of_proportion(round(hits), n)[0]
        found.append(ReliabilityBin(n, float(confidence[chosen].mean()), hits / n, low, high))
    return tuple(found)
