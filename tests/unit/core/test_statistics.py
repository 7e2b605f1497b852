"""Intervals, paired tests, corrections and power: golden values, statsmodels, properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from osler.core.errors import SpecError
from osler.core.statistics import (
    benjamini_hochberg,
    clopper_pearson,
    detectable_difference,
    detectable_proportion_halfwidth,
    holm,
    interval_of_proportion,
    mcnemar_exact,
    mcnemar_power,
    newcombe_paired,
    upper_bound_zero,
    wilson,
)

COUNTS = st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n + 1), st.just(n + 1)))
CELLS = st.tuples(*[st.integers(0, 60)] * 4).filter(lambda cells: sum(cells) > 0)
PVALUES = st.lists(st.floats(0, 1), min_size=1, max_size=30)


def test_golden_values() -> None:
    assert wilson(87, 100) == pytest.approx((0.790196, 0.922428), abs=1e-6)
    assert mcnemar_exact(15, 5) == pytest.approx(0.041389, abs=1e-6)


def test_zero_of_n_is_never_printed_as_zero() -> None:
    bounds = {30: 0.095, 50: 0.058, 100: 0.030, 200: 0.015, 500: 0.0060, 1000: 0.0030}
    for n, bound in bounds.items():
        assert upper_bound_zero(n) == pytest.approx(bound, abs=5e-4 if n < 500 else 5e-5)
    assert clopper_pearson(0, 100, level=0.90).high == pytest.approx(upper_bound_zero(100))


@pytest.mark.parametrize(
    "n, widths",
    [
        (30, (0.168, 0.139, 0.111, 0.097)),
        (50, (0.134, 0.109, 0.085, 0.062)),
        (100, (0.096, 0.078, 0.060, 0.045)),
        (200, (0.069, 0.055, 0.042, 0.031)),
        (500, (0.044, 0.035, 0.026, 0.019)),
        (1000, (0.031, 0.025, 0.019, 0.014)),
    ],
)
def test_half_widths_of_the_table_of_n(n: int, widths: tuple[float, ...]) -> None:
    for p, width in zip((0.5, 0.8, 0.9, 0.95), widths, strict=True):
        low, high = wilson(round(n * p), n)
        assert (high - low) / 2 == pytest.approx(width, abs=6e-4)
        if abs(n * p - round(n * p)) < 1e-9:  # the table takes whole counts: 28 of 30 and 48 of 50 for p = .95
            assert detectable_proportion_halfwidth(n, p) == pytest.approx((high - low) / 2, abs=1e-12)


@pytest.mark.parametrize(
    "n, gains",
    [
        (30, (None, None, 0.275)),
        (50, (None, 0.18, 0.22)),
        (100, (0.09, 0.13, 0.16)),
        (200, (0.065, 0.095, 0.115)),
        (500, (0.045, 0.06, 0.075)),
        (1000, (0.03, 0.045, 0.05)),
    ],
)
def test_detectable_gains_of_the_table_of_n(n: int, gains: tuple[float | None, ...]) -> None:
    found = tuple(detectable_difference(n, discordance) for discordance in (0.1, 0.2, 0.3))
    assert found == gains


def test_power_is_what_simulation_gives() -> None:
    n, discordance, difference = 40, 0.3, 0.2
    rng = np.random.default_rng(1)
    won = (discordance + difference) / 2
    cells = rng.multinomial(n, [won, discordance - won, 1 - discordance], size=5_000)
    cache: dict[tuple[int, int], bool] = {}
    for b, a, _ in cells:
        cache.setdefault((int(a), int(b)), mcnemar_exact(int(a), int(b)) <= 0.05)
    rate = float(np.mean([cache[int(a), int(b)] for b, a, _ in cells]))
    assert mcnemar_power(n, discordance, difference) == pytest.approx(rate, abs=0.025)


def test_test_holds_its_level_and_power_grows() -> None:
    assert mcnemar_power(100, 0.2, 0.0) <= 0.05
    rising = [mcnemar_power(100, 0.2, step / 100) for step in range(21)]
    assert rising == sorted(rising)
    assert detectable_difference(1_000_000, 0.2, grid=0.0001) == pytest.approx(0.0013, abs=1e-9)


@given(COUNTS, st.sampled_from([0.8, 0.95, 0.99]))
def test_intervals_of_a_proportion_equal_statsmodels(counts: tuple[int, int], level: float) -> None:
    k, n = counts
    assert wilson(k, n, level) == pytest.approx(proportion_confint(k, n, 1 - level, "wilson"), abs=1e-9)
    exact = clopper_pearson(k, n, level)
    assert exact == pytest.approx(proportion_confint(k, n, 1 - level, "beta"), abs=1e-9)
    assert 0 <= exact.low <= k / n <= exact.high <= 1
    assert interval_of_proportion(k, n, level)[0] in (exact, wilson(k, n, level))


def test_method_of_a_proportion() -> None:
    assert interval_of_proportion(15, 29)[1] == "Clopper-Pearson"
    assert interval_of_proportion(15, 30)[1] == "Wilson"
    assert interval_of_proportion(0, 500)[1] == "Clopper-Pearson"
    assert interval_of_proportion(497, 500)[1] == "Clopper-Pearson"


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_equals_statsmodels(only_a: int, only_b: int) -> None:
    expected = mcnemar([[3, only_a], [only_b, 4]], exact=True).pvalue if only_a + only_b else 1.0
    assert mcnemar_exact(only_a, only_b) == pytest.approx(min(expected, 1.0), abs=1e-9)


@given(CELLS)
def test_newcombe_is_antisymmetric_and_holds_the_difference(cells: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = cells
    found = newcombe_paired(*cells)
    mirrored = newcombe_paired(both, only_b, only_a, neither)
    assert (-found.high, -found.low) == pytest.approx(mirrored, abs=1e-9)
    assert -1 <= found.low <= (only_b - only_a) / sum(cells) <= found.high <= 1


@given(CELLS)
def test_newcombe_without_correlation_equals_statsmodels(cells: tuple[int, int, int, int]) -> None:
    both, only_a, only_b, neither = cells
    n = sum(cells)
    assume(0 <= both * neither - only_a * only_b <= n / 2)
    expected = confint_proportions_2indep(both + only_b, n, both + only_a, n, method="newcomb", compare="diff")
    assert newcombe_paired(*cells) == pytest.approx(expected, abs=1e-9)


def test_newcombe_published_example() -> None:
    # Bentur et al. 2009 in Fagerland, Lydersen and Laake (2014): 1, 1, 7, 12 of 21 children
    assert newcombe_paired(1, 7, 1, 12) == pytest.approx((-0.507, -0.026), abs=5e-4)


@settings(deadline=None)
@given(PVALUES)
def test_adjustments_equal_statsmodels(pvalues: list[float]) -> None:
    assert holm(pvalues) == pytest.approx(multipletests(pvalues, method="holm")[1], abs=1e-12)
    assert benjamini_hochberg(pvalues) == pytest.approx(multipletests(pvalues, method="fdr_bh")[1], abs=1e-12)


@settings(max_examples=50)
@given(PVALUES)
def test_adjusted_values_are_never_smaller(pvalues: list[float]) -> None:
    raw = np.asarray(pvalues)
    assert bool(np.all(holm(raw) >= raw - 1e-15))
    assert bool(np.all(benjamini_hochberg(raw) <= holm(raw) + 1e-15))


def test_no_pvalues_is_no_error() -> None:
    assert holm([]).size == 0
    assert benjamini_hochberg([]).size == 0


def test_impossible_requests_are_refused() -> None:
    for call in (
        lambda: wilson(3, 0),
        lambda: clopper_pearson(5, 4),
        lambda: wilson(1, 2, level=95),
        lambda: upper_bound_zero(0),
        lambda: newcombe_paired(0, 0, 0, 0),
        lambda: mcnemar_exact(-1, 2),
        lambda: mcnemar_power(10, 0.1, 0.2),
        lambda: detectable_difference(100, 0.1, power=2),
        lambda: detectable_proportion_halfwidth(0),
        lambda: holm([0.2, 1.2]),
    ):
        with pytest.raises(SpecError):
            call()
