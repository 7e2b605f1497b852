"""What a store holds, now or at an earlier moment."""

from __future__ import annotations

import difflib
import sqlite3
from collections.abc import Iterator

from osler.core.block import canonical, digest
from osler.core.errors import DataError
from osler.knowledge.citation import Span
from osler.knowledge.document import Version
from osler.knowledge.store.rows import COLUMNS, JOINED, version_from

PAGE = 500  # documents of one read
NEAR = 0.6  # how alike an id must be to be suggested, as difflib counts it
_MOST = 1 << 62
_CURRENT = "v.tx <= :tx AND (v.ends IS NULL OR v.ends > :tx)"


def at_moment(db: sqlite3.Connection, id: str, tx: int) -> Version:
    """The state of a document after the transaction ``tx``. DataError where it is unknown or came later."""
    row = db.execute(f"SELECT {COLUMNS} FROM {JOINED} WHERE d.id = :id AND {_CURRENT}", {"id": id, "tx": tx}).fetchone()
    if row is None:
        first = at_number(db, id, 1)
        raise DataError(
            f"the document {id!r} was not there yet at that moment", hint=f"it was recorded on {first.recorded}"
        )
    return version_from(row)


def at_number(db: sqlite3.Connection, id: str, number: int, tx: int | None = None) -> Version:
    """A version by its number; with ``tx`` only where it was recorded by then."""
    asked = number if abs(number) < _MOST else 0  # what SQLite cannot hold is no version either
    row = db.execute(f"SELECT {COLUMNS} FROM {JOINED} WHERE d.id = ? AND v.number = ?", (id, asked)).fetchone()
    if row is None:
        count = len(history(db, id))  # refuses an unknown id
        raise DataError(f"the document {id!r} has no version {number}", hint=f"it has the versions 1 to {count}")
    found = version_from(row)
    if tx is not None and found.transaction > tx:
        raise DataError(
            f"version {number} of the document {id!r} was not there yet at that moment",
            hint=f"it was recorded on {found.recorded}",
        )
    return found


def history(db: sqlite3.Connection, id: str) -> tuple[Version, ...]:
    rows = db.execute(f"SELECT {COLUMNS} FROM {JOINED} WHERE d.id = ? ORDER BY v.number", (id,)).fetchall()
    if not rows:
        raise unknown(db, id)
    return tuple(version_from(row) for row in rows)


def page(db: sqlite3.Connection, tx: int, *, after: int, superseded: bool) -> tuple[list[Version], int]:
    """The next documents after the row ``after``, and the row to go on from (0: there are no more)."""
    kept = "" if superseded else "AND v.action != 'supersede'"
    rows = db.execute(
        f"SELECT {COLUMNS} FROM {JOINED} WHERE d.number > :after AND d.deleted = 0 AND {_CURRENT} {kept} "
        "ORDER BY d.number LIMIT :size",
        {"tx": tx, "after": after, "size": PAGE},
    ).fetchall()
    return [version_from(row) for row in rows], (rows[-1][12] if len(rows) == PAGE else 0)


def tombstones(db: sqlite3.Connection) -> tuple[Version, ...]:
    rows = db.execute(f"SELECT {COLUMNS} FROM {JOINED} WHERE v.action = 'delete' ORDER BY v.tx, d.number")
    return tuple(version_from(row) for row in rows)


def touched(db: sqlite3.Connection, since: int, until: int) -> tuple[str, ...]:
    """Ids of the documents that transactions after ``since`` up to ``until`` changed, in the order of their creation."""
    rows = db.execute(
        "SELECT id FROM documents WHERE number IN (SELECT document FROM versions WHERE tx > ? AND tx <= ?) "
        "ORDER BY number",
        (since, until),
    )
    return tuple(row[0] for row in rows)


def states(db: sqlite3.Connection, tx: int) -> str:
    """Hash (32 hex characters) over what is current after ``tx``: id, version and fingerprint of each document."""
    rows: Iterator[tuple[str, int, str]] = db.execute(
        "SELECT d.id, v.number, v.fingerprint FROM documents d CROSS JOIN versions v ON v.document = d.number "
        f"WHERE d.deleted = 0 AND {_CURRENT} AND v.action != 'supersede' ORDER BY d.id",
        {"tx": tx},
    )
    return digest(canonical([list(row) for row in rows]))


def exact(db: sqlite3.Connection, span: Span) -> str:
    """The characters of ``span``."""
    row = db.execute(
        "SELECT d.deleted, b.text FROM documents d CROSS JOIN versions v ON v.document = d.number "
        "LEFT JOIN bodies b ON b.number = v.body AND d.deleted = 0 WHERE d.id = ? AND v.number = ?",
        (span.document, span.version),
    ).fetchone()
    if row is None:
        at_number(db, span.document, span.version)  # says what is missing
    if row is None or row[0] or row[1] is None:
        raise DataError(
            f"the text of {span} was deleted from the knowledge store",
            hint="its history says when, by whom and why; an answer that cites it stands on nothing now",
        )
    text: str = row[1]
    if not 0 <= span.start < span.end <= len(text):
        raise DataError(f"{span} lies outside of its text", hint=f"that version has {len(text)} characters")
    return text[span.start : span.end]


def unknown(db: sqlite3.Connection, id: str) -> DataError:
    """The error for an id that is not there. Only ids that begin alike are compared: there may be millions."""
    ends = id[:2] + "\U0010ffff"
    near = db.execute("SELECT id FROM documents WHERE id >= ? AND id < ? LIMIT 2000", (id[:2], ends)).fetchall()
    near = near or db.execute("SELECT id FROM documents LIMIT 200").fetchall()
    close = difflib.get_close_matches(id[:120], [row[0] for row in near], n=1, cutoff=NEAR)
    hint = f"did you mean {close[0]!r}?" if close else "osler knowledge list STORE shows the ids"
    return DataError(f"the knowledge store has no document {id[:120]!r}", hint=hint)
