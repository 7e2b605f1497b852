"""Term match: how many of a query's keywords stand in a chunk, the search of ChatDoctor's "knowledge brain".

Li et al. 2023, Cureus 15:e40895, arXiv:2303.14070, and the code of its repository: one point for each keyword that the
chunk contains, rows of the disease table in sixes, articles in chunks of 250 words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.citation import Span
from osler.knowledge.passages import Collection, Live, PassageFile
from osler.knowledge.tokens import terms as words_of

_WORD = re.compile(r"\S+")


@block
class TermMatch:
    """The chunks that contain most of the query's keywords; those that contain none are not found.

    terms: ``commas`` takes the query as keywords with commas between them, as a model lists them; ``words`` takes each of
    its words. A keyword counts once, wherever it stands, in any case of letters, also inside of a longer word, as
    published. rows: so many passages make a chunk, named FIRST..LAST (spans of a store: all of them). words: a longer passage is cut into chunks of so many
    words (0: never), which keep the name of their place: a span of a store stays a span, other ids get ".1", ".2". Equal
    scores keep the order of the collection.
    """

    collection: Collection = PassageFile()
    rows: int = 1
    words: int = 250
    terms: Literal["commas", "words"] = "commas"

    def check(self) -> None:
        if self.rows < 1 or self.words < 0:
            raise SpecError(f"term_match needs rows of 1 or more and words of 0 or more, got {self.rows}, {self.words}")

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """At most ``k`` chunks, those with most keywords first; the score is their number."""
        wanted = self._wanted(query)
        if k < 1 or not wanted:
            return []
        scored = [(sum(word in folded for word in wanted), chunk) for chunk, folded in self._chunks()]
        best = sorted((pair for pair in scored if pair[0]), key=lambda pair: -pair[0])[:k]  # stable: order decides ties
        return [(chunk, float(score)) for score, chunk in best]

    def _wanted(self, query: str) -> list[str]:
        parts = query.split(",") if self.terms == "commas" else words_of(query)
        return list(dict.fromkeys(word for part in parts if (word := _folded(part).strip())))

    def _chunks(self) -> list[tuple[Passage, str]]:
        """The chunks with their folded text; made anew when a live collection has changed."""
        at = self.collection.generation() if isinstance(self.collection, Live) else 0
        kept: tuple[int, list[tuple[Passage, str]]] | None = self.__dict__.get("_made")
        if kept is None or kept[0] != at:
            pieces = [piece for passage in self.collection.passages() for piece in cut(passage, self.words)]
            kept = at, [(chunk, _folded(chunk.text)) for chunk in grouped(pieces, self.rows)]
            self.__dict__["_made"] = kept
        return kept[1]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def cut(passage: Passage, words: int) -> Iterator[Passage]:
    """``passage`` in chunks of ``words`` words (0: whole), each an exact slice of its text."""
    found = list(_WORD.finditer(passage.text)) if words else []
    if len(found) <= words:
        yield passage
        return
    firsts = found[::words]
    for number, first in enumerate(firsts, 1):
        end = found[min(number * words, len(found)) - 1].end()
        yield sliced(passage, first.start(), end, number)


def sliced(passage: Passage, start: int, end: int, number: int) -> Passage:
    """Characters ``start`` to ``end`` of a passage as one of its own: piece ``number``, or the span where it has one."""
    span = Span.maybe(passage.id)
    if span is not None and span.end - span.start == len(passage.text):
        name = str(span._replace(start=span.start + start, end=span.start + end))
    else:
        name = f"{passage.id}.{number}"
    return Passage(id=name, text=passage.text[start:end])


def grouped(pieces: Sequence[Passage], rows: int) -> Iterator[Passage]:
    """``pieces`` in groups of ``rows``, one below the other."""
    for at in range(0, len(pieces), rows):
        group = pieces[at : at + rows]
        ids = [one.id for one in group]
        if not all(Span.maybe(name) for name in ids):  # spans are named one by one: each is of a document that can go
            ids = [ids[0], *ids[1:][-1:]]
        name = "..".join(ids)
        yield Passage(id=name, text="\n".join(one.text for one in group))
