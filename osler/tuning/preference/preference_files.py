"""Preferences and ranked replies from files, as blocks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.errors import DataError
from osler.data.published import resolved, rows
from osler.tuning.preference.preference import Preference
from osler.tuning.preference.ranked import Ranked, pairs_of, turns_of


@block
class PreferenceFiles:
    """Preferences from JSON-lines files (also ``.gz``): a prompt, the reply chosen and the one rejected in each row.

    prompt, chosen, rejected: the columns; a prompt is a text or a list of ``{"role", "content"}``. by: who preferred,
    where the rows have no column ``by``. ``$OSLER_DATA`` in a path is the data folder.
    """

    paths: tuple[str, ...]
    prompt: str = "prompt"
    chosen: str = "chosen"
    rejected: str = "rejected"
    by: str = "human"
    source: str = ""

    def preferences(self) -> Sequence[Preference]:
        made = []
        for path in self.paths:
            for where, row in _rows(path):
                if not all(isinstance(row.get(name), str) for name in (self.chosen, self.rejected)):
                    raise DataError(
                        f"{where} lacks the text {self.chosen!r} or {self.rejected!r}",
                        hint="name the columns with chosen = ... and rejected = ...",
                    )
                turns = turns_of(row.get(self.prompt), where)
                name, by = str(row.get("id", where)), str(row.get("by", self.by))
                made.append(Preference(name, turns, row[self.chosen], row[self.rejected], by, self.source))
        return made


@block
class RankedReplies:
    """Ranked replies, given as rows or read from JSON-lines files: ``{"prompt", "replies", "ranks" or "scores", "by"}``.

    ranks: 1 is the best. scores: more is better. Without either the replies stand best first.
    """

    rows: tuple[Any, ...] = ()
    paths: tuple[str, ...] = ()
    by: str = "human"
    source: str = ""

    def ranked(self) -> Sequence[Ranked]:
        given = [(f"row {number}", row) for number, row in enumerate(self.rows, 1)]
        return [self._made(where, row) for path in self.paths for where, row in _rows(path)] + [
            self._made(where, row) for where, row in given
        ]

    def preferences(self) -> Sequence[Preference]:
        return [pair for row in self.ranked() for pair in pairs_of(row)]

    def _made(self, where: str, row: Mapping[str, Any]) -> Ranked:
        replies = tuple(row.get("replies") or ())
        if "scores" in row:
            ranks = tuple(-float(score) for score in row["scores"])
        else:
            ranks = tuple(float(rank) for rank in row.get("ranks") or range(1, len(replies) + 1))
        if len(replies) < 2 or len(ranks) != len(replies) or not all(isinstance(reply, str) for reply in replies):
            raise DataError(
                f"{where} has {len(replies)} replies and {len(ranks)} ranks",
                hint="two or more replies, a rank for each",
            )
        turns = turns_of(row.get("prompt"), where)
        return Ranked(
            str(row.get("id", where)),
            turns,
            replies,
            ranks,
            str(row.get("by", self.by)),
            str(row.get("source", self.source)),
        )


def _rows(path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    file = resolved(path, what="the preferences")
    for number, row in enumerate(rows(file, what="the preferences"), 1):
        yield f"{file.name}, row {number}", row
