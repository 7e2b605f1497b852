"""Text that stands on both sides of a split: exact copies and near duplicates.

Two texts are equal when they agree after case folding with punctuation and spacing removed. They are near duplicates
when the Jaccard similarity of their sets of five-word shingles reaches a threshold (Lee et al. 2022,
arXiv:2107.06499, use the same idea). The search is exact, not sampled: with threshold t, a text of n shingles can only
reach t with a text that shares one of its n - ceil(t n) + 1 rarest shingles (prefix filtering, Bayardo et al. 2007),
so only those are joined and every candidate pair is then measured in full.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from osler.core.errors import SpecError

WORDS = 5
_TOKEN = re.compile(r"\w+")
_CHUNK = 1_000_000
Keys = npt.NDArray[np.uint64]
Indices = npt.NDArray[np.int64]


class Pair(NamedTuple):
    """Positions of two texts and their similarity (1.0 for exact copies)."""

    test: int
    train: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Overlap:
    """``exact`` and ``near`` count test texts with a copy or a near duplicate in train; a text counts once.

    ``pairs`` gives the best match of each such test text; ``checked`` is the number of test texts looked at.
    """

    exact: int
    near: int
    pairs: tuple[Pair, ...]
    checked: int


def normalise(text: str) -> str:
    """Case-folded words of ``text``, one space between them."""
    return " ".join(_TOKEN.findall(unicodedata.normalize("NFKC", text).casefold()))


def overlap(train_texts: Sequence[str], test_texts: Sequence[str], threshold: float = 0.8) -> Overlap:
    """Test texts that also stand in train, exactly or nearly. ``threshold`` is a Jaccard similarity in (0, 1].

    A text without any word matches nothing.
    """
    if not 0 < threshold <= 1:
        raise SpecError(f"the overlap threshold must be above 0 and at most 1, got {threshold}")
    first: dict[str, int] = {}
    for index, text in enumerate(map(normalise, train_texts)):
        first.setdefault(text, index)
    first.pop("", None)
    asked: dict[str, list[int]] = {}
    pairs: list[Pair] = []
    for index, text in enumerate(map(normalise, test_texts)):
        if text in first:
            pairs.append(Pair(index, first[text], 1.0))
        elif text:
            asked.setdefault(text, []).append(index)
    exact = len(pairs)
    train, test = list(first), list(asked)
    best: dict[int, tuple[float, int]] = {}
    for left, right, similarity in _similar([*train, *test], len(train), threshold):
        known = first[train[left]]
        if right not in best or (similarity, -known) > (best[right][0], -best[right][1]):
            best[right] = (similarity, known)
    for right, (similarity, known) in best.items():
        pairs += [Pair(index, known, similarity) for index in asked[test[right]]]
    return Overlap(exact, len(pairs) - exact, tuple(sorted(pairs)), len(test_texts))


def duplicates(texts: Sequence[str], threshold: float = 0.8) -> tuple[Pair, ...]:
    """For each text that repeats an earlier one, exactly or nearly: (its position, the earlier position, similarity)."""
    if not 0 < threshold <= 1:
        raise SpecError(f"the overlap threshold must be above 0 and at most 1, got {threshold}")
    first: dict[str, int] = {}
    found: dict[int, tuple[float, int]] = {}
    for index, text in enumerate(map(normalise, texts)):
        if text in first:
            found[index] = (1.0, first[text])
        elif text:
            first[text] = index
    places = list(first.values())
    for left, right, similarity in _similar(list(first), None, threshold):
        early, late = places[left], places[right]
        if late not in found or (similarity, -early) > (found[late][0], -found[late][1]):
            found[late] = (similarity, early)
    return tuple(Pair(late, early, similarity) for late, (similarity, early) in sorted(found.items()))


def _similar(texts: Sequence[str], border: int | None, threshold: float) -> Iterator[tuple[int, int, float]]:
    """Pairs at or above the threshold: (left, right) below and above ``border``, right counted from it.

    Without a border every text is held against every other, the earlier one on the left.
    """
    docs, keys = _shingles(texts)
    sizes = np.bincount(docs, minlength=len(texts))
    starts = np.concatenate(([0], np.cumsum(sizes)))
    candidates = _candidates(docs, keys, sizes, starts, border, threshold)
    for left, right in candidates:
        small, large = sorted((int(sizes[left]), int(sizes[right])))
        if small < threshold * large:
            continue
        a, b = keys[starts[left] : starts[left + 1]], keys[starts[right] : starts[right + 1]]
        shared = len(np.intersect1d(a, b, assume_unique=True))
        similarity = shared / (small + large - shared)
        if similarity >= threshold:
            yield left, right - (border or 0), similarity


def _shingles(texts: Iterable[str]) -> tuple[Indices, Keys]:
    """(document, shingle) pairs without repeats, by document and then by shingle. A shingle is a 64-bit hash."""
    numbers: dict[str, int] = {}
    tokens: list[int] = []
    lengths: list[int] = []
    for text in texts:
        words = text.split(" ")
        lengths.append(len(words))
        tokens += [numbers.setdefault(word, len(numbers)) for word in words]
    length = np.array(lengths, dtype=np.int64)
    starts = np.concatenate(([0], np.cumsum(length)))[:-1]
    counts = np.maximum(length - WORDS + 1, 1)  # a text shorter than a shingle is one shingle
    docs = np.repeat(np.arange(len(lengths), dtype=np.int64), counts)
    offsets = np.arange(len(docs), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    begin = starts[docs] + offsets
    values = _mixed(np.array(tokens, dtype=np.uint64))
    keys = np.zeros(len(docs), dtype=np.uint64)
    for step in range(WORDS):
        inside = offsets + step < length[docs]
        position = np.where(inside, begin + step, 0)
        keys = _mixed(keys * np.uint64(31) + np.where(inside, values[position], np.uint64(0)))
    order = np.lexsort((keys, docs))
    docs, keys = docs[order], keys[order]
    fresh = np.ones(len(docs), dtype=bool)
    fresh[1:] = (docs[1:] != docs[:-1]) | (keys[1:] != keys[:-1])
    return docs[fresh], keys[fresh]


def _mixed(values: Keys) -> Keys:
    """The finaliser of splitmix64: spreads 64-bit values."""
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def _candidates(
    docs: Indices, keys: Keys, sizes: Indices, starts: Indices, border: int | None, threshold: float
) -> Iterator[tuple[int, int]]:
    """Pairs of documents that share one of their rarest shingles."""
    if not len(docs):
        return
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.lexsort((inverse, counts[inverse], docs))  # in each document the rarest shingle first
    rank = np.arange(len(docs)) - starts[docs]
    prefix = np.array([size - math.ceil(threshold * size - 1e-9) + 1 for size in range(int(sizes.max()) + 1)])
    kept = rank < prefix[sizes[docs]]
    doc, key = docs[kept], inverse[order][kept]
    by_key = np.lexsort((doc, key))
    doc, key = doc[by_key], key[by_key]
    if border is None:
        place = np.arange(len(doc))
        low = np.searchsorted(key, key, side="left")
        yield from _joined(doc, doc, low, place - low)
        return
    left = doc < border
    left_doc, left_key, right_doc, right_key = doc[left], key[left], doc[~left], key[~left]
    low = np.searchsorted(left_key, right_key, side="left")
    yield from _joined(left_doc, right_doc, low, np.searchsorted(left_key, right_key, side="right") - low)


def _joined(left: Indices, right: Indices, low: Indices, counts: Indices) -> Iterator[tuple[int, int]]:
    """Each right document with the ``counts`` left documents from ``low`` on, without repeats inside a chunk."""
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(right):
        base = int(ends[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(ends, base + _CHUNK, side="right")))
        part = counts[begin:end]
        rights = np.repeat(right[begin:end], part)
        inside = np.arange(int(part.sum())) - np.repeat(np.cumsum(part) - part, part)
        lefts = left[np.repeat(low[begin:end], part) + inside]
        for pair in np.unique(np.stack((rights, lefts), axis=1), axis=0):
            yield int(pair[1]), int(pair[0])
        begin = end
