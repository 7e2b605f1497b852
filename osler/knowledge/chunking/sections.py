"""Passages that are the sections of a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.knowledge.chunking.chunk import Chunk, labelled, parts, stripped
from osler.knowledge.chunking.sentences import pieces
from osler.knowledge.document import Document


@block
class Sections:
    """One passage a section (the whole text where a document has none), as its headings cut it.

    most: characters that a passage holds at most; a longer section is cut between sentences into as few as come of
    filling each, a longer sentence between clauses or words (a single longer word stays whole).
    """

    most: int = 2000

    def check(self) -> None:
        if self.most < 20:
            raise SpecError(f"sections.most must be at least 20 characters, got {self.most}")

    def chunks(self, document: Document) -> Sequence[Chunk]:
        """The passages, in order; they hold every character that is no white space exactly once."""
        return labelled(document, (span for part in parts(document) for span in self._filled(document.text, *part)))

    def _filled(self, text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        start, end = stripped(text, start, end)
        if end - start <= self.most:
            yield start, end
            return
        begin, stop = start, start
        for first, last in pieces(text, start, end, self.most):
            if stop > begin and last - begin > self.most:
                yield begin, stop
                begin = first
            stop = last
        yield begin, stop
