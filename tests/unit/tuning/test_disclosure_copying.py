"""Copying against brute force; membership against counting and known cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError
from osler.tuning.disclosure.copying import Trained, copying
from osler.tuning.disclosure.membership import attack, auc_interval

WORDS = st.lists(st.sampled_from("abc"), max_size=14)


def stands(run: list[str], texts: list[list[str]]) -> bool:
    return any(text[at : at + len(run)] == run for text in texts for at in range(len(text) - len(run) + 1))


@settings(max_examples=150, deadline=None)
@given(st.lists(WORDS, max_size=4), WORDS, st.integers(1, 4))
def test_runs_are_those_that_brute_force_finds(texts: list[list[str]], written: list[str], n: int) -> None:
    searched = Trained(texts)
    longest = [
        max((size for size in range(1, end + 1) if stands(written[end - size : end], texts)), default=0)
        for end in range(1, len(written) + 1)
    ]
    assert searched.ends(written) == longest
    found = searched.copied(written, n=n)
    runs = [written[at : at + n] for at in range(len(written) - n + 1)]
    assert found.longest == max(longest, default=0)
    assert found.share == (sum(stands(run, texts) for run in runs) / len(runs) if runs else None)


def test_runs_do_not_reach_over_two_texts_and_shares_weigh_by_runs() -> None:
    found = copying([list("abcd"), list("xyabc")], [list("ab"), list("cd"), list("abc")], n=2)
    assert found.longest == (3, 3)
    assert found.share == pytest.approx((3 + 2) / (3 + 4))
    with pytest.raises(DataError, match="n = 0"):
        copying([["a"]], [["a"]], n=0)


@given(st.lists(st.integers(0, 6), min_size=2, max_size=20), st.lists(st.integers(0, 6), min_size=2, max_size=20))
def test_auc_is_the_share_of_ordered_pairs(yes: list[int], no: list[int]) -> None:
    value, low, high = auc_interval(np.array(yes, float), np.array(no, float))
    pairs = [(a > b) + (a == b) / 2 for a in yes for b in no]
    assert value == pytest.approx(sum(pairs) / len(pairs))
    assert 0 <= low <= value + 1e-12
    assert value - 1e-12 <= high <= 1


def test_delongs_interval_holds_what_it_promises() -> None:
    draw = np.random.default_rng(0)
    truth, held = 0.7602, 0  # of two normals one standard deviation apart: Phi(1 / sqrt 2)
    for _ in range(300):
        _, low, high = auc_interval(draw.normal(1, 1, 40), draw.normal(0, 1, 60))
        held += low <= truth <= high
    assert 0.915 <= held / 300 <= 0.98


def test_few_false_alarms_are_counted_and_nothing_is_found_where_nothing_differs() -> None:
    draw = np.random.default_rng(1)
    outside = draw.normal(0, 1, 200)
    clear = attack(np.full(50, 10.0), outside)
    assert (clear.auc, clear.found, clear.found_low) == (1.0, 1.0, 1.0)
    assert 0 < clear.low < 1
    none = attack(draw.normal(0, 1, 200), outside)
    assert none.low < 0.5 < none.high
    assert none.found_low <= none.found <= none.found_high < 0.1
    assert (outside > none.threshold).mean() <= 0.01
    assert attack([1.0, 1.0], [1.0, 1.0]).auc == 0.5
    with pytest.raises(DataError, match="2 documents"):
        attack([1.0], [0.0, 1.0])
