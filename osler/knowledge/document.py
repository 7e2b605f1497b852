"""Documents of a knowledge store: what is kept of each, and what is kept of each of its versions."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from osler.core.block import canonical, digest
from osler.core.errors import DataError
from osler.knowledge.citation import NAME

Action = Literal["create", "update", "supersede", "delete"]
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A stretch of a document's text that has a name: characters ``start`` to ``end``, end exclusive.

    ``kind`` says what it is and ``label`` which: ("page", "12"), ("section", "Dosage"). Marks of a kind do not overlap.
    """

    kind: str
    label: str
    start: int
    end: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A text with what must be known to use it.

    ``id``: letters, digits and ``. _ : -``, at most 120. ``source``: where it is from (an address or a citation).
    ``licence``: in words or as SPDX; "" is unknown and is shown so. ``language``: BCP 47 ("en", "zh"). ``valid_from`` and
    ``valid_to``: ISO dates between which it holds (the last day is the first on which it no longer holds); "" is open.
    ``meta``: JSON that filters may use. ``marks``: its pages and sections.
    """

    id: str
    text: str
    title: str = ""
    source: str = ""
    licence: str = ""
    language: str = "en"
    valid_from: str = ""
    valid_to: str = ""
    media_type: str = "text/plain"
    marks: tuple[Mark, ...] = ()
    meta: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.id):
            raise DataError(
                "a document has an id that cannot be cited",
                hint="use up to 120 letters, digits and . _ : - starting with a letter or digit",
            )
        if not self.text.strip():
            raise DataError(f"the document {self.id!r} has no text", hint="leave it out, or delete it from the store")
        if not _LANGUAGE.fullmatch(self.language):
            raise DataError(f"the document {self.id!r} has the language {self.language!r}", hint='write "en" or "zh"')
        ends = [self._day(name) for name in ("valid_from", "valid_to")]
        if ends[0] and ends[1] and ends[0] >= ends[1]:
            raise DataError(
                f"the document {self.id!r} ends before it begins", hint="valid_from must lie before valid_to"
            )
        for mark in self.marks:
            if not 0 <= mark.start < mark.end <= len(self.text):
                raise DataError(f"a {mark.kind} of the document {self.id!r} lies outside of its text")

    def _day(self, name: str) -> date | None:
        held = getattr(self, name)
        try:
            day = date.fromisoformat(held) if held else None
            if day is not None and day.isoformat() != held:  # days are compared as texts, so "20261121" is none
                raise ValueError
            return day
        except ValueError:
            raise DataError(
                f"the document {self.id!r} has {name} = {held!r}", hint='write a day as in "2026-11-21"'
            ) from None

    @property
    def checksum(self) -> str:
        """BLAKE2b of the text in UTF-8 (32 hex characters): what "byte for byte" is held against."""
        return digest(self.text.encode("utf-8", "surrogatepass"))

    @property
    def fingerprint(self) -> str:
        """BLAKE2b of everything in the document: two with the same are one version."""
        return digest(canonical(dataclasses.asdict(self)))

    def holds(self, day: str) -> bool:
        """Whether it is valid on an ISO day."""
        return (not self.valid_from or self.valid_from <= day) and (not self.valid_to or day < self.valid_to)

    def replace(self, **changes: Any) -> Document:
        return dataclasses.replace(self, **changes)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """One state of a document. ``number`` counts from 1; ``transaction`` is the store's count of changes, ``recorded`` its
    UTC instant (ISO). ``document`` is None where the text was deleted (the tombstone keeps ``checksum``).

    ``by`` and ``why``: who changed it, and for what reason. ``superseded_by``: the id of the document that took its place.
    """

    id: str
    number: int
    action: Action
    transaction: int
    recorded: str
    checksum: str
    document: Document | None = None
    by: str = ""
    why: str = ""
    superseded_by: str = ""
