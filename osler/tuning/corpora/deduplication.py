"""Doubles left out: equal texts by their hash, near ones by MinHash and banding, each candidate then measured in full."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.corpora.shingles import Keys, different, shingles_of, words_of
from osler.tuning.corpora.step import Report, Step

_CHUNK = 512  # shingles hashed at once, so that the intermediate array stays in the cache


@block
class Deduplicated(Step):
    """The texts of ``corpus`` without equal ones and without near doubles of an earlier text that was kept.

    Texts are equal when they have the same words (case and marks do not count). Near: the Jaccard similarity of their
    sets of runs of ``words`` words is at least ``threshold``; 0 looks for equal texts only. Candidates come from MinHash
    signatures of ``permutations`` numbers cut into bands (Broder 1997; Leskovec et al., Mining of Massive Datasets,
    chapter 3), wide enough that a pair at the threshold is met with a chance of 0.99; each is then measured in full, so
    that no text is dropped for a chance likeness. Of a pair the earlier text stays.
    """

    corpus: Corpus = OpenTexts()
    threshold: float = 0.8
    words: int = 5
    permutations: int = 128
    seed: int = 0

    def check(self) -> None:
        if not 0 <= self.threshold <= 1 or self.words < 1 or not 16 <= self.permutations <= 1024:
            raise SpecError(
                "deduplicated needs a threshold from 0 to 1, words of 1 or more and 16 to 1024 permutations",
                hint="leave them out",
            )

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        seen: set[bytes] = set()
        near = NearDoubles(self.threshold, self.permutations, seed=self.seed) if self.threshold else None
        for text in streams[0]:
            keys = words_of(text.text)
            whole = hashlib.blake2b(keys.tobytes() or text.text.encode(), digest_size=16).digest()
            if whole in seen:
                report.dropped["equal"] += 1
                continue
            if near is not None and len(keys) and near.add(different(shingles_of(keys, self.words))) is not None:
                report.dropped["near"] += 1
                continue
            seen.add(whole)
            yield text


def bands_of(threshold: float, permutations: int, recall: float = 0.99) -> tuple[int, int]:
    """(bands, rows of each): the most rows with which a pair at ``threshold`` shares a band with a chance of ``recall``.

    A pair of similarity s shares one of b bands of r rows with the chance 1 - (1 - s^r)^b.
    """
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if 1 - (1 - threshold**rows) ** bands >= recall:
            return bands, rows
    return permutations, 1


class NearDoubles:
    """Sets of shingles that were seen, and which of them a new set is near to. ``measured``: pairs measured in full."""

    def __init__(self, threshold: float, permutations: int = 128, *, seed: int = 0) -> None:
        self.threshold = threshold
        self.bands, self.rows = bands_of(threshold, permutations)
        draw = np.random.default_rng(seed)
        count = self.bands * self.rows
        self._factors = draw.integers(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
        self._shifts = draw.integers(0, 1 << 32, count, dtype=np.uint32)
        self._weights = draw.integers(0, 1 << 63, (self.bands, self.rows), dtype=np.uint64) * np.uint64(2) + np.uint64(
            1
        )
        self._places: dict[int, list[int]] = {}
        self._sets: list[Keys] = []
        self._signatures = np.zeros((1024, count), np.uint32)
        self._least = threshold - 4 * (threshold * (1 - threshold) / count) ** 0.5
        self.measured = 0

    def add(self, shingles: Keys) -> int | None:
        """The number of the first set, of those added, that ``shingles`` (sorted, different) is near to; None where there
        is none, and then the set is added under the next number.

        Candidates whose signatures agree so little that a near pair would do so once in 30,000 times are not measured.
        """
        signature = self.signature(shingles)
        keys = (signature.reshape(self.bands, self.rows) * self._weights).sum(axis=1).tolist()
        met = {one for key in keys for one in self._places.get(key, ())}
        if met:
            candidates = np.array(sorted(met))
            agree = (self._signatures[candidates] == signature).mean(axis=1)
            for one in candidates[agree >= self._least].tolist():
                self.measured += 1
                if jaccard(self._sets[one], shingles, self.threshold) >= self.threshold:
                    return int(one)
        number = len(self._sets)
        for key in keys:
            self._places.setdefault(key, []).append(number)
        self._sets.append(shingles)
        if number == len(self._signatures):
            self._signatures = np.concatenate((self._signatures, np.zeros_like(self._signatures)))
        self._signatures[number] = signature
        return None

    def signature(self, shingles: Keys) -> npt.NDArray[np.uint32]:
        """The least value of each hash function over the shingles, whose high halves are random numbers already: an odd
        factor and a shift modulo 2**32, which processors do eight at a time."""
        least = np.full(len(self._factors), 0xFFFFFFFF, np.uint32)
        high = (shingles >> np.uint64(32)).astype(np.uint32)
        for start in range(0, len(high), _CHUNK):
            values = self._factors[:, None] * high[None, start : start + _CHUNK]
            values += self._shifts[:, None]
            np.minimum(least, values.min(axis=1), out=least)
        return least


def jaccard(a: Any, b: Any, least: float = 0.0) -> float:
    """Shared over all of two sorted arrays of different numbers; 0 where the sizes alone rule out ``least``."""
    small, large = sorted((len(a), len(b)))
    if not large or small < least * large:
        return 0.0
    both = np.concatenate((a, b))
    both.sort(kind="stable")
    shared = int(np.count_nonzero(both[1:] == both[:-1]))
    return shared / (small + large - shared)
