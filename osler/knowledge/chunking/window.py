"""Passages of a fixed length that slide over the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.knowledge.chunking.chunk import Chunk, labelled
from osler.knowledge.chunking.words import words
from osler.knowledge.document import Document


@block
class Window:
    """Stretches of ``size`` characters or words, each beginning ``overlap`` before the end of the one before.

    They run over sections and pages, and no word is cut: with characters a window holds the words that fit (a single
    longer word stays whole), and as many whole words as fit into ``overlap`` are repeated. Chinese characters count as
    words. MedRAG's textbooks are windows of 1,000 characters with an overlap of 200 (Xiong et al. 2024,
    arXiv:2402.13178, as recalled: section 2.3 gives "no more than 1,000 characters").
    """

    size: int = 1000
    overlap: int = 200
    unit: Literal["characters", "words"] = "characters"

    def check(self) -> None:
        if self.size < 1 or not 0 <= self.overlap < self.size:
            raise SpecError(
                f"window needs a size of at least 1 and a smaller overlap, got {self.size} and {self.overlap}",
                hint="size = 1000 and overlap = 200",
            )

    def chunks(self, document: Document) -> Sequence[Chunk]:
        """The windows, in order. With overlap 0 they hold every character that is no white space exactly once."""
        held = words(document.text)
        return labelled(document, self._by_words(held) if self.unit == "words" else self._by_characters(held))

    def _by_words(self, held: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        for first in range(0, len(held), self.size - self.overlap):
            last = min(first + self.size, len(held)) - 1
            yield held[first][0], held[last][1]
            if last == len(held) - 1:
                return

    def _by_characters(self, held: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
        first = 0
        while first < len(held):
            begin = held[first][0]
            last = first
            while last + 1 < len(held) and held[last + 1][1] - begin <= self.size:
                last += 1
            end = held[last][1]
            yield begin, end
            following = last + 1
            if following == len(held):
                return
            room = held[following][1] - self.size  # a window that begins before it has no room for a new word
            while following - 1 > first and held[following - 1][0] >= max(end - self.overlap, room):
                following -= 1
            first = following
