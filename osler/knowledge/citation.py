"""Ids of passages that say where they stand: document, version and characters, so that a citation can be opened."""

from __future__ import annotations

import re
from typing import NamedTuple

from osler.core.errors import DataError

# What a document may be called: safe in a citation mark, in a file name and on a command line.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")
_SPAN = re.compile(rf"({NAME.pattern})/v([1-9][0-9]{{0,8}})/([0-9]{{1,12}})-([0-9]{{1,12}})")


class Span(NamedTuple):
    """Characters ``start`` to ``end`` (Unicode code points, end exclusive) of one version of one document.

    Written ``metformin-label/v2/120-310``: the id of a passage, what a model cites, and all that is needed to read it again.
    """

    document: str
    version: int
    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.document}/v{self.version}/{self.start}-{self.end}"

    @classmethod
    def read(cls, text: str) -> Span:
        """The span that ``text`` writes. DataError where it is none."""
        found = cls.maybe(text)
        if found is None:
            raise DataError(
                "this is not the id of a passage in a knowledge store",
                hint="such an id reads DOCUMENT/vVERSION/START-END, as in metformin-label/v2/120-310",
            )
        return found

    @classmethod
    def maybe(cls, text: str) -> Span | None:
        """The span that ``text`` writes, or None."""
        found = _SPAN.fullmatch(text.strip())
        if found is None or int(found[3]) >= int(found[4]):
            return None
        return cls(found[1], int(found[2]), int(found[3]), int(found[4]))
