"""Postings in memory that can be changed: which passages hold a word, how often, and the best of them for a query."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from osler.knowledge.tokens import Cut

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Places = NDArray[np.int32]
    Real = NDArray[np.float64]


class _Numbers(dict[str, int]):
    """Numbers of terms: an unknown one gets the next."""

    def __missing__(self, term: str) -> int:
        self[term] = number = len(self)
        return number


class _Tail(NamedTuple):
    """Occurrences that came after the last compaction."""

    places: array[int]
    counts: array[int]


class Block(NamedTuple):
    """Occurrences of one term: places in order, how often, and the saturated frequency where it is known."""

    places: Places
    counts: Any
    shares: Real | None
    norms: Real

    def share(self, which: Any) -> Real:
        """f / (f + k1 (1 - b + b |d| / mean)) of some of the occurrences; 0 where the text was taken out."""
        if self.shares is not None:
            known: Real = self.shares[which]
            return known
        counts = self.counts[which]
        made: Real = counts / (counts + self.norms[self.places[which]])
        return made


class Postings:
    """Texts by place (0, 1, ... in the order of coming) as postings; not safe to use from two threads at once.

    The occurrences of a term lie in one sorted block of arrays and, for texts that came later, in a short tail. A text
    that was taken out weighs nothing from then on; ``compact`` drops what is left of it. ``scores`` is for a query to add
    up in, all 0 between queries.
    """

    def __init__(self, texts: Sequence[str], cut: Cut, k1: float, b: float) -> None:
        self.cut, self.k1, self.b = cut, k1, b
        self.numbers: dict[str, int] = {}
        self.size = 0  # places given out
        self.alive = 0
        self.total = 0  # words in all texts that are alive
        self._build(texts)

    def _build(self, texts: Sequence[str]) -> None:
        import numpy as np

        numbers, flat, lengths = _Numbers(), array("i"), array("i")
        number = numbers.__getitem__
        for text in texts:
            words = self.cut(text)
            flat.extend(map(number, words))
            lengths.append(len(words))
        held = np.frombuffer(lengths, dtype=np.int32) if lengths else np.zeros(0, np.int32)
        places = np.repeat(np.arange(len(texts), dtype=np.int64), held)
        keys = np.frombuffer(flat, dtype=np.int32).astype(np.int64) if flat else np.zeros(0, np.int64)
        keys *= max(1, len(texts))
        keys += places
        keys.sort()
        first = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]])) if len(keys) else keys
        counts = np.diff(np.append(first, len(keys)))
        terms, places = np.divmod(keys[first], max(1, len(texts)))
        self.numbers = dict(numbers)
        self._lengths = np.zeros(max(16, len(texts)), np.float64)
        self._lengths[: len(texts)] = held
        self.size = self.alive = len(texts)
        self.total = int(held.sum())
        self._settle(terms, places.astype(np.int32), counts)

    def _settle(self, terms: Any, places: Places, counts: Any) -> None:
        """Take sorted occurrences as the block; the mean length of now becomes what bounds are reckoned with."""
        import numpy as np

        most = int(counts.max()) if len(counts) else 0
        self._places = places
        self._counts = counts.astype(np.uint8 if most < 256 else np.uint16 if most < 65536 else np.int32)
        holding = np.bincount(terms, minlength=len(self.numbers))
        self._starts: list[int] = [0, *np.cumsum(holding).tolist()]
        self.held: list[int] = holding.tolist()
        self.base = len(self.held)
        self._tails: dict[int, _Tail] = {}
        self._late = 0
        self._mean = self.mean
        self.scores = np.zeros(len(self._lengths))
        norms = self._norms = self._norm(self._lengths, self._mean)
        self._stale = False
        self._shares: Real | None = self._counts / (self._counts + norms[places])
        tops = np.maximum.reduceat(self._shares, self._starts[:-1]) if len(places) else np.zeros(0)
        self.tops: list[float] = tops.tolist()

    @property
    def mean(self) -> float:
        """Words of a text on average; 1 where there are none, so that it can be divided by."""
        return self.total / self.alive if self.total else 1.0

    @property
    def wasteful(self) -> bool:
        """Whether a quarter of the texts is gone, or of the occurrences lies in tails."""
        return 4 * (self.size - self.alive) > self.size + 64 or 4 * self._late > len(self._places) + 65536

    def add(self, text: str) -> int:
        """The place of a new text; the cost is that of cutting it."""
        words = self.cut(text)
        place, self.size, self.alive = self.size, self.size + 1, self.alive + 1
        if place == len(self._lengths):
            self._grow()
        self._lengths[place] = len(words)
        self.total += len(words)
        norm = self.k1 * (1 - self.b + self.b * len(words) / self._mean)
        for term, count in Counter(words).items():
            number = self.numbers.get(term)
            if number is None:
                number = self.numbers[term] = len(self.held)
                self.held.append(0)
                self.tops.append(0.0)
            tail = self._tails.get(number)
            if tail is None:
                tail = self._tails[number] = _Tail(array("i"), array("i"))
            tail.places.append(place)
            tail.counts.append(count)
            self.held[number] += 1
            self.tops[number] = max(self.tops[number], count / (count + norm))
            self._late += 1
        self._changed()
        return place

    def remove(self, place: int, text: str) -> None:
        """Take out the text at ``place``; a word that no other text holds is forgotten."""
        words = self.cut(text)
        self.alive -= 1
        self.total -= len(words)
        self._lengths[place] = -1
        for term in set(words):
            number = self.numbers[term]
            self.held[number] -= 1
            if not self.held[number]:
                del self.numbers[term]
                self._tails.pop(number, None)
        self._changed()

    def compact(self) -> NDArray[np.int64]:
        """Drop all that is left of texts that were taken out. Gives the old places of those that stay, in order."""
        import numpy as np

        kept = np.flatnonzero(self._lengths[: self.size] >= 0)
        fresh = np.full(self.size, -1, np.int32)
        fresh[kept] = np.arange(len(kept), dtype=np.int32)
        order = sorted(self.numbers, key=self.numbers.__getitem__)
        renumbered = np.full(len(self.held), -1, np.int64)
        renumbered[[self.numbers[term] for term in order]] = np.arange(len(order))
        terms = [np.repeat(np.arange(self.base), np.diff(self._starts))]
        places, counts = [self._places], [self._counts.astype(np.int32)]
        for number, tail in self._tails.items():
            terms.append(np.full(len(tail.places), number))
            places.append(np.array(tail.places, np.int32))
            counts.append(np.array(tail.counts, np.int32))
        where = fresh[np.concatenate(places)]
        live = where >= 0
        of = renumbered[np.concatenate(terms)[live]]
        where, often = where[live], np.concatenate(counts)[live]
        sort = np.argsort(of * max(1, len(kept)) + where, kind="stable")
        self.numbers = {term: number for number, term in enumerate(order)}
        self._lengths = np.concatenate([self._lengths[kept], np.zeros(16)])
        self.size = self.alive
        self._settle(of[sort], where[sort], often[sort])
        return kept

    def factor(self, term: str) -> tuple[int, int, float, float] | None:
        """Of a term: its number, how many texts hold it, idf x (k1 + 1), and the most that this makes with saturation."""
        number = self.numbers.get(term)
        if number is None:
            return None
        held = self.held[number]
        weight = math.log(1 + (self.alive - held + 0.5) / (held + 0.5)) * (self.k1 + 1)
        drift = max(1.0, self.mean / self._mean)  # how far saturation can have risen since it was reckoned
        return number, held, weight, weight * min(1.0, self.tops[number] * drift)

    def blocks(self, number: int) -> list[Block]:
        """The occurrences of a term, in the order of places."""
        import numpy as np

        if self._stale:
            self._norms, self._stale = self._norm(self._lengths, self.mean), False
        found: list[Block] = []
        if number < self.base:
            span = slice(self._starts[number], self._starts[number + 1])
            shares = None if self._shares is None else self._shares[span]
            found.append(Block(self._places[span], self._counts[span], shares, self._norms))
        tail = self._tails.get(number)
        if tail is not None:
            places, counts = np.array(tail.places, np.int32), np.array(tail.counts, np.int32)
            found.append(Block(places, counts, None, self._norms))
        return found

    def _changed(self) -> None:
        """The mean is another one: saturation is reckoned anew, for whom it is asked, until the next compaction."""
        self._shares = None
        self._stale = True

    def _norm(self, lengths: Real, mean: float) -> Real:
        """k1 (1 - b + b |d| / mean) of every text; beyond all bounds where it was taken out."""
        norms = self.k1 * (1 - self.b + self.b * lengths / mean)
        norms[lengths < 0] = math.inf
        return norms

    def _grow(self) -> None:
        import numpy as np

        more = len(self._lengths) // 2 + 16
        self._lengths = np.concatenate([self._lengths, np.zeros(more)])
        self.scores = np.zeros(len(self._lengths))
