"""Deletion: a tombstone stays, the text goes from every file of the store, and who used it is listed."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from osler.core.errors import DataError
from osler.knowledge.store.lineage import Use, uses
from osler.knowledge.store.moments import latest
from osler.knowledge.store.writing import Transaction

DERIVED = "derived"  # the folder of files that can be made again, all of which go with any deletion
_ZEROS = bytes(1 << 16)
_PATIENCE_MS = 3000  # how long a deletion waits for readers of the log


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """What a deletion removed, and what is left to do.

    ``versions``: texts removed, of which ``checksums`` stay in the tombstone. ``vectors`` and ``passages``: embeddings, and
    passages whose triples were removed. ``scrubbed``: no file of the store holds the text any more; where it is False
    (another process was reading, or the deletion is part of a larger transaction) the next change or opening goes on
    with it. ``uses``: models, systems, runs and stores of answers that used the document: each must be acted on.
    """

    id: str
    transaction: int
    recorded: str
    by: str
    why: str
    versions: int
    checksums: tuple[str, ...]
    vectors: int
    passages: int
    scrubbed: bool
    uses: tuple[Use, ...]

    @property
    def note(self) -> str:
        """What a deletion cannot do, in a sentence or two."""
        said = (
            "The text is gone from this store; copies elsewhere (backups, exports, reports "
            "and bundles of studies, the source itself) are not reached, "
            "and what a model has learnt from it cannot be taken out of its weights: only training it anew without the "
            "document, or not using it, does that."
        )
        if not self.uses:
            return f"{said} No use of the document was recorded."
        named = ", ".join(dict.fromkeys(f"{use.kind} {use.name}" for use in self.uses))
        return f"{said} Recorded uses to act on: {named}."


def delete(change: Transaction, id: str, why: str) -> Removed:
    """Put a tombstone in place of a document and overwrite its texts, vectors and triples with zeros."""
    db, held = change.db, change.known(id)
    if held.deleted:
        raise DataError(f"the document {id!r} was deleted already", hint="its history says when, by whom and why")
    state = change.stated(held, "delete", why)._replace(body=None, successor="")
    change.record(id, state)
    db.execute("UPDATE documents SET deleted = 1 WHERE number = ?", (held.document,))
    db.execute("INSERT OR IGNORE INTO purges VALUES (?)", (state.tx,))
    change.erased = True
    checksums = db.execute(
        "SELECT checksum FROM versions WHERE document = ? AND action IN ('create', 'update') ORDER BY number",
        (held.document,),
    ).fetchall()
    removed = {"vector": 0, "triple": 0}
    rows = db.execute(
        "SELECT r.number, m.name FROM derived r JOIN makers m ON m.number = r.maker WHERE r.document = ?",
        (held.document,),
    ).fetchall()
    for number, maker in rows:
        _overwrite(db, "derived", "content", number)
        removed[maker.partition(":")[0]] += 1
    for (number,) in db.execute("SELECT number FROM bodies WHERE document = ?", (held.document,)).fetchall():
        _overwrite(db, "bodies", "text", number)
        _overwrite(db, "bodies", "about", number)
    return Removed(
        id=id,
        transaction=state.tx,
        recorded=change.recorded,
        by=state.by,
        why=why,
        versions=len(checksums),
        checksums=tuple(row[0] for row in checksums),
        vectors=removed["vector"],
        passages=removed["triple"],
        scrubbed=False,
        uses=uses(db, id),
    )


def _overwrite(db: sqlite3.Connection, table: str, column: str, row: int) -> None:
    """Zeros in the place of a value, on the very pages where it stands."""
    with db.blobopen(table, column, row) as blob:
        left = len(blob)
        while left:
            blob.write(_ZEROS[:left])
            left -= min(left, len(_ZEROS))


def pending(db: sqlite3.Connection) -> bool:
    """Whether a deletion was committed whose text may still stand in the log or in derived files."""
    return db.execute("SELECT 1 FROM purges LIMIT 1").fetchone() is not None


def scrub(db: sqlite3.Connection, folder: Path) -> bool:
    """Bring committed deletions to the disk: remove derived files, write the log back and cut it to nothing.

    ``db`` is not in a transaction. False where another process reads from the log for more than some seconds.
    """
    waited = db.execute("PRAGMA busy_timeout").fetchone()[0]
    db.execute(f"PRAGMA busy_timeout={_PATIENCE_MS}")
    try:
        return _scrub(db, folder / DERIVED)
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        return False
    finally:
        db.execute(f"PRAGMA busy_timeout={waited}")


def _scrub(db: sqlite3.Connection, files: Path) -> bool:
    db.execute("BEGIN IMMEDIATE")  # so that no derived file is being made now
    try:
        done = latest(db)
        shutil.rmtree(files, ignore_errors=True)
    finally:
        db.execute("COMMIT")
    if files.exists() or db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
        return False
    db.execute("DELETE FROM purges WHERE tx <= ?", (done,))
    return True


def keep_file(
    change: Transaction, folder: Path, name: str, write: Callable[[Path], object], *, generation: int
) -> Path | None:
    """Let ``write`` make the derived file ``name``; None, and no file, where a document was deleted after ``generation``.

    The file is made while no one else can write to the store, so that a deletion comes either before (and is seen) or
    after (and removes it).
    """
    if not name or name.startswith(".") or Path(name).name != name:
        raise DataError(f"a derived file cannot be named {name[:40]!r}", hint="use a plain file name")
    after = change.db.execute(
        "SELECT 1 FROM versions WHERE tx > ? AND action = 'delete' LIMIT 1", (generation,)
    ).fetchone()
    if after is not None:
        return None
    made, being = folder / DERIVED / name, folder / DERIVED / f"{name}.part"
    being.parent.mkdir(exist_ok=True)
    write(being)
    being.replace(made)
    return made
