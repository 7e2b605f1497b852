"""Statistics that every phase may use: intervals, paired tests, bootstraps, corrections, power.

Everything here works on counts and numpy arrays and knows nothing of systems or tasks. Random draws take an explicit
seed. Where scipy has the method it is used; it is imported inside the functions, so importing this is cheap.
"""

from osler.core.statistics.bootstrap import (
    cluster_bootstrap,
    cluster_totals,
    cluster_weights,
    paired_bootstrap,
    percentile,
    resampled_totals,
    shift_p,
)
from osler.core.statistics.clusters import FEW_CLUSTERS, FEWEST_CLUSTERS, expanded_level, none_deviates
from osler.core.statistics.multiple import benjamini_hochberg, holm
from osler.core.statistics.paired import Difference, mcnemar_exact, newcombe_paired
from osler.core.statistics.power import detectable_difference, detectable_proportion_halfwidth, mcnemar_power
from osler.core.statistics.proportion import (
    Interval,
    clopper_pearson,
    interval_of_proportion,
    upper_bound_zero,
    wilson,
)

__all__ = [
    "FEWEST_CLUSTERS",
    "FEW_CLUSTERS",
    "Difference",
    "Interval",
    "benjamini_hochberg",
    "clopper_pearson",
    "cluster_bootstrap",
    "cluster_totals",
    "cluster_weights",
    "detectable_difference",
    "detectable_proportion_halfwidth",
    "expanded_level",
    "holm",
    "interval_of_proportion",
    "mcnemar_exact",
    "mcnemar_power",
    "newcombe_paired",
    "none_deviates",
    "paired_bootstrap",
    "percentile",
    "resampled_totals",
    "shift_p",
    "upper_bound_zero",
    "wilson",
]
