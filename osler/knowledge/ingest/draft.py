"""A document's text as it grows, with the marks of its sections and pages at the right characters."""

from __future__ import annotations

import re

from osler.knowledge.chunking.chunk import WITHIN
from osler.knowledge.document import Mark

LONGEST_LABEL = 120
# Characters that show nothing and can carry text past a reader's eye: Unicode tags, zero-width space and joiners of
# words, byte order marks, soft hyphens, marks that turn the direction of writing, control characters. The joiners that
# Persian, Hindi and emoji need (U+200C, U+200D) stay.
_UNSEEN = re.compile(
    "[\U000e0000-\U000e007f\u200b\u2060-\u2064\u206a-\u206f\ufeff\u00ad\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]"
)
_CARRIERS = re.compile("[\U000e0000-\U000e007f]")


def seen(text: str) -> tuple[str, int]:
    """``text`` less the characters that show nothing, and how many Unicode tags (which spell hidden text) were among them."""
    if not _UNSEEN.search(text):
        return text, 0
    return _UNSEEN.sub("", text), len(_CARRIERS.findall(text))


class Draft:
    """Text, headings and pages in the order of reading. ``hidden``: characters of hidden text that were left out."""

    def __init__(self) -> None:
        self.hidden = 0
        self._pieces: list[str] = []
        self._length = 0
        self._marks: list[Mark] = []
        self._open: dict[str, tuple[str, int]] = {}
        self._path: list[tuple[int, str]] = []

    def add(self, text: str) -> None:
        text, carried = seen(text)
        self.hidden += carried
        if not self._length:
            text = text.lstrip()
        if text:
            self._pieces.append(text)
            self._length += len(text)

    def gap(self, lines: int) -> None:
        """At least ``lines`` line breaks before what comes next (none at the beginning of the text)."""
        if self._length:
            tail = "".join(self._pieces[-3:])[-8:]
            there = len(tail) - len(tail.rstrip("\n"))
            self.add("\n" * max(0, lines - there))

    def at_line_start(self) -> bool:
        """Whether what comes next begins a line (or the text, or follows white space)."""
        tail = "".join(self._pieces[-2:])[-1:]
        return not tail or tail.isspace()

    def heading(self, level: int, text: str) -> None:
        """Begin a section with ``text`` on a line of its own. Its label is the path of headings: "Dosage > Children"."""
        text = " ".join(seen(text)[0].split())
        if not text:
            return
        self.gap(2)
        self._path = [(depth, name) for depth, name in self._path if depth < level] + [(level, text)]
        self.section(WITHIN.join(name[:LONGEST_LABEL] for _, name in self._path))
        self.add(text + "\n")

    def section(self, label: str) -> None:
        """Begin a section here without writing anything; "" ends the one before."""
        self._begin("section", label)

    def page(self, label: str) -> None:
        self._begin("page", label)

    def _begin(self, kind: str, label: str) -> None:
        self._close(kind, self._length)
        if label:
            self._open[kind] = (label, self._length)

    def _close(self, kind: str, end: int) -> None:
        label, start = self._open.pop(kind, ("", end))
        if start < end:
            self._marks.append(Mark(kind=kind, label=label, start=start, end=end))

    def finished(self) -> tuple[str, tuple[Mark, ...]]:
        """The text without white space at its ends, and its marks in order, none of them blank."""
        for kind in list(self._open):
            self._close(kind, self._length)
        text = "".join(self._pieces).rstrip()
        marks = []
        for mark in sorted(self._marks, key=lambda one: (one.start, one.kind)):
            end = min(mark.end, len(text))
            if mark.start < end and not text[mark.start : end].isspace():
                marks.append(Mark(kind=mark.kind, label=mark.label, start=mark.start, end=end))
        return text, tuple(marks)


def hidden_note(elements: int, comments: int, characters: int) -> str:
    """What was left out because no reader sees it, in words; "" where nothing was."""
    if not elements and not comments and not characters:
        return ""
    held = [counted(elements, "hidden element"), counted(comments, "comment")] if elements or comments else []
    size = counted(characters, "character" if held else "hidden character")
    what = f"{' and '.join(filter(None, held))} with {size}" if held else size
    return f"{what} left out: a reader does not see {'it' if characters == 1 and not held else 'them'}"


def counted(number: int, noun: str) -> str:
    """``1 page``, ``2,000 pages``; "" for none."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}" if number else ""
