"""BM25 over passages (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, section 3.5)."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.citation import Span
from osler.knowledge.following import Following
from osler.knowledge.maxscore import best
from osler.knowledge.passages import Collection, Described, Live, PassageFile
from osler.knowledge.postings import Postings
from osler.knowledge.tokens import Stem, Stop, Tokens, asked, cutter, forget, terms

if TYPE_CHECKING:
    from osler.knowledge.postings import Places, Real

__all__ = ["BM25", "terms"]

_MANY = 256  # passages that come at once and are dearer to add one by one than to count anew


@block
class BM25:
    """Okapi BM25 over a collection of passages, kept in memory as postings.

    score(q, d) = sum over the terms of q of  idf(t) x f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)),
    idf(t) = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5)), which is never negative. A term that stands twice in the query
    counts twice. Passages that share no term with the query are not found. k1 and b are those of Lievin et al. 2024
    (section 2.4).

    ``tokens``, ``stem`` and ``stop`` say what a term is and what of a query is not searched (see tokens.py); "words", "" and
    "" are plain words. The defaults were chosen on one half of the questions of BioASQ and hold on the other: nDCG@10
    0.655 -> 0.749; pairs of characters gain 0.046 of MRR@10 on Chinese, folded accents 0.072 on Spanish. ``about``: what a
    described collection knows of a passage ("title") and is searched with its text; the passage that is given back stays
    as it is.

    Over a live collection every search first brings in what has changed, so that N, n(t) and the mean are those of the
    present passages and a text that was removed is gone. Equal scores keep the order of the collection, or, where it is
    live, the order of ids, so that results are those of an index made anew.
    """

    collection: Collection = PassageFile()
    k1: float = 1.2
    b: float = 0.75
    tokens: Tokens = "multilingual"
    stem: Stem = "porter"
    stop: Stop = "english"
    about: tuple[str, ...] = ()

    def check(self) -> None:
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise SpecError(f"bm25 needs k1 of 0 or more and b from 0 to 1, got {self.k1} and {self.b}")
        if self.about and not isinstance(self.collection, Described):
            raise SpecError(
                f"bm25.about names {self.about[0]!r}, of which this collection knows nothing",
                hint="use a knowledge store, or leave about out",
            )

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """The ``k`` passages with the highest score above 0, best first. The first call builds the index, in a thread."""
        return await self.weighed(self.asked(query), k)

    async def weighed(self, query: Mapping[str, float], k: int) -> list[tuple[Passage, float]]:
        """``search`` for terms, each of which counts as often as is said (not only whole times)."""
        wanted = {term: times for term, times in query.items() if times > 0}
        if k < 1:
            return []
        kept: Kept | None = self.__dict__.get("_kept")
        if kept is None or kept.behind:
            return await asyncio.to_thread(self._followed, wanted, k)
        with self._lock:
            return kept.search(wanted, k)

    def asked(self, query: str) -> Counter[str]:
        """The terms that a query is searched by, with how often each stands there."""
        return asked(query, self.tokens, self.stem, self.stop)

    def terms(self, text: str) -> list[str]:
        """The terms of a text as this index counts them."""
        return cutter(self.tokens, self.stem)(text)

    def _followed(self, asked: Mapping[str, float], k: int) -> list[tuple[Passage, float]]:
        """Bring in what has changed, then search; in a thread, since there may be much of it."""
        with self._lock:
            made: Kept = self.__dict__.get("_kept") or Kept(self)
            made.following.catch_up(made)
            self.__dict__["_kept"] = made
            return made.search(asked, k)

    @property
    def _lock(self) -> threading.Lock:
        """Held by every search and every change: a search sees the state before a change or after it."""
        lock: threading.Lock = self.__dict__.setdefault("_guard", threading.Lock())
        return lock


class Kept:
    """The passages of an index with their postings, in step with their collection."""

    def __init__(self, made: BM25) -> None:
        self._collection = made.collection
        self._about = made.about
        self._cut = cutter(made.tokens, made.stem)
        self._weights = made.k1, made.b
        self._live = isinstance(made.collection, Live)
        self._reset([])
        self.following = Following(made.collection)

    @property
    def behind(self) -> bool:
        """Whether the collection has changed since."""
        return self._live and self.following.behind

    def search(self, asked: Mapping[str, float], k: int) -> list[tuple[Passage, float]]:
        """The best for terms, each with how often it counts."""
        places, scores = best(self._postings, asked, k)
        if self._live and len(places):
            places, scores = self._ordered(places, scores)
        return [
            (self._held(place), score) for place, score in zip(places[:k].tolist(), scores[:k].tolist(), strict=True)
        ]

    def change(self, removed: Sequence[str], added: Sequence[Passage]) -> None:
        """Take out passages and bring in others; an added one whose id is held takes the place of it.

        The texts of those taken out are gone at once, what they left in the postings with the next compaction.
        """
        before = self._postings.alive
        for name in (*removed, *(item.id for item in added)):
            place = self._places.pop(name, None)
            if place is not None:
                self._postings.remove(place, self._searched.pop(place, "") + self._held(place).text)
                self._passages[place] = None
        if self._postings.alive < before:
            forget()
        if len(added) > max(_MANY, self._postings.alive // 4):
            self._reset([*filter(None, self._passages), *added])
            return
        for item in added:
            known = self._before(item)
            place = self._postings.add(known + item.text)
            self._passages.append(item)
            self._places[item.id] = place
            if known:
                self._searched[place] = known
        self._tidy()

    def _reset(self, passages: list[Passage]) -> None:
        self._passages: list[Passage | None] = [*passages]
        self._places = {item.id: place for place, item in enumerate(passages)}
        befores = [self._before(item) for item in passages]
        self._searched = {place: before for place, before in enumerate(befores) if before}
        texts = [before + item.text for before, item in zip(befores, passages, strict=True)]
        self._postings = Postings(texts, self._cut, *self._weights)

    def _tidy(self) -> None:
        if self._postings.wasteful:
            stay = self._postings.compact().tolist()
            moved = {old: new for new, old in enumerate(stay)}
            self._passages = [self._passages[place] for place in stay]
            self._places = {name: moved[place] for name, place in self._places.items()}
            self._searched = {moved[place]: before for place, before in self._searched.items()}

    def _before(self, item: Passage) -> str:
        """What is searched with the text of a passage, put before it."""
        if not self._about or not isinstance(self._collection, Described):
            return ""
        known = self._collection.about(item.id)
        return "".join(f"{known[name]} " for name in self._about if known.get(name))

    def _ordered(self, places: Places, scores: Real) -> tuple[Places, Real]:
        """The same with equal scores in the order of ids."""
        import numpy as np

        starts = np.flatnonzero(np.concatenate([[True], scores[1:] != scores[:-1]])).tolist()
        places = places.copy()
        for begin, end in pairwise([*starts, len(scores)]):
            if end - begin > 1:
                places[begin:end] = sorted(places[begin:end].tolist(), key=lambda place: _order(self._held(place).id))
        return places, scores

    def _held(self, place: int) -> Passage:
        passage = self._passages[place]
        assert passage is not None
        return passage


def _order(name: str) -> tuple[str, int, int, int]:
    """Where an id stands among those of a live collection: spans by document, version and place, others by name."""
    span = Span.maybe(name)
    return (name, 0, 0, 0) if span is None else (span.document, span.version, span.start, span.end)
