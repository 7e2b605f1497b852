"""Intervals over seeds and cases: they cover, they know of the seed, and nothing is gained where nothing differs."""

from __future__ import annotations

import numpy as np
import pytest

from osler.core.errors import DataError
from osler.experiments.seeds import gain_over_seeds, mean_over_seeds


def test_the_same_trainings_differ_by_nothing() -> None:
    rows = [[1.0, 0.0, 1.0], [0.0, 0.0, 1.0], [1.0, 1.0, 1.0]]
    found = gain_over_seeds(rows, rows)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
    assert found.none


def test_a_constant_difference_has_no_width() -> None:
    first = [[0.1, 0.2], [0.3, 0.4], [0.0, 0.9]]
    second = [[value + 0.5 for value in row] for row in first]
    found = gain_over_seeds(first, second)
    assert found.value == pytest.approx(0.5)
    assert found.low == pytest.approx(0.5)
    assert found.high == pytest.approx(0.5)
    assert found.p == 0.0


@pytest.mark.parametrize(("seeds", "spread"), [(3, 0.1), (3, 0.0), (5, 0.05)])
def test_the_interval_covers_with_few_seeds(seeds: int, spread: float) -> None:
    """A gain of 0.2; seeds, cases and rests vary. Of 300 intervals nearly 95 % hold it, whatever varies most."""
    draw = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        level = spread * draw.standard_normal((seeds, 1))
        case = 0.2 * draw.standard_normal((1, 40))
        second = 0.2 + level + case + 0.3 * draw.standard_normal((seeds, 40))
        found = gain_over_seeds(np.zeros((seeds, 40)).tolist(), second.tolist())
        held += found.low <= 0.2 <= found.high
    assert 273 <= held <= 300


def test_where_seeds_do_not_differ_the_cases_carry_the_interval() -> None:
    draw = np.random.default_rng(1)
    second = (0.2 + 0.3 * draw.standard_normal((3, 200))).tolist()
    found = gain_over_seeds(np.zeros((3, 200)).tolist(), second)
    assert found.high - found.low < 0.15
    assert found.positive


def test_a_mean_has_the_interval_of_its_seeds() -> None:
    value, low, high = mean_over_seeds([[1.0, 0.0, 1.0, 1.0] * 10] * 3)
    assert value == pytest.approx(0.75)
    assert 0.55 < low < value < high < 0.95


def test_what_is_not_paired_is_refused() -> None:
    with pytest.raises(DataError, match="same seeds"):
        gain_over_seeds([[1.0]], [[1.0, 0.0]])
    with pytest.raises(DataError, match="same seeds"):
        gain_over_seeds([], [])
    with pytest.raises(DataError, match="without cases"):
        gain_over_seeds([[1.0], []], [[1.0], []])
