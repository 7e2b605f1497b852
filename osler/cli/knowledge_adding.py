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
from osler.knowledge.ingest.folder import READERS, ending
from osler.knowledge.ingest.origin import Given, Note
from osler.knowledge.store import KnowledgeStore, Progress
from osler.knowledge.suspicious import suspicious

BATCH = 500  # documents, or
BATCH_CHARACTERS = 4_000_000
EVERY_S = 10.0  # between lines in a log; a terminal, where the line is written over, gets more of them
EVERY_LIVE_S = 1.0


@dataclasses.dataclass(kw_only=True)
class Added:
    """What became of the documents of an ``add``. ``look_at``: ids of documents that seem to speak to a model.

    ``new``: ids; ``changed``: id, version before and version now; ``left``: ids of documents whose file is an older version.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    notes: list[Note] = dataclasses.field(default_factory=list)
    look_at: list[str] = dataclasses.field(default_factory=list)
    new: list[str] = dataclasses.field(default_factory=list)
    changed: list[tuple[str, int, int]] = dataclasses.field(default_factory=list)
    left: list[str] = dataclasses.field(default_factory=list)
    generation: int = 0

    @property
    def failed(self) -> int:
        return sum(note.failed for note in self.notes)

    @property
    def documents(self) -> int:
        return self.created + self.updated + self.unchanged + len(self.left)


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
    known: frozenset[str] = frozenset()
    try:
        for batch in _batches(items, made.notes):
            if held is None:
                held = KnowledgeStore(store, create=True, by=by)
                known = frozenset(held.changed(0)[1])
            current = _current(held, batch, known, made)
            if current:
                _put(held, current, why, made)
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


def _current(store: KnowledgeStore, batch: list[Document], known: frozenset[str], made: Added) -> list[Document]:
    """The documents of a batch less those whose text is that of an older version: a file that was forgotten in a folder must
    not bring back what was corrected since."""
    out = []
    for document in batch:
        held = store.history(document.id) if document.id in known else ()
        older = next((version.number for version in reversed(held) if version.checksum == document.checksum), 0)
        if not held or not older or held[-1].document is None or held[-1].checksum == document.checksum:
            out.append(document)
            continue
        made.left.append(document.id)
        said = f"equals version {older} of {document.id}, which was changed since; left as it is"
        made.notes.append(Note(document.source, said, hint="use update to bring it back"))
    return out


def kept(document: Document, store: KnowledgeStore, file: Path, given: Given) -> tuple[Document, list[Note]]:
    """``document`` with what neither its file nor the user says of it as it stands in the store, and a note that says so."""
    try:
        present = store.read(document.id).document
    except DataError:  # an unknown id is refused, with a hint, when it is written
        return document, []
    if present is None:
        return document, []
    fields: dict[str, str] = {}
    if document.source == file.name and not given.source and ending(Path(present.source)) not in READERS:
        fields["source"] = present.source  # but the name of the earlier file says nothing of this one
    if not document.title or (_headed(document) and not _headed(present)):
        fields["title"] = present.title
    fields |= {name: getattr(present, name) for name in ("licence", "valid_from") if not getattr(document, name)}
    first = document.valid_from or present.valid_from
    if not document.valid_to and present.valid_to > first:
        fields["valid_to"] = present.valid_to
    if document.valid_to and fields.get("valid_from", "") >= document.valid_to:
        del fields["valid_from"]
    fields = {name: value for name, value in fields.items() if value and value != getattr(document, name)}
    if not fields:
        return document, []
    names = ", ".join(name.replace("_", " ") for name in fields)
    return document.replace(**fields), [Note(file.name, f"does not say its {names}: kept as before")]


def _headed(document: Document) -> bool:
    """Whether the title is only the first heading of the text, as Markdown without a title of its own is called."""
    first = next((mark.label for mark in document.marks if mark.kind == "section"), "")
    return document.media_type == "text/markdown" and document.title == first


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
    _name(versions, before, made)
    made.created += sum(done.created for done in told)
    made.updated += sum(done.updated for done in told)
    made.unchanged += sum(done.unchanged for done in told)
    by_id = {document.id: document for document in batch}
    for version in versions:
        if version.transaction > before and suspicious(by_id[version.id].text):
            made.look_at.append(version.id)


def _name(versions: list[Version], before: int, made: Added) -> None:
    first: dict[str, int] = {}
    for version in versions:
        if version.transaction > before and version.action == "create":
            made.new.append(version.id)
        elif version.transaction > before and version.action == "update":
            first.setdefault(version.id, version.number)
    last = {version.id: version.number for version in versions}
    made.changed += [(id, number - 1, last[id]) for id, number in first.items()]


def json_of(made: Added) -> dict[str, Any]:
    return {
        "created": made.created,
        "updated": made.updated,
        "unchanged": made.unchanged,
        "created_ids": made.new,
        "updated_ids": [{"id": id, "before": before, "after": after} for id, before, after in made.changed],
        "left_ids": made.left,
        "failed": made.failed,
        "generation": made.generation,
        "notes": [note._asdict() for note in made.notes],
        "look_at": made.look_at,
    }
