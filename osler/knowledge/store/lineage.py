"""Who used a document: the models that were trained on it, the systems, runs and stores of answers that hold it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

from osler.core.errors import DataError, nearest
from osler.knowledge.store.moments import latest, stamp
from osler.knowledge.store.reading import unknown

UseKind = Literal["model", "system", "run", "store"]


class Use(NamedTuple):
    """A model, system, run or store of answers that used ``document`` in the version that was current at ``recorded``
    (a UTC instant), after the transaction ``generation``. ``name``: its id, or the path of a store."""

    kind: UseKind
    name: str
    document: str
    version: int
    recorded: str
    generation: int
    detail: str = ""


def record(db: sqlite3.Connection, kind: str, name: str, documents: Iterable[str], *, detail: str, at: int) -> int:
    """Note that ``name`` used ``documents``; returns how many of them it had not been noted with in this version."""
    if kind not in get_args(UseKind) or not name:
        raise DataError(
            f"a use needs a kind and a name, got {kind!r} and {name!r}",
            hint=nearest(kind, get_args(UseKind)) if name else "name the model, system, run or store",
        )
    held = db.execute(
        "SELECT number FROM uses WHERE kind = ? AND name = ? AND detail = ? AND tx = ?",
        (kind, name, detail, latest(db)),
    ).fetchone()
    number = (
        held[0]
        if held
        else db.execute(
            "INSERT INTO uses (kind, name, detail, at, tx) VALUES (?,?,?,?,?)", (kind, name, detail, at, latest(db))
        ).lastrowid
    )
    before = db.total_changes
    for id in documents:
        row = db.execute(
            "SELECT d.number, MAX(v.number) FROM documents d JOIN versions v ON v.document = d.number WHERE d.id = ?",
            (id,),
        ).fetchone()
        if row[0] is None:
            raise unknown(db, id)
        db.execute("INSERT OR IGNORE INTO used VALUES (?,?,?)", (row[0], number, row[1]))
    return db.total_changes - before


def uses(db: sqlite3.Connection, id: str) -> tuple[Use, ...]:
    """All uses of a document, oldest first, also those of one that was deleted. DataError for an unknown id."""
    if db.execute("SELECT 1 FROM documents WHERE id = ?", (id,)).fetchone() is None:
        raise unknown(db, id)
    rows = db.execute(
        "SELECT u.kind, u.name, d.id, k.version, u.at, u.tx, u.detail FROM documents d JOIN used k ON "
        "k.document = d.number JOIN uses u ON u.number = k.number WHERE d.id = ? ORDER BY u.at, u.number",
        (id,),
    )
    return tuple(Use(row[0], row[1], row[2], row[3], stamp(row[4]), row[5], row[6]) for row in rows)
