"""Which passages of a changing collection are there, and which came and left after a given moment. Ids only, no texts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence

from osler.core.errors import DataError

Bounds = tuple[str, str]


class Journal:
    """Passages by the document they are of. Generations grow; ``at`` is the last one brought in, 0 before the first."""

    def __init__(self) -> None:
        self.at = 0
        self._first = 0
        self._present: dict[str, dict[str, int]] = {}  # document -> passage -> the generation with which it came
        self._gone: dict[str, dict[str, int]] = {}  # the same -> with which it left
        self._bounds: dict[str, Bounds] = {}
        self._log: list[tuple[int, str]] = []

    def note(self, generation: int, document: str, passages: Iterable[str], bounds: Bounds) -> None:
        """``document`` has these passages with ``generation``; ``bounds`` are the days from and to which it holds."""
        before = self._present.pop(document, {})
        now = {name: before.get(name, generation) for name in passages}
        gone = {name: generation for name in before if name not in now}
        if now:
            self._present[document] = now
        self._bounds.pop(document, None)
        if any(bounds):
            self._bounds[document] = bounds
        if self.at and now.keys() != before.keys():
            left = {name: at for name, at in self._gone.pop(document, {}).items() if name not in now} | gone
            if left:
                self._gone[document] = left
            self._log.append((generation, document))

    def reached(self, generation: int) -> None:
        self._first = self._first or generation
        self.at = generation

    def touched(self, since: int) -> list[str]:
        """The documents that changed after ``since``, in the order of their first change. DataError for a generation that
        this journal cannot know, since what was there then may have been erased."""
        if not self._first <= since <= self.at:
            raise DataError(
                f"the changes since {since} are not known here", hint="ask from 0, or from a generation told before"
            )
        begin = bisect_right(self._log, since, key=lambda entry: entry[0])
        return list(dict.fromkeys(document for _, document in self._log[begin:]))

    def left(self, document: str, since: int) -> list[str]:
        """The passages of a document that were there once and left after ``since``."""
        return [name for name, at in self._gone.get(document, {}).items() if at > since]

    def came(self, document: str, since: int) -> set[str]:
        """The passages of a document that are there and came after ``since``."""
        return {name for name, at in self._present.get(document, {}).items() if at > since}

    def turned(self, days: Sequence[str]) -> set[str]:
        """The documents that hold on the one and not on the other of two days."""
        return {name for name, bounds in self._bounds.items() if len({holds(bounds, day) for day in days}) > 1}


def holds(bounds: Bounds, day: str) -> bool:
    """Whether an ISO day lies within; the last bound is the first day on which it does not hold any more."""
    return (not bounds[0] or bounds[0] <= day) and (not bounds[1] or day < bounds[1])
