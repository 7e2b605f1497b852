"""Intervals of one proportion: k of n cases."""

from __future__ import annotations

from typing import Literal, NamedTuple

from osler.core.errors import SpecError

FEW_CASES = 30
FEW_EVENTS = 5


class Interval(NamedTuple):
    """Both ends of an interval, in the unit of what it bounds."""

    low: float
    high: float


def wilson(k: int, n: int, level: float = 0.95) -> Interval:
    """Wilson's score interval of ``k`` of ``n`` (Wilson 1927), without continuity correction."""
    return _binomial(k, n, level, "wilson")


def clopper_pearson(k: int, n: int, level: float = 0.95) -> Interval:
    """The exact interval of ``k`` of ``n`` (Clopper and Pearson 1934): never covers less often than ``level``."""
    return _binomial(k, n, level, "exact")


def upper_bound_zero(n: int, level: float = 0.95) -> float:
    """The one-sided exact upper bound of a rate when none of ``n`` cases had the event ("0 of n").

    ``1 - (1 - level)^(1/n)``; about ``3 / n`` at 95 % (the rule of three).
    """
    _refuse(0, n, level)
    return float(1.0 - (1.0 - level) ** (1.0 / n))


def interval_of_proportion(k: int, n: int, level: float = 0.95) -> tuple[Interval, str]:
    """The interval to print beside ``k / n``, and the name of its method.

    Wilson; Clopper-Pearson where Wilson's approximation is weak: fewer than 30 cases, or fewer than 5 cases on
    either side (a rate near 0 or 1).
    """
    if n < FEW_CASES or min(k, n - k) < FEW_EVENTS:
        return clopper_pearson(k, n, level), "Clopper-Pearson"
    return wilson(k, n, level), "Wilson"


def _binomial(k: int, n: int, level: float, method: Literal["wilson", "exact"]) -> Interval:
    _refuse(k, n, level)
    from scipy.stats import binomtest

    found = binomtest(int(k), int(n)).proportion_ci(confidence_level=level, method=method)
    return Interval(float(found.low), float(found.high))


def _refuse(k: int, n: int, level: float) -> None:
    if n < 1 or not 0 <= k <= n:
        raise SpecError(f"a proportion needs 0 <= k <= n and n >= 1, got k = {k} and n = {n}")
    refuse_level(level)


def refuse_level(level: float) -> None:
    """Raise SpecError unless ``level`` is a confidence level strictly between 0 and 1."""
    if not 0 < level < 1:
        raise SpecError(f"a confidence level lies between 0 and 1, got {level}", hint="95 % is level=0.95")
