"""Verbatim copying: how much of a text that a model wrote stands word for word in what it was trained on."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from osler.core.errors import DataError


class Copied(NamedTuple):
    """Of one text. longest: tokens of the longest run that stands in a training text. share: of its runs of n tokens those
    that do, None where it is shorter than n. tokens: of the text."""

    longest: int
    share: float | None
    tokens: int


class Trained:
    """The training texts, as token sequences (words, or ids), ready to be searched: a suffix automaton (Blumer et al. 1985),
    exact, in time and memory linear in their length (about 200 bytes a token). Runs never reach over two texts."""

    def __init__(self, texts: Iterable[Sequence[Hashable]]) -> None:
        self._next: list[dict[Hashable, int]] = [{}]
        self._link = [-1]
        self._size = [0]
        for text in texts:
            last = 0
            for token in text:
                last = self._extended(last, token)

    def _extended(self, last: int, token: Hashable) -> int:
        """The state of a run one token longer; that of several texts, so a state may be there already."""
        held = self._next[last].get(token)
        if held is not None:
            return held if self._size[held] == self._size[last] + 1 else self._cloned(last, token, held)
        new = self._state({}, -1, self._size[last] + 1)
        at = last
        while at >= 0 and token not in self._next[at]:
            self._next[at][token] = new
            at = self._link[at]
        if at < 0:
            self._link[new] = 0
        else:
            to = self._next[at][token]
            self._link[new] = to if self._size[to] == self._size[at] + 1 else self._cloned(at, token, to)
        return new

    def _state(self, arrows: dict[Hashable, int], link: int, size: int) -> int:
        self._next.append(arrows)
        self._link.append(link)
        self._size.append(size)
        return len(self._next) - 1

    def _cloned(self, at: int, token: Hashable, held: int) -> int:
        """A state of its own for the runs that reach ``held`` from ``at`` and are shorter than its longest."""
        clone = self._state(dict(self._next[held]), self._link[held], self._size[at] + 1)
        while at >= 0 and self._next[at].get(token) == held:
            self._next[at][token] = clone
            at = self._link[at]
        self._link[held] = clone
        return clone

    def ends(self, text: Sequence[Hashable]) -> list[int]:
        """For each token of ``text`` the length of the longest run that ends there and stands in a training text."""
        found, state, size = [], 0, 0
        for token in text:
            while state and token not in self._next[state]:
                state = self._link[state]
                size = self._size[state]
            if token in self._next[state]:
                state, size = self._next[state][token], size + 1
            else:
                size = 0
            found.append(size)
        return found

    def copied(self, text: Sequence[Hashable], *, n: int = 8) -> Copied:
        """What of ``text`` is copied, by runs of ``n`` tokens."""
        if n < 1:
            raise DataError(f"a run has at least one token, got n = {n}")
        ends = self.ends(text)
        runs = ends[n - 1 :]
        share = sum(size >= n for size in runs) / len(runs) if runs else None
        return Copied(max(ends, default=0), share, len(text))


class Copying(NamedTuple):
    """Over several texts. share: of all their runs of n tokens those that stand in a training text. longest: of each text."""

    share: float
    longest: tuple[int, ...]


def copying(
    written: Iterable[Sequence[Hashable]], trained: Trained | Iterable[Sequence[Hashable]], *, n: int = 8
) -> Copying:
    """How much of ``written`` is copied. Texts that nobody copied share runs, too, where they follow one form: measure
    held-out texts of the same kind, and take the difference."""
    searched = trained if isinstance(trained, Trained) else Trained(trained)
    found = [searched.copied(text, n=n) for text in written]
    runs = [max(0, one.tokens - n + 1) for one in found]
    same = sum((one.share or 0.0) * count for one, count in zip(found, runs, strict=True))
    return Copying(same / sum(runs) if sum(runs) else 0.0, tuple(one.longest for one in found))
