"""Passages of a few sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.knowledge.chunking.chunk import Chunk, labelled, parts
from osler.knowledge.chunking.sentence_bounds import sentences
from osler.knowledge.chunking.words import cut
from osler.knowledge.document import Document


@block
class Sentences:
    """``per`` sentences a passage, the last ``overlap`` of which stand in the next one too; none runs over a section's end.

    most: characters that a passage holds at most. A passage closes earlier where the next sentence would not fit, and a
    sentence that is longer is cut between clauses or words (a single longer word stays whole).
    """

    per: int = 3
    overlap: int = 0
    most: int = 1200

    def check(self) -> None:
        if self.per < 1 or not 0 <= self.overlap < self.per:
            raise SpecError(
                f"sentences needs per of at least 1 and a smaller overlap, got {self.per} and {self.overlap}",
                hint="per = 3 and overlap = 1",
            )
        if self.most < 20:
            raise SpecError(f"sentences.most must be at least 20 characters, got {self.most}")

    def chunks(self, document: Document) -> Sequence[Chunk]:
        """The passages, in order. With overlap 0 they hold every character that is no white space exactly once."""
        return labelled(document, (span for part in parts(document) for span in self._groups(document.text, *part)))

    def _groups(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        units = pieces(text, start, end, self.most)
        first = 0
        while first < len(units):
            begin = units[first][0]
            last = first
            while last + 1 < min(first + self.per, len(units)) and units[last + 1][1] - begin <= self.most:
                last += 1
            yield begin, units[last][1]
            if last + 1 == len(units):
                return
            first = self._next(units, first, last + 1)

    def _next(self, units: list[tuple[int, int]], first: int, following: int) -> int:
        """Where the passage after that which began with unit ``first`` begins: some units before ``following``, the first
        that is new, as far as they leave room for it."""
        begin = following
        while (
            begin - 1 > first
            and following - begin < self.overlap
            and units[following][1] - units[begin - 1][0] <= self.most
        ):
            begin -= 1
        return begin


def pieces(text: str, start: int, end: int, most: int) -> list[tuple[int, int]]:
    """The sentences of a stretch, those of more than ``most`` characters in several pieces."""
    return [piece for sentence in sentences(text, start, end) for piece in cut(text, *sentence, most)]
