from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.study.report import quantities as say
from osler.study.report.palette import DARK, HEAT, LIGHT, SERIES, contrast

ESTIMATE = {"value": 0.873, "low": 0.851, "high": 0.892, "n": 500, "clusters": 500, "unscored": 0, "method": ""}


def test_an_estimate_reads_as_percent_with_its_interval() -> None:
    assert say.estimate(ESTIMATE, "share") == "87.3 % (85.1 to 89.2)"
    assert say.estimate({**ESTIMATE, "low": None}, "share") == "87.3 % (no interval)"
    assert say.estimate({**ESTIMATE, "value": None}, "share") == "not available"
    assert say.estimate(None, "share") == "not available"


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.5, "share", "50.0 %"),
        (-0.125, "", "−0.125"),
        (-0.0001, "", "0.000"),
        (1234.4, "tokens", "1,234 tokens"),
        (0.414, "s", "0.41 s"),
        (12.345, "s", "12.3 s"),
        (0.0021, "USD", "$0.0021"),
        (20.0, "USD", "$20.00"),
    ],
)
def test_each_unit_has_its_form(value: float, unit: str, text: str) -> None:
    assert say.quantity(value, unit) == text


@pytest.mark.parametrize(("n", "percent"), [(30, "9.5"), (50, "5.8"), (100, "3.0"), (200, "1.5")])
def test_nothing_seen_prints_the_bound_of_the_table(n: int, percent: str) -> None:
    none = {**ESTIMATE, "value": 0.0, "low": 0.0, "high": 0.0, "n": n, "clusters": n}
    assert say.estimate(none, "share") == f"0 of {n} (at most {percent} %)"


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_share_that_counts_no_cases_is_no_number_of_them(value: float) -> None:
    """A calibration error or a macro F1 of 0 is not "0 of 300"."""
    found = {**ESTIMATE, "value": value, "low": value, "high": value, "n": 300}
    assert say.extreme(found, "share", binary=False) == ""
    shown = f"{100 * value:.1f}"
    assert say.estimate(found, "share", binary=False) == f"{shown} % ({shown} to {shown})"


def test_the_bound_counts_patients_where_they_are_fewer() -> None:
    none = {**ESTIMATE, "value": 0.0, "low": 0.0, "high": 0.0, "n": 180, "clusters": 60}
    assert say.estimate(none, "share") == "0 of 180 (at most 4.9 %, counting 60 clusters)"


def test_all_right_without_a_width_prints_a_lower_bound() -> None:
    full = {**ESTIMATE, "value": 1.0, "low": 1.0, "high": 1.0, "n": 100, "clusters": 100}
    assert say.estimate(full, "share") == "100 of 100 (at least 97.0 %)"
    assert say.estimate({**full, "low": 0.963}, "share") == "100.0 % (96.3 to 100.0)"


@given(st.integers(1, 10**6))
def test_the_bound_is_exact(n: int) -> None:
    assert math.isclose((1 - say.zero_bound(n)) ** n, 0.05, rel_tol=1e-6)


def test_differences_are_signed_points() -> None:
    found = {"difference": 0.032, "low": -0.01, "high": 0.074}
    assert say.difference(found, "share") == "+3.2 points (−1.0 to 7.4)"
    assert say.difference({"difference": -0.05, "low": None, "high": None}, "") == "−0.050 (no interval)"
    assert say.signed(0.0, "share") == "0.0 points"


def test_p_values() -> None:
    assert say.p_value(0.0123) == "p = 0.012"
    assert say.p_value(0.0004) == "p < 0.001"
    assert say.p_value(None) == "–"


@given(st.floats(-1e6, 1e6))
def test_no_number_prints_a_negative_zero_or_a_hyphen(value: float) -> None:
    text = say.number(value, 1)
    assert "-" not in text
    assert text.lstrip("−") != "0.0" or not text.startswith("−")


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_reaches_wcag_aa(colours: dict[str, str]) -> None:
    for ground in ("page", "paper", "sunken"):
        for ink in ("ink", "muted", "accent", "good", "bad"):
            assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        assert contrast(colours["strong"], colours[ground]) >= 3
    assert contrast(colours["note-ink"], colours["note"]) >= 4.5
    for index in range(SERIES):
        assert contrast(colours[f"series-{index}"], colours["paper"]) >= 3
    for kind in ("hit", "miss"):
        for level in range(1, HEAT + 1):
            assert contrast(colours["ink"], colours[f"{kind}-{level}"]) >= 4.5


def test_contrast_of_black_and_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
