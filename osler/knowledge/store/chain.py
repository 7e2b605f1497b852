"""The chain of transactions: each one's hash covers its changes and the hash before it, so that a store that was edited
by hand is found. Whoever can write the file can also compute a whole new chain: a ``head`` kept elsewhere shows that."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from osler.core.block import canonical, digest
from osler.core.errors import DataError
from osler.knowledge.store.rows import document_from


class Change(NamedTuple):
    """What a transaction did to one document. The text is covered by checksum and fingerprint."""

    document: str
    number: int
    action: str
    checksum: str
    fingerprint: str
    why: str
    successor: str


class Verified(NamedTuple):
    """What ``verify`` found: ``transaction`` is the first that is not as it was recorded (0: all are) and ``fault`` says how.
    ``head``: the hash of the last transaction ("" in an empty store)."""

    sound: bool
    head: str
    transactions: int
    documents: int
    transaction: int = 0
    fault: str = ""


def link(before: str, number: int, at: int, by: str, changes: Sequence[Change]) -> str:
    """BLAKE2b (32 hex characters) of a transaction: it changes when anything in it or before it does."""
    return digest(canonical([before, number, at, by, [list(change) for change in sorted(changes)]]))


def head(db: sqlite3.Connection) -> str:
    row = db.execute("SELECT hash FROM transactions WHERE hash != '' ORDER BY number DESC LIMIT 1").fetchone()
    return "" if row is None else str(row[0])


def verify(db: sqlite3.Connection, kept: str) -> Verified:
    """Compute the whole chain again, and every checksum and fingerprint of what is held."""
    faults = [*_links(db, kept), *_states(db), *_bodies(db)]
    transactions = db.execute("SELECT COUNT(*) FROM transactions").fetchone()[0]
    documents = db.execute("SELECT COUNT(*) FROM documents WHERE deleted = 0").fetchone()[0]
    number, fault = min(faults, default=(0, ""))
    return Verified(not faults, head(db), transactions, documents, number, fault)


def _links(db: sqlite3.Connection, kept: str) -> Iterator[tuple[int, str]]:
    rows = db.execute(
        "SELECT v.tx, d.id, v.number, v.action, v.checksum, v.fingerprint, v.why, v.successor FROM versions v "
        "LEFT JOIN documents d ON d.number = v.document ORDER BY v.tx, d.id, v.number"
    )
    changes = {tx: [Change(*row[1:]) for row in found] for tx, found in groupby(rows, key=lambda row: row[0])}
    before, last, seen = "", 0, kept == ""
    for number, at, by, hash in db.execute("SELECT number, at, by, hash FROM transactions ORDER BY number"):
        if number != last + 1:
            yield last + 1, "the transaction is missing"
        try:
            made = link(before, number, at, by, changes.pop(number, []))
        except TypeError:  # a column that holds no text or number any more
            made = ""
        if made != hash:
            yield number, "its hash does not fit what it records"
        before, last, seen = hash, number, seen or hash == kept
    yield from ((number, "the transaction is missing") for number in changes)
    if not seen:
        yield last, "the chain does not hold the hash that was kept: the store was cut back or written anew"


def _states(db: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    """Versions count from 1 without a gap, each ends where the next begins, and only a deletion marks a document."""
    rows = db.execute(
        "SELECT d.id, d.deleted, v.number, v.action, v.tx, v.ends FROM documents d LEFT JOIN versions v "
        "ON v.document = d.number ORDER BY d.number, v.number"
    )
    for id, found in groupby(rows, key=lambda row: row[0]):
        states = list(found)
        last = states[-1]
        if last[2] is None:
            yield 1, f"the document {id!r} has no version"
            continue
        if bool(last[1]) != (last[3] == "delete"):
            yield last[4], f"the document {id!r} is marked as deleted and is not, or the other way round"
        for place, state in enumerate(states):
            following = states[place + 1][4] if place + 1 < len(states) else None
            said = f"the versions of the document {id!r} do not follow each other"
            if state[2] != place + 1:
                yield state[4], said
            if state[5] != following:  # it is the later transaction that ends a version
                yield min(tx for tx in (state[5], following) if tx is not None), said


def _bodies(db: sqlite3.Connection) -> Iterator[tuple[int, str]]:
    rows = db.execute(
        "SELECT v.tx, d.id, v.number, d.deleted, v.action, v.checksum, v.fingerprint, b.text, b.about FROM versions v "
        "JOIN documents d ON d.number = v.document LEFT JOIN bodies b ON b.number = v.body ORDER BY v.tx"
    )
    for tx, id, number, deleted, action, checksum, fingerprint, text, about in rows:
        if deleted:
            if isinstance(text, str) and text.strip("\0"):
                yield tx, f"the text of {id!r} version {number} is there though it was deleted"
            continue
        try:
            document = document_from(id, text, about)
            same = (document.checksum, document.fingerprint) == (checksum, fingerprint)
        except (DataError, TypeError, ValueError, KeyError, AttributeError):
            same = False
        if not same:
            yield tx, f"the text of {id!r} version {number} is not the one that was recorded ({action})"
