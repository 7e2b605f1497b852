"""The knowledge store: documents with all their versions in one SQLite file, changed in transactions."""

from __future__ import annotations

import dataclasses
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import osler.knowledge.store.chain as chain
import osler.knowledge.store.derived as derived
import osler.knowledge.store.erasure as erasure
import osler.knowledge.store.lineage as lineage
import osler.knowledge.store.moments as moments
import osler.knowledge.store.reading as reading
from osler.core.errors import DataError
from osler.knowledge.citation import Span
from osler.knowledge.document import Document, Version
from osler.knowledge.store.chain import Verified
from osler.knowledge.store.erasure import Removed
from osler.knowledge.store.lineage import Use
from osler.knowledge.store.opening import Connections
from osler.knowledge.store.writing import Transaction

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FILE = "knowledge.sqlite"


class Progress(NamedTuple):
    """How far a ``put`` is: documents done, and what became of them. All of them are committed."""

    done: int
    created: int
    updated: int
    unchanged: int


class KnowledgeStore:
    """Documents in the folder ``folder``, versioned: nothing is changed in place, and a deletion leaves a tombstone.

    ``by`` says who makes the changes of this handle; ``clock`` gives seconds since 1970. Any number of threads and
    processes may use the same folder: writers take turns, readers never wait and see whole transactions. ``as_of``
    is a moment: "" is now, "2026-03-01" the end of that UTC day, "2026-03-01T10:00:00Z" an instant, "#12" the state after
    transaction 12. DataError for unknown ids (with the nearest one), a folder without a store (unless ``create``), a
    file of another program or of a newer Osler, and a full disk.
    """

    def __init__(
        self, folder: str | Path, *, create: bool = False, by: str = "", clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = Path(folder)
        self._clock = clock
        self._hashes: dict[tuple[int, int], str] = {}
        self._held = Connections(self.folder / FILE, create=create, by=by, clock=clock)
        with self._held.told():
            self._unscrubbed = erasure.pending(self._held.reader())
        if self._unscrubbed:  # a deletion was committed by a process that ended before the files were clean
            self.scrub()

    def close(self) -> None:
        self._held.close()

    def __enter__(self) -> KnowledgeStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Writing

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Several changes as one: all or none. Others see them when the block ends; reads within see them at once.

        Do not wait for anything inside of it: other writers stand still until it ends.
        """
        with self._held.transaction() as change:
            yield
        self._after(change)

    @contextmanager
    def _change(self) -> Iterator[Transaction]:
        with self._held.writing() as change:
            yield change
        self._after(change)

    def _after(self, change: Transaction) -> None:
        if not change.open and (change.erased or self._unscrubbed):
            self.scrub()

    def create(self, document: Document, *, why: str = "") -> Version:
        """Keep a new document. DataError where its id is taken, be it by one that was deleted."""
        with self._change() as change:
            return change.create(document, why)

    def update(self, document: Document, *, why: str = "") -> Version:
        """A new version of a document; an identical one makes none and gives back the present one.

        DataError where it is unknown, was deleted or was superseded.
        """
        with self._change() as change:
            return change.update(document, why)

    def put(
        self,
        documents: Iterable[Document],
        *,
        why: str = "",
        size: int = 1000,
        progress: Callable[[Progress], None] | None = None,
    ) -> tuple[Version, ...]:
        """Create what is new, update what differs, leave what is there as it is; the version of each, in order.

        ``size`` documents are one transaction, and ``progress`` is called after each: what was interrupted goes on where it
        stood when it is done again. Inside ``transaction`` all of them belong to that one.
        """
        made = [0, 0, 0]
        out: list[Version] = []
        for batch in _batches(documents, max(1, size)):
            with self._change() as change:
                for document in batch:
                    known = change.count
                    out.append(change.put(document, why))
                    made[2 if change.count == known else out[-1].action == "update"] += 1
            if progress is not None:
                progress(Progress(len(out), *made))
        return tuple(out)

    def supersede(self, old_id: str, by: Document | str, *, why: str = "") -> Version:
        """Let another document take the place of ``old_id``: the new state of the old one, which names its successor.

        ``by`` is a document (created or updated with it) or the id of one. The old text stays readable, also by citations,
        but is no longer among ``versions``. DataError for an unknown or deleted document, and where the new one is
        superseded by the old one in its turn.
        """
        with self._change() as change:
            return change.supersede(old_id, by, why)

    def delete(self, id: str, *, why: str) -> Removed:
        """Remove a document: all its texts, vectors and triples and every derived file go, also from the log and from free
        space of the file; id, versions, checksums, who, when and why stay. What was removed and what used it is told.

        DataError for an unknown id, one that was deleted already, and without a reason.
        """
        if not why.strip():
            raise DataError(f"the deletion of the document {id[:120]!r} needs a reason", hint="say why")
        with self._change() as change:
            removed = erasure.delete(change, id, why)
        return dataclasses.replace(removed, scrubbed=not change.open and not self._unscrubbed)

    def scrub(self) -> bool:
        """Bring deletions to the disk; done by itself after each. False where another process reads from the log: then
        the next change tries it again."""
        with self._held.told():
            self._unscrubbed = not erasure.scrub(self._held.writer(), self.folder)
        return not self._unscrubbed

    # Reading

    def read(self, id: str, *, as_of: str = "", version: int = 0) -> Version:
        """The state of a document at a moment, or its version of that number. A deleted one has no ``document`` any more,
        whatever the moment."""
        with self._held.snapshot() as db:
            tx = moments.moment(db, as_of)
            return reading.at_number(db, id, version, tx) if version else reading.at_moment(db, id, tx)

    def history(self, id: str) -> tuple[Version, ...]:
        """All states of a document, oldest first."""
        with self._held.snapshot() as db:
            return reading.history(db, id)

    def versions(self, as_of: str = "", *, superseded: bool = False) -> Iterator[Version]:
        """The documents that are current at a moment, in the order in which they were first put; superseded ones only
        when asked for, deleted ones never.

        The moment is taken at the first step and holds to the end, whatever is written meanwhile; only what is
        deleted meanwhile is missing.
        """
        with self._held.snapshot() as db:
            tx = moments.moment(db, as_of)
        after, more = 0, True
        while more:
            with self._held.snapshot() as db:
                found, after = reading.page(db, tx, after=after, superseded=superseded)
            yield from found
            more = after > 0

    def deleted(self) -> tuple[Version, ...]:
        """The tombstones, oldest first."""
        with self._held.snapshot() as db:
            return reading.tombstones(db)

    def generation(self, as_of: str = "") -> int:
        """The number of the last committed transaction, or of that which ``as_of`` means. It grows with every change, whoever
        made it; derived data and uses do not count."""
        with self._held.told():
            db = self._held.reader()
            return moments.moment(db, as_of) if as_of else moments.committed(db)

    def changed(self, since: int) -> tuple[int, tuple[str, ...]]:
        """The present generation, and the ids of documents that were created, updated, superseded or deleted after the
        generation ``since``."""
        with self._held.snapshot() as db:
            now = moments.committed(db)
            return now, reading.touched(db, since, now)

    def state_hash(self, as_of: str = "") -> str:
        """Hash (32 hex characters) over what ``versions`` gives: id, number and fingerprint of each. It changes with a
        deletion for the past as well, since the past has lost that text."""
        with self._held.snapshot() as db:
            now, tx = moments.committed(db), moments.moment(db, as_of)
            if self._held.within:
                return reading.states(db, tx)
            if (now, tx) not in self._hashes:
                made = reading.states(db, tx)
                self._hashes = {key: held for key, held in self._hashes.items() if key[0] == now} | {(now, tx): made}
            return self._hashes[now, tx]

    def open_span(self, span: Span | str) -> str:
        """The exact text that a citation points to. DataError where it was deleted or lies outside of that version."""
        with self._held.snapshot() as db:
            return reading.exact(db, Span.read(span) if isinstance(span, str) else span)

    # Lineage

    def record_use(self, kind: str, name: str, documents: Iterable[str], *, detail: str = "") -> int:
        """Note that a "model", "system", "run" or "store" of this name used these documents (ids), so that a deletion can
        list it; returns how many were new to it. DataError for an unknown id."""
        with self._change() as change:
            at = int(self._clock() * 1_000_000)
            return lineage.record(change.db, kind, name, documents, detail=detail, at=at)

    def uses(self, id: str) -> tuple[Use, ...]:
        """What used a document, oldest first."""
        with self._held.snapshot() as db:
            return lineage.uses(db, id)

    # Derived data: goes with its document, changes no generation, and may be made again at any time

    def put_vectors(self, encoder: str, rows: Iterable[tuple[str, Any]]) -> int:
        """Keep vectors (1-D, kept as float32) by encoder and passage id (a ``Span``); returns how many are new. Passages of
        unknown or deleted documents are passed over, so that a deletion is final whatever is still being computed."""
        with self._change() as change:
            return derived.put_vectors(change.db, encoder, rows)

    def vectors(self, encoder: str, keys: Iterable[str]) -> dict[str, NDArray[np.float32]]:
        """The vectors that are held of these passage ids."""
        with self._held.snapshot() as db:
            return derived.vectors(db, encoder, keys)

    def put_triples(self, maker: str, rows: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> int:
        """Keep what an extractor found: of each passage id all triples (subject, relation, object, then any more texts), be
        it none. Returns how many passages are new; one that is held already stays as it is."""
        with self._change() as change:
            return derived.put_triples(change.db, maker, rows)

    def triples(
        self, maker: str, *, as_of: str = "", day: str = ""
    ) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
        """Passage id and triples, for passages of the versions that are current at that moment and (where an ISO ``day`` is
        given) valid on that day."""
        with self._held.snapshot() as db:
            found = list(derived.triples(db, maker, moments.moment(db, as_of), day))
        yield from found

    def keep_file(self, name: str, write: Callable[[Path], object], *, generation: int) -> Path | None:
        """A derived file that ``write`` makes from the state at ``generation``, in a folder that any deletion empties. None
        where a document was deleted since: the file could hold its text."""
        with self._change() as change:
            return erasure.keep_file(change, self.folder, name, write, generation=generation)

    # Proof

    def head(self) -> str:
        """The hash of the last transaction, which covers all before it: kept elsewhere, it shows any later edit."""
        with self._held.snapshot() as db:
            return chain.head(db)

    def verify(self, *, head: str = "") -> Verified:
        """Whether everything is as it was recorded, and the first transaction that is not. ``head``: one that was kept."""
        with self._held.snapshot() as db:
            return chain.verify(db, head)


def _batches(documents: Iterable[Document], size: int) -> Iterator[list[Document]]:
    given = iter(documents)
    while batch := list(itertools.islice(given, size)):
        yield batch
