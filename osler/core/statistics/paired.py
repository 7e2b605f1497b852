"""Two systems on the same cases, right or wrong: an exact test and an interval of the difference."""

from __future__ import annotations

from math import sqrt
from typing import NamedTuple

from osler.core.errors import SpecError
from osler.core.statistics.proportion import Interval, wilson


class Difference(NamedTuple):
    """A paired difference, second minus first, with its interval and two-sided p-value."""

    value: float
    low: float
    high: float
    p: float


def mcnemar_exact(only_a: int, only_b: int) -> float:
    """Two-sided exact p-value of McNemar's test (McNemar 1947) from the two counts of discordant pairs.

    Under no difference each discordant pair falls either way with probability 1/2. Without discordant pairs p is 1.
    """
    if only_a < 0 or only_b < 0:
        raise SpecError(f"discordant pairs are counts, got {only_a} and {only_b}")
    pairs = int(only_a + only_b)
    if pairs == 0:
        return 1.0
    from scipy.stats import binomtest

    return float(binomtest(int(min(only_a, only_b)), pairs, 0.5).pvalue)


def newcombe_paired(both: int, only_a: int, only_b: int, neither: int, level: float = 0.95) -> Interval:
    """Interval of the difference of two paired proportions, b minus a: method 10 of Newcombe (1998).

    It joins the Wilson intervals of the two rates with their correlation phi, whose numerator is drawn towards 0 by
    n/2 when positive. ``both`` counts the pairs in which a and b succeed, ``only_a`` those in which only a does.
    """
    cells = (both, only_a, only_b, neither)
    n = sum(cells)
    if n < 1 or min(cells) < 0:
        raise SpecError(f"a paired table needs counts with a sum of at least 1, got {cells}")
    k_a, k_b = both + only_a, both + only_b
    p_a, p_b = k_a / n, k_b / n
    of_a, of_b = wilson(k_a, n, level), wilson(k_b, n, level)
    cross = float(both * neither - only_a * only_b)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)
    spread = sqrt(k_a * (n - k_a)) * sqrt(k_b * (n - k_b))
    phi = cross / spread if spread else 0.0
    below = _join(p_b - of_b.low, of_a.high - p_a, phi)
    above = _join(of_b.high - p_b, p_a - of_a.low, phi)
    return Interval(p_b - p_a - below, p_b - p_a + above)


def _join(first: float, second: float, phi: float) -> float:
    return sqrt(max(first**2 - 2 * phi * first * second + second**2, 0.0))
