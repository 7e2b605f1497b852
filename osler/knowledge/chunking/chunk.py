"""What a chunker gives, and how a stretch of a document gets the labels of its section and page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, Protocol, runtime_checkable

from osler.knowledge.document import Document, Mark

WITHIN = " > "  # between the headings of a section's label, outermost first


class Chunk(NamedTuple):
    """Characters ``start`` to ``end`` (end exclusive) of a document's text: one passage, never blank at either end.

    ``section``: the label of the section in which it begins (or of one within that, where it runs into it); ``page``: its page, or "3-4" where it runs over. "" where the
    document has none.
    """

    start: int
    end: int
    section: str = ""
    page: str = ""


@runtime_checkable
class Chunker(Protocol):
    """A block that cuts documents into passages, in the order of the text and the same way every time."""

    def chunks(self, document: Document) -> Sequence[Chunk]: ...


class Marks:
    """The marks of one kind, to be asked for the label at a place."""

    def __init__(self, document: Document, kind: str) -> None:
        self._marks: list[Mark] = sorted((m for m in document.marks if m.kind == kind), key=lambda mark: mark.start)
        self._starts = [mark.start for mark in self._marks]

    def at(self, place: int) -> str:
        """The label of the mark that holds the character at ``place``; "" where none does."""
        number = bisect_right(self._starts, place) - 1
        return self._marks[number].label if number >= 0 and place < self._marks[number].end else ""

    def bounds(self) -> Iterator[int]:
        for mark in self._marks:
            yield mark.start
            yield mark.end


def labelled(document: Document, spans: Iterable[tuple[int, int]]) -> list[Chunk]:
    """Chunks for ``spans``, less the white space around each and less those that hold nothing else."""
    sections, pages = Marks(document, "section"), Marks(document, "page")
    found = []
    for start, end in spans:
        start, end = stripped(document.text, start, end)
        if start < end:
            first, last = pages.at(start), pages.at(end - 1)
            page = first if first == last or not last else f"{first}-{last}" if first else last
            outer, inner = sections.at(start), sections.at(end - 1)
            section = inner if inner.startswith(f"{outer}{WITHIN}") else outer
            found.append(Chunk(start, end, section, page))
    return found


def parts(document: Document) -> list[tuple[int, int]]:
    """The text from end to end, cut wherever a section begins or ends.

    A section that is nothing but its heading goes with what follows: a heading alone is no passage.
    """
    sections = Marks(document, "section")
    found: list[tuple[int, int]] = []
    begin = 0
    for start, end in pairwise(sorted({0, len(document.text), *sections.bounds()})):
        heading = document.text[start:end].strip()
        if end < len(document.text) and heading and f"{WITHIN}{sections.at(start)}".endswith(f"{WITHIN}{heading}"):
            continue
        found.append((begin, end))
        begin = end
    return found


def stripped(text: str, start: int, end: int) -> tuple[int, int]:
    """The span less white space at both ends; empty (end <= start) where nothing else is in it."""
    while start < end and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end
