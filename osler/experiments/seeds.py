"""Differences between two trainings over several seeds: the seed and the cases both vary, and the interval knows of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError
from osler.experiments.measure import Gain

Floats = NDArray[np.float64]


def gain_over_seeds(first: Sequence[Sequence[float]], second: Sequence[Sequence[float]]) -> Gain:
    """How much better ``second`` is than ``first``: values ``[seed][case]``, paired by seed and by case.

    Differences are taken as mean + effect of the seed + effect of the case + rest, both effects random. The variance of
    the mean is (MS_seed + MS_case - MS_rest) / (seeds x cases), its degrees of freedom by Satterthwaite (1946), interval (95 %) and p
    by Student's t. Few seeds count as few where seeds differ, and cases carry the interval where they do not. It holds for
    cases of their own in each seed, too. Seeds with unequally many cases count by their means alone. DataError where the
    shapes do not pair.
    """
    if not len(first) or len(first) != len(second) or any(len(a) != len(b) for a, b in zip(first, second, strict=True)):
        raise DataError("two trainings are compared over the same seeds and the same cases of each")
    if not all(len(row) for row in first):
        raise DataError("a seed without cases has no mean", hint="leave that seed out of the comparison")
    rows = [np.asarray(b, float) - np.asarray(a, float) for a, b in zip(first, second, strict=True)]
    if len({len(row) for row in rows}) > 1:
        rows = [np.array([row.mean()]) for row in rows]
    return _tested(np.stack(rows))


def mean_over_seeds(values: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Mean of ``[seed][case]`` with the ends of its 95 % interval, by the same reckoning."""
    found = gain_over_seeds([[0.0] * len(row) for row in values], values)
    return found.value, found.low, found.high


def gain_of_arms(found: Sequence[Mapping[str, float]], first: str, second: str) -> Gain:
    """``gain_over_seeds`` where each seed has one figure of each arm."""
    return gain_over_seeds([[one[first]] for one in found], [[one[second]] for one in found])


def arm_told(found: Sequence[Mapping[str, float]], arm: str) -> str:
    """The mean of an arm's figure over seeds with its interval."""
    value, low, high = mean_over_seeds([[one[arm]] for one in found])
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def gain_told(gain: Gain) -> str:
    """A gain in the unit of its figure, with interval and p."""
    return f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f}; p {gain.p_told})"


def _tested(held: Floats) -> Gain:
    """The mean of ``[seeds, cases]`` against zero."""
    from scipy.stats import t

    seeds, cases = held.shape
    mean = float(held.mean())
    by_seed, by_case = held.mean(axis=1) - mean, held.mean(axis=0) - mean
    rest = held - mean - by_seed[:, None] - by_case[None, :]
    parts = [
        (cases * float(by_seed @ by_seed), seeds - 1, 1.0),
        (seeds * float(by_case @ by_case), cases - 1, 1.0),
        (float((rest**2).sum()), (seeds - 1) * (cases - 1), -1.0),
    ]
    squares = [(sign * total / df, df) for total, df, sign in parts if df > 0]
    if not squares:
        raise DataError("one seed and one case have no interval", hint="train with 3 seeds, or test on more cases")
    variance = sum(square for square, _ in squares)
    largest = max(squares)
    if variance <= largest[0]:  # the rest outweighs the smaller effect, which is then none
        variance, squares = largest[0], [largest]
    error = float(np.sqrt(variance / (seeds * cases)))
    if error < 1e-12:
        return Gain(mean, mean, mean, 0.0 if abs(mean) > 1e-12 else 1.0)
    freedom = variance**2 / sum(square**2 / df for square, df in squares)
    half = float(t.ppf(0.975, freedom)) * error
    return Gain(mean, mean - half, mean + half, float(2 * t.sf(abs(mean) / error, freedom)))
