"""Bootstrap intervals from a limited number of clusters: the plain percentile interval is too narrow there."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

from osler.core.errors import SpecError
from osler.core.statistics.proportion import Interval, clopper_pearson, refuse_level

FEWEST_CLUSTERS = 10
FEW_CLUSTERS = f"fewer than {FEWEST_CLUSTERS} clusters, so no interval"


def expanded_level(level: float, clusters: int) -> float:
    """The level at which percentiles of a bootstrap over ``clusters`` cover about ``level`` (Hesterberg 2015).

    Resampling K clusters underestimates the spread by sqrt((K - 1) / K) and takes no account of how little K clusters
    say of it; so the tails are those of the normal distribution beyond ``sqrt(K / (K - 1))`` times Student's quantile
    with K - 1 degrees of freedom. The percentiles stay in the range of the metric.
    """
    refuse_level(level)
    if clusters < 2:
        raise SpecError(f"an interval over clusters needs at least 2, got {clusters}")
    from scipy.stats import t

    reach = sqrt(clusters / (clusters - 1)) * float(t.ppf(0.5 + level / 2, clusters - 1))
    return 2 * NormalDist().cdf(reach) - 1


def none_deviates(value: float, clusters: int, *, least: float, most: float, level: float = 0.95) -> Interval:
    """Bounds of a mean where all ``clusters`` have the same ``value``, so that a bootstrap shows no spread.

    At most a share u of all clusters differs, u being the exact bound (Clopper and Pearson 1934) of "0 of K"; those
    lie anywhere from ``least`` to ``most``, the range of the metric. For a share of 1 this is the bound of "K of K".
    """
    share = clopper_pearson(0, clusters, level).high
    return Interval(value - share * (value - least), value + share * (most - value))
