"""Two variants on the same validation cases: the paired difference, and the interval of one variant's mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from osler.core.statistics import (
    FEWEST_CLUSTERS,
    cluster_bootstrap,
    detectable_difference,
    expanded_level,
    interval_of_proportion,
    mcnemar_exact,
    newcombe_paired,
    none_deviates,
    percentile,
    shift_p,
)

Scores = Mapping[str, float | None]
FLAT = 1e-12  # a spread that stands for none


class Paired(NamedTuple):
    """The second minus the first on the n cases that both have a score for. None where too few clusters show none.

    ``detectable``: the smallest difference that 4 of 5 such comparisons would show, at the discordance seen.
    """

    difference: float | None
    low: float | None
    high: float | None
    p: float | None
    n: int
    method: str
    detectable: float | None = None


def paired(first: Scores, second: Scores, cluster: Callable[[str], str]) -> Paired:
    """Right or wrong with one case a cluster: exact McNemar and Newcombe's interval. Else a bootstrap of clusters with
    the percentile interval widened for their number, p by the shift method and not below 2^(1 - K) for K clusters."""
    names = [name for name, value in first.items() if value is not None and second.get(name) is not None]
    pairs = [(float(first[name] or 0.0), float(second[name] or 0.0)) for name in names]
    if not pairs:
        return Paired(None, None, None, None, 0, "no case has a score from both")
    difference = sum(b - a for a, b in pairs) / len(pairs)
    codes = _codes(names, cluster)
    clusters = max(codes) + 1
    if clusters < FEWEST_CLUSTERS:
        return Paired(difference, None, None, None, len(pairs), f"fewer than {FEWEST_CLUSTERS} clusters, so no test")
    if clusters == len(pairs) and all(value in (0.0, 1.0) for pair in pairs for value in pair):
        return _counted(pairs, difference)
    return _drawn(pairs, codes, clusters, difference)


def _counted(pairs: Sequence[tuple[float, float]], difference: float) -> Paired:
    counts = [sum(pair == kind for pair in pairs) for kind in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0))]
    low, high = newcombe_paired(*counts)
    p = mcnemar_exact(counts[1], counts[2])
    discordance = (counts[1] + counts[2]) / len(pairs)
    shown = detectable_difference(len(pairs), discordance) if discordance else None
    return Paired(difference, low, high, p, len(pairs), "exact McNemar, Newcombe's interval", shown)


def _drawn(pairs: Sequence[tuple[float, float]], codes: Sequence[int], clusters: int, difference: float) -> Paired:
    import numpy as np

    rows = np.array([(b - a, 1.0) for a, b in pairs])
    draws = cluster_bootstrap(rows, np.array(codes), lambda totals: totals[..., 0] / totals[..., 1])
    method = f"bootstrap of {clusters} clusters"
    if float(np.ptp(draws)) < FLAT:
        p = 1.0 if abs(difference) < FLAT else 2.0 ** (1 - clusters)
        return Paired(difference, None, None, p, len(pairs), method + ", no spread")
    ends = percentile(draws, expanded_level(0.95, clusters))
    p = min(1.0, max(shift_p(draws, difference), 2.0 ** (1 - clusters)))
    return Paired(difference, ends.low if ends else None, ends.high if ends else None, p, len(pairs), method)


def interval(scores: Scores, cluster: Callable[[str], str]) -> tuple[float | None, float | None]:
    """The 95 % interval of the mean score of one variant; (None, None) below 10 clusters."""
    import numpy as np

    held = {name: value for name, value in scores.items() if value is not None}
    codes = _codes(list(held), cluster)
    clusters = max(codes, default=-1) + 1
    if clusters < FEWEST_CLUSTERS:
        return None, None
    values = list(held.values())
    binary = all(value in (0.0, 1.0) for value in values)
    if binary and clusters == len(values):
        found: Any = interval_of_proportion(round(sum(values)), len(values))[0]
        return found.low, found.high
    rows = np.array([(value, 1.0) for value in values])
    draws = cluster_bootstrap(rows, np.array(codes), lambda totals: totals[..., 0] / totals[..., 1])
    if float(np.ptp(draws)) < FLAT:
        ends = none_deviates(values[0], clusters, least=0.0, most=1.0) if binary else None
    else:
        ends = percentile(draws, expanded_level(0.95, clusters))
    return (None, None) if ends is None else (ends.low, ends.high)


def _codes(names: Sequence[str], cluster: Callable[[str], str]) -> list[int]:
    known: dict[str, int] = {}
    return [known.setdefault(cluster(name), len(known)) for name in names]
