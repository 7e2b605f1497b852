"""Splits by group, overlap of texts, and the hash of a dataset."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.core.types import Example
from osler.data.overlap import Pair, duplicates, overlap
from osler.data.source import dataset_hash
from osler.data.splits import folds_by, split_by


@given(keys=st.lists(st.text(max_size=4), max_size=40), seed=st.integers(0, 5))
def test_equal_keys_share_a_split(keys: list[str], seed: int) -> None:
    names = split_by(keys, {"train": 0.5, "valid": 0.2, "test": 0.3}, seed)
    assert len({(key, name) for key, name in zip(keys, names, strict=True)}) == len(set(keys))
    assert split_by(keys[::-1], {"train": 0.5, "valid": 0.2, "test": 0.3}, seed) == names[::-1]


def test_shares_hold_over_many_keys() -> None:
    names = Counter(split_by([f"k{i}" for i in range(20_000)], {"train": 0.7, "none": 0.0, "test": 0.3}))
    assert abs(names["test"] / 20_000 - 0.3) < 0.01
    assert "none" not in names


@pytest.mark.parametrize("fractions", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_fractions_must_be_shares_of_one(fractions: dict[str, float]) -> None:
    with pytest.raises(SpecError):
        split_by(["a"], fractions)


@given(sizes=st.lists(st.integers(1, 6), min_size=5, max_size=30), seed=st.integers(0, 3))
def test_folds_keep_groups_and_are_balanced(sizes: list[int], seed: int) -> None:
    keys = [f"g{group}" for group, size in enumerate(sizes) for _ in range(size)]
    folds = folds_by(keys, 5, seed)
    assert len(set(zip(keys, folds, strict=True))) == len(sizes)
    filled = Counter(folds)
    assert set(filled) == set(range(5))
    assert max(filled.values()) - min(filled.values()) <= max(sizes)


@pytest.mark.parametrize("k", [1, 4])
def test_folds_need_groups(k: int) -> None:
    with pytest.raises(SpecError):
        folds_by(["a", "a", "b", "c"], k)


def texts(number: int, seed: int, words: int = 60) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(f"w{rng.randrange(400)}" for _ in range(words)) for _ in range(number)]


def test_planted_copies_and_near_copies_are_found() -> None:
    train, test = texts(400, 1), texts(100, 2)
    test[3] = "  " + train[7].upper().replace(" ", ", ", 5) + "!"
    near = train[9].split()
    near[30] = "changed"
    test[5] = " ".join(near)
    far = train[11].split()
    for place in range(0, 60, 4):
        far[place] = "x"
    test[8] = " ".join(far)
    found = overlap(train, test)
    assert (found.exact, found.near, found.checked) == (1, 1, 100)
    assert found.pairs[0] == Pair(3, 7, 1.0)
    assert found.pairs[1][:2] == (5, 9)
    assert found.pairs[1].similarity == pytest.approx(51 / 61)


def test_repeats_in_train_and_test_count_test_texts_once() -> None:
    (text,) = texts(1, 4)
    found = overlap([text, text, text + " more"], [text, text, text + " less", "", "?!"])
    assert (found.exact, found.near, found.checked) == (2, 1, 5)
    assert [pair.test for pair in found.pairs] == [0, 1, 2]
    assert all(pair.train == 0 for pair in found.pairs)


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.split()
    return {tuple(words[i : i + 5]) for i in range(max(1, len(words) - 4))}


WORDS = st.lists(st.sampled_from("abcd"), min_size=1, max_size=14).map(" ".join)


@settings(deadline=None)
@given(
    train=st.lists(WORDS, max_size=12),
    test=st.lists(WORDS, max_size=12),
    threshold=st.sampled_from([0.3, 0.5, 0.8, 1.0]),
)
def test_overlap_equals_the_comparison_of_every_pair(train: list[str], test: list[str], threshold: float) -> None:
    expected: dict[int, float] = {}
    for place, text in enumerate(test):
        mine = shingles(text)
        scores = [len(mine & other) / len(mine | other) for other in map(shingles, train)]
        if text in train:
            expected[place] = 1.0
        elif scores and max(scores) >= threshold - 1e-12:
            expected[place] = max(scores)
    found = overlap(train, test, threshold)
    assert {pair.test: pair.similarity for pair in found.pairs} == pytest.approx(expected)
    assert found.exact == sum(text in train for text in test)


def test_duplicates_name_the_earlier_text() -> None:
    some = texts(50, 6)
    some[20] = some[4]
    some[30] = some[4] + " end"
    assert [(pair.test, pair.train) for pair in duplicates(some)] == [(20, 4), (30, 4)]
    assert duplicates([]) == ()
    assert overlap([], []).checked == 0


@pytest.mark.parametrize("threshold", [0.0, 1.1])
def test_a_threshold_is_a_similarity(threshold: float) -> None:
    with pytest.raises(SpecError):
        overlap(["a"], ["a"], threshold)


def row(name: str, **more: object) -> Example:
    return Example(id=name, input={"b": 1, "a": [1, 2]}, target="x", choices=("x", "y"), meta=more)


def test_the_hash_knows_every_field_and_no_order() -> None:
    rows = [row("1"), row("2"), row("3", sex="F")]
    assert dataset_hash(rows) == dataset_hash(iter(rows[::-1]))
    assert len(dataset_hash(rows)) == 32
    others = [rows[:2], [*rows, rows[0]], [row("1"), row("2"), row("3", sex="M")], [*rows[:2], row("4", sex="F")], []]
    assert len({dataset_hash(other) for other in [*others, rows]}) == 6
    with pytest.raises(DataError, match="not JSON"):
        dataset_hash([row("1", bad=object())])
