"""What every reader is given (a file and what its user says of it) and what it gives: documents and notes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.ingest.language import guessed, tag

FIELDS = ("source", "licence", "language", "valid_from", "valid_to")
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[T ]")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What the user says of all documents of a file or folder. What a document says of itself counts more, and is noted.

    ``columns``: which column of JSON lines holds which field, as {"text": "abstract"}.
    """

    source: str = ""
    licence: str = ""
    language: str = ""
    valid_from: str = ""
    valid_to: str = ""
    columns: Mapping[str, str] = dataclasses.field(default_factory=dict)


def _untold(_: int) -> None:
    """Nobody waits to hear."""


def _day(said: str) -> str:
    """A day as "2026-11-21" where it is written otherwise ("20261121", an instant, "2026-W47-6"); else as it is."""
    instant = _INSTANT.match(said)
    try:
        return date.fromisoformat(instant[1] if instant else said).isoformat()
    except ValueError:
        return said


class Note(NamedTuple):
    """Something to know of a file: what was left out, or (``failed``) what could not be read."""

    file: str
    text: str
    failed: bool = False
    hint: str = ""


@dataclasses.dataclass(kw_only=True, slots=True)
class Origin:
    """A file that is being read: ``name`` is its path below the folder that was named, ``id`` what its document is called.

    ``told`` is called with the bytes of the file (as it lies on the disk) that were read so far.
    ``own``: the fields that documents said of themselves although the user said them, too.
    """

    path: Path
    name: str
    id: str
    given: Given = Given()
    told: Callable[[int], None] = _untold
    own: set[str] = dataclasses.field(default_factory=set)

    def note(self, text: str, *, hint: str = "") -> Note:
        return Note(self.name, text, hint=hint)

    def failed(self, error: DataError, where: str = "") -> Note:
        return Note(self.name, f"{where}: {error.message}" if where else error.message, True, error.hint)

    def document(self, id: str, text: str, *, meta: Mapping[str, Any] | None = None, **said: Any) -> Document:
        """The document, with what it does not say of itself from the user. DataError where it cannot be one."""
        if not text.strip():
            raise DataError("holds no text", hint="leave it out, or delete its document from the store")
        fields = {name: str(said.pop(name, "") or "") for name in FIELDS}
        for name, value in fields.items():
            theirs = getattr(self.given, name)
            if value and theirs and value != theirs:
                self.own.add(name)
            fields[name] = value or theirs
        fields["source"] = fields["source"] or self.name
        fields["language"] = tag(fields["language"]) if fields["language"] else guessed(text)
        for name in ("valid_from", "valid_to"):
            fields[name] = _day(fields[name])
        whole: dict[str, Any] = {"id": id, "text": text, "meta": dict(meta or {}), **fields, **said}
        return Document(**whole)

    def conflicts(self) -> list[Note]:
        """A note for each field in which documents of the file said something else than the user."""
        words = {name: "--" + name.replace("_", "-") for name in FIELDS}
        return [
            self.note(f"has a {name.replace('_', ' ')} of its own, which was kept instead of {words[name]}")
            for name in FIELDS
            if name in self.own
        ]
