"""Documents on their way into a store: in batches, each kept as soon as it is written, with the pace shown."""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from osler.core.errors import DataError
from osler.knowledge.document import Document, Version
from osler.knowledge.ingest import folder
from osler.knowledge.ingest.origin import Given, Note
from osler.knowledge.store import KnowledgeStore, Progress
from osler.knowledge.suspicious import suspicious

BATCH = 500  # documents, or
BATCH_CHARACTERS = 4_000_000
EVERY_S = 10.0  # between lines in a log; a terminal, where the line is written over, gets more of them
EVERY_LIVE_S = 1.0


@dataclasses.dataclass(kw_only=True)
class Added:
    """What became of the documents of an ``add``. ``look_at``: ids of documents that seem to speak to a model."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    notes: list[Note] = dataclasses.field(default_factory=list)
    look_at: list[str] = dataclasses.field(default_factory=list)
    generation: int = 0

    @property
    def failed(self) -> int:
        return sum(note.failed for note in self.notes)

    @property
    def documents(self) -> int:
        return self.created + self.updated + self.unchanged


class Pace:
    """Shows on standard error how far a long piece of work is; silent for short ones and where ``quiet``. ``words``: what
    is counted and what is done with it."""

    def __init__(self, *, quiet: bool, words: tuple[str, str] = ("documents", "read")) -> None:
        self._quiet = quiet
        self._what, self._done = words
        self._start = self._last = time.monotonic()
        self._live = sys.stderr.isatty()
        self.documents = 0

    def told(self, done: int, total: int) -> None:
        """``done`` of ``total`` (bytes that were read, or what is counted itself)."""
        now = time.monotonic()
        if self._quiet or now - self._last < (EVERY_LIVE_S if self._live else EVERY_S) or not total:
            return
        self._last = now
        share = done / total
        left = (now - self._start) * (1 - share) / share if share else 0.0
        line = f"{self.documents:,} {self._what}, {self.documents / (now - self._start):,.0f}/s, {100 * share:.0f} % {self._done}"
        try:
            print(f"{line}, about {left:,.0f} s left", end="\r" if self._live else "\n", file=sys.stderr, flush=True)
        except OSError:  # nobody listens any more, which is no fault of the file that is being read
            self._quiet = True

    def end(self) -> None:
        if self._live and not self._quiet and self._last > self._start:
            print(" " * 79, end="\r", file=sys.stderr)


def add(store: Path, files: list[Path], given: Given, *, id: str, by: str, why: str, quiet: bool) -> Added:
    """Read ``files`` into the store at ``store``, which is made with the first document that can be kept.

    What is committed stays when the rest fails or is stopped; done again, it is passed over as unchanged.
    """
    pace = Pace(quiet=quiet)
    items: Iterable[Document | Note] = folder.read(files, given, pace.told)
    if id:
        items = _named(items, id)
    made = Added()
    held: KnowledgeStore | None = None
    try:
        for batch in _batches(items, made.notes):
            held = held or KnowledgeStore(store, create=True, by=by)
            _put(held, batch, why, made)
            pace.documents = made.documents
        if held is not None:
            made.generation = held.generation()
    finally:
        pace.end()
        if held is not None:
            held.close()
    return made


def one(file: Path, given: Given, id: str) -> tuple[Document, list[Note]]:
    """The one document of a file, called ``id``, and notes on its reading. DataError where there is none, or more."""
    notes: list[Note] = []
    found: list[Document] = []
    for item in _named(folder.read([file], given), id):
        if isinstance(item, Note):
            notes.append(item)
        else:
            found.append(item)
    if not found:
        said = next((note for note in notes if note.failed), Note(file.name, "holds no document"))
        raise DataError(f"{said.file} {said.text}", hint=said.hint)
    return found[0], notes


def _named(items: Iterable[Document | Note], id: str) -> Iterator[Document | Note]:
    """The one document under the name ``id``. DataError for a second one."""
    found: Document | None = None
    for item in items:
        if isinstance(item, Note):
            yield item
        elif found is not None:
            raise DataError("an id was given for files that hold more than one document", hint="leave --id out")
        else:
            found = item.replace(id=id)
    if found is not None:
        yield found


def _batches(items: Iterable[Document | Note], notes: list[Note]) -> Iterator[list[Document]]:
    batch: list[Document] = []
    characters = 0
    for item in items:
        if isinstance(item, Note):
            notes.append(item)
            continue
        batch.append(item)
        characters += len(item.text)
        if len(batch) >= BATCH or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _put(store: KnowledgeStore, batch: list[Document], why: str, made: Added) -> None:
    """Write a batch; where one of its documents is refused, the others are written one by one."""
    before = store.generation()
    versions: list[Version] = []
    told: list[Progress] = []  # another process may write the same: only the store knows who was first
    try:
        versions += store.put(batch, why=why, size=len(batch), progress=told.append)
    except DataError:
        for document in batch:
            try:
                versions += store.put([document], why=why, progress=told.append)
            except DataError as error:
                made.notes.append(Note(document.source, error.message, True, error.hint))
    made.created += sum(done.created for done in told)
    made.updated += sum(done.updated for done in told)
    made.unchanged += sum(done.unchanged for done in told)
    by_id = {document.id: document for document in batch}
    for version in versions:
        if version.transaction > before and suspicious(by_id[version.id].text):
            made.look_at.append(version.id)


def json_of(made: Added) -> dict[str, Any]:
    return {
        "created": made.created,
        "updated": made.updated,
        "unchanged": made.unchanged,
        "failed": made.failed,
        "generation": made.generation,
        "notes": [note._asdict() for note in made.notes],
        "look_at": made.look_at,
    }
