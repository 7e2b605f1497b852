"""What a number of cases can show: the smallest gain a paired test sees, the width of an interval."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

import numpy as np

from osler.core.errors import SpecError
from osler.core.statistics.proportion import refuse_level

GRID = 0.005


def mcnemar_power(n: int, discordance: float, difference: float, alpha: float = 0.05) -> float:
    """Exact power of the exact two-sided McNemar test on ``n`` pairs.

    ``discordance`` is the share of pairs in which exactly one system is right; ``difference`` that of b only minus
    that of a only. The number D of discordant pairs is binomial (n, discordance), and given D the pairs won by b are
    binomial (D, (discordance + difference) / (2 discordance)); the power is the rejection rate over both. D beyond
    nine standard deviations (mass below 1e-18) is left out, so large ``n`` stay cheap.
    """
    if n < 1 or not 0 < discordance <= 1 or not 0 < alpha < 1:
        raise SpecError(f"power needs n >= 1 and shares within 0 and 1, got n = {n}, discordance = {discordance}")
    if abs(difference) > discordance + 1e-12:
        raise SpecError(f"a difference of {difference} cannot come from a discordance of {discordance}")
    from scipy.stats import binom

    reach = 9 * sqrt(n * discordance * (1 - discordance)) + 40
    pairs = np.arange(max(0, int(n * discordance - reach)), min(n, int(n * discordance + reach)) + 1)
    share = min(1.0, max(0.0, (discordance + difference) / (2 * discordance)))
    edge = binom.ppf(alpha / 2, pairs, 0.5)
    edge = np.where(binom.cdf(edge, pairs, 0.5) > alpha / 2, edge - 1, edge)
    rejected = binom.cdf(edge, pairs, share) + binom.sf(pairs - edge - 1, pairs, share)
    return float(np.sum(binom.pmf(pairs, n, discordance) * np.where(edge < 0, 0.0, rejected)))


def detectable_difference(
    n: int, discordance: float, power: float = 0.8, alpha: float = 0.05, grid: float = GRID
) -> float | None:
    """The smallest difference of two rates that an exact McNemar test on ``n`` pairs shows with ``power``.

    Searched over the multiples of ``grid`` (0.005, that is half a point) up to ``discordance``, the largest
    difference there can be; None when even that one is missed too often. ``mcnemar_power`` grows with the
    difference, so the search halves the range.
    """
    if not 0 < power < 1 or grid <= 0:
        raise SpecError(f"power lies between 0 and 1 and the grid is positive, got {power} and {grid}")
    low, high = 0, int(discordance / grid + 1e-9)
    if high == 0 or mcnemar_power(n, discordance, high * grid, alpha) < power:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        if mcnemar_power(n, discordance, middle * grid, alpha) < power:
            low = middle
        else:
            high = middle
    return round(high * grid, 12)


def detectable_proportion_halfwidth(n: int, p: float = 0.5, level: float = 0.95) -> float:
    """Half the width of Wilson's interval when a share ``p`` of ``n`` cases is observed (``n p`` need not be whole)."""
    if n < 1 or not 0 <= p <= 1:
        raise SpecError(f"a proportion needs n >= 1 and a share within 0 and 1, got n = {n} and p = {p}")
    refuse_level(level)
    z = NormalDist().inv_cdf(0.5 + level / 2)
    return z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
