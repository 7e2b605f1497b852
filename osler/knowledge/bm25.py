"""BM25 over passages (Robertson and Zaragoza 2009, The Probabilistic Relevance Framework, section 3.5)."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.passages import Collection, PassageFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")


def terms(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, letters and digits; each Chinese character is a word. No stemming."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class _Postings(NamedTuple):
    """Occurrences by term: those of term t stand from ``starts[t]`` to ``starts[t + 1]``, in the order of passages.

    ``weights`` is idf(t) x the saturated frequency, so that a query is one sum over its terms.
    """

    vocabulary: dict[str, int]
    starts: NDArray[np.int64]
    places: NDArray[np.int32]
    weights: NDArray[np.float64]


@block
class BM25:
    """Okapi BM25 over a collection of passages, kept in memory as postings.

    score(q, d) = sum over the terms of q of  idf(t) x f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)),
    idf(t) = ln(1 + (N - n(t) + 0.5) / (n(t) + 0.5)), which is never negative. A term that stands twice in the query
    counts twice. Passages that share no term with the query are not found; equal scores keep the order of the
    collection, so that results are the same everywhere. k1 and b are those of Lievin et al. 2024 (section 2.4).
    """

    collection: Collection = PassageFile()
    k1: float = 1.2
    b: float = 0.75

    def check(self) -> None:
        if self.k1 < 0 or not 0 <= self.b <= 1:
            raise SpecError(f"bm25 needs k1 of 0 or more and b from 0 to 1, got {self.k1} and {self.b}")

    def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """The ``k`` passages with the highest score above 0, best first. The first call builds the index."""
        import numpy as np

        if k < 1:
            return []
        passages, index = self._built()
        scores = np.zeros(len(passages))
        for term, times in Counter(terms(query)).items():
            number = index.vocabulary.get(term)
            if number is not None:
                span = slice(index.starts[number], index.starts[number + 1])
                scores[index.places[span]] += times * index.weights[span]  # a passage stands once in a term's span
        found = np.flatnonzero(scores)
        if len(found) > k:
            least = np.partition(scores[found], len(found) - k)[len(found) - k]
            found = found[scores[found] >= least]  # every passage that ties with the last one: the order decides
        best = found[np.argsort(-scores[found], kind="stable")][:k]
        return [(passages[int(place)], float(scores[place])) for place in best]

    def _built(self) -> Any:
        if "_index" not in self.__dict__:
            passages = self.collection.passages()
            self.__dict__["_index"] = passages, _postings([item.text for item in passages], self.k1, self.b)
        return self.__dict__["_index"]


def _postings(texts: list[str], k1: float, b: float) -> _Postings:
    import numpy as np

    vocabulary: dict[str, int] = {}
    numbers: list[int] = []
    places: list[int] = []
    counts: list[int] = []
    lengths = np.zeros(len(texts))
    for place, text in enumerate(texts):
        words = terms(text)
        lengths[place] = len(words)
        for term, times in Counter(words).items():
            numbers.append(vocabulary.setdefault(term, len(vocabulary)))
            places.append(place)
            counts.append(times)
    order = np.argsort(np.asarray(numbers, dtype=np.int64), kind="stable")
    where = np.asarray(places, dtype=np.int32)[order]
    often = np.asarray(counts, dtype=np.float64)[order]
    of_term = np.asarray(numbers, dtype=np.int64)[order]
    in_texts = np.bincount(of_term, minlength=len(vocabulary)).astype(np.float64)
    idf = np.log(1 + (len(texts) - in_texts + 0.5) / (in_texts + 0.5))
    mean = lengths.mean() if len(texts) and lengths.any() else 1.0
    saturated = often * (k1 + 1) / (often + k1 * (1 - b + b * lengths[where] / mean))
    starts = np.concatenate([[0], np.cumsum(in_texts)]).astype(np.int64)
    return _Postings(vocabulary, starts, where, idf[of_term] * saturated)
