"""One transaction: documents created, updated and superseded, recorded with who, when and why."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from osler.core.errors import DataError
from osler.knowledge.document import Action, Document, Version
from osler.knowledge.store.chain import Change, link
from osler.knowledge.store.moments import stamp
from osler.knowledge.store.reading import at_number, unknown
from osler.knowledge.store.rows import about, keepable

_CURRENT = (
    "SELECT d.number, v.number, v.action, v.checksum, v.fingerprint, v.successor, v.body, v.tx, t.at, t.by, v.why, "
    "d.deleted FROM documents d CROSS JOIN versions v ON v.document = d.number JOIN transactions t ON t.number = v.tx "
    "WHERE d.id = ? AND v.ends IS NULL"
)


class State(NamedTuple):
    """The last state of a document, without its text."""

    document: int
    number: int
    action: Action
    checksum: str
    fingerprint: str
    successor: str
    body: int | None
    tx: int
    at: int
    by: str
    why: str
    deleted: int


class Transaction:
    """Changes that are committed together. The row of the transaction is written with its first change."""

    def __init__(self, db: sqlite3.Connection, *, by: str, clock: Callable[[], float]) -> None:
        self.db = db
        self.open = True
        self.erased = False  # whether text was deleted, so that files must be scrubbed after the commit
        self._by = by
        self._clock = clock
        self._changes: list[Change] = []
        self._number = 0
        self._at = 0
        self._before = ""

    @property
    def count(self) -> int:
        """How many changes were made so far."""
        return len(self._changes)

    @property
    def recorded(self) -> str:
        """The UTC instant of this transaction, "" before its first change."""
        return stamp(self._at) if self._number else ""

    # The transaction itself

    @contextmanager
    def part(self) -> Iterator[None]:
        """What fails within is undone, and the transaction goes on without it."""
        held = len(self._changes), self._number
        if not self.db.in_transaction:  # SQLite gives a whole transaction up when the disk is full
            raise DataError("the transaction was given up after an earlier error", hint="do all of it again")
        self.db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK TO part")
                self.db.execute("RELEASE part")
            del self._changes[held[0] :]
            self._number = held[1]
            raise
        self.db.execute("RELEASE part")

    def commit(self) -> None:
        if self._changes:
            made = link(self._before, self._number, self._at, self._by, self._changes)
            self.db.execute("UPDATE transactions SET hash = ? WHERE number = ?", (made, self._number))
        self.db.execute("COMMIT")
        self.open = False

    def abandon(self) -> None:
        self.open = False
        if self.db.in_transaction:
            self.db.execute("ROLLBACK")

    def number(self) -> int:
        """The number of this transaction. Its instant lies after that of the one before, whatever the clock says."""
        if not self._number:
            last = self.db.execute("SELECT number, at, hash FROM transactions ORDER BY number DESC LIMIT 1").fetchone()
            number, at, self._before = last or (0, 0, "")
            self._number, self._at = number + 1, max(int(self._clock() * 1_000_000), at + 1)
            self.db.execute("INSERT INTO transactions VALUES (?,?,?,'')", (self._number, self._at, self._by))
        return self._number

    # What may be done to a document

    def create(self, document: Document, why: str) -> Version:
        fingerprint = keepable(document)
        held = self.state(document.id)
        if held is not None:
            raise DataError(
                f"the knowledge store has a document {document.id!r} already"
                + (", which was deleted: its id stays taken" if held.deleted else ""),
                hint="give the new one another id" if held.deleted else "update it, or give the new one another id",
            )
        row = self.db.execute("INSERT INTO documents (id, deleted) VALUES (?, 0)", (document.id,)).lastrowid
        assert row is not None
        return self._write(row, 1, "create", document, fingerprint, why)

    def update(self, document: Document, why: str) -> Version:
        """The new version; the present one where nothing differs."""
        fingerprint = keepable(document)
        held = self.known(document.id)
        if held.fingerprint == fingerprint and not held.deleted:
            return _version(document.id, held, document)
        self._living(document.id, held)
        if held.successor:
            raise DataError(
                f"the document {document.id!r} was superseded by {held.successor!r}",
                hint=f"update {held.successor!r}, or create a document that supersedes it",
            )
        return self._write(held.document, held.number + 1, "update", document, fingerprint, why)

    def put(self, document: Document, why: str) -> Version:
        """Created where its id is new, updated where it differs, left alone where it is there as it is."""
        return self.create(document, why) if self.state(document.id) is None else self.update(document, why)

    def supersede(self, old: str, by: Document | str, why: str) -> Version:
        """The new state of ``old``, which keeps its text and names its successor."""
        successor = by if isinstance(by, str) else self.put(by, why).id
        held = self.known(old)
        self._living(old, held)
        self._living(successor, self.known(successor))
        trail = successor
        while trail:  # from the successor on there must be no way back
            if trail == old:
                raise DataError(
                    f"the document {old!r} cannot be superseded by {successor!r}, which it supersedes itself",
                    hint="name a document that is not among its predecessors",
                )
            trail = self.known(trail).successor
        if held.successor == successor:
            return self._as_it_is(old, held)
        state = State(
            held.document, held.number + 1, "supersede", held.checksum, held.fingerprint, successor, held.body,
            self.number(), self._at, self._by, why, 0,
        )  # fmt: skip
        self.record(old, state)
        return self._as_it_is(old, state)

    # Rows

    def state(self, id: str) -> State | None:
        row = self.db.execute(_CURRENT, (id,)).fetchone()
        return None if row is None else State._make(row)

    def known(self, id: str) -> State:
        found = self.state(id)
        if found is None:
            raise unknown(self.db, id)
        return found

    def record(self, id: str, state: State) -> None:
        """Add a state and end the one before it."""
        self.db.execute("UPDATE versions SET ends = ? WHERE document = ? AND ends IS NULL", (state.tx, state.document))
        self.db.execute(
            "INSERT INTO versions VALUES (?,?,?,?,NULL,?,?,?,?,?)",
            (state.document, state.number, state.action, state.tx, state.checksum, state.fingerprint, state.why,
             state.successor, state.body),
        )  # fmt: skip
        self._changes.append(
            Change(id, state.number, state.action, state.checksum, state.fingerprint, state.why, state.successor)
        )

    def stated(self, held: State, action: Action, why: str) -> State:
        """The state that follows ``held`` now, with the same text."""
        tx = self.number()
        return held._replace(number=held.number + 1, action=action, tx=tx, at=self._at, by=self._by, why=why)

    def _write(self, row: int, number: int, action: Action, document: Document, fingerprint: str, why: str) -> Version:
        tx = self.number()
        body = self.db.execute(
            "INSERT INTO bodies (document, text, about) VALUES (?,?,?)", (row, document.text, about(document))
        ).lastrowid
        state = State(row, number, action, document.checksum, fingerprint, "", body, tx, self._at, self._by, why, 0)
        self.record(document.id, state)
        return _version(document.id, state, document)

    def _living(self, id: str, held: State) -> None:
        if held.deleted:
            raise DataError(f"the document {id!r} was deleted", hint="its id stays taken: use another one")

    def _as_it_is(self, id: str, state: State) -> Version:
        return at_number(self.db, id, state.number)


def _version(id: str, state: State, document: Document) -> Version:
    return Version(
        id=id,
        number=state.number,
        action=state.action,
        transaction=state.tx,
        recorded=stamp(state.at),
        checksum=state.checksum,
        document=document,
        by=state.by,
        why=state.why,
        superseded_by=state.successor,
    )
