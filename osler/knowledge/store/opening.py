"""Connections of a knowledge store: one to read and one to write for each thread, opened when they are first needed."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from osler.core.errors import DataError
from osler.core.migrations import statements
from osler.knowledge.store.tables import APPLICATION, MIGRATIONS
from osler.knowledge.store.writing import Transaction

_WAIT_S = 30.0  # how long a writer waits for the one before it
_PRAGMAS = (
    "synchronous=FULL",
    "secure_delete=ON",
    "foreign_keys=ON",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
    "cache_size=-16000",
)
_OPEN: ContextVar[tuple[Transaction, ...]] = ContextVar("open_transactions", default=())
_INHERITED: list[
    sqlite3.Connection
] = []  # of the process that forked this one: closing them here would disturb it there


class _Pair:
    """The connections of one thread; closed when the thread ends."""

    def __init__(self) -> None:
        self.process = os.getpid()
        self.reader: sqlite3.Connection | None = None
        self.writer: sqlite3.Connection | None = None
        self.reading = False

    def close(self) -> None:
        for held in (self.reader, self.writer):
            if held is not None and self.process != os.getpid():
                _INHERITED.append(held)
            elif held is not None:
                held.close()
        self.reader = self.writer = None

    def __del__(self) -> None:
        self.close()


def _place(path: Path) -> tuple[int, int]:
    """Which file stands at ``path``; zeros where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


class Connections:
    """How a store reaches its file. Writers take turns (BEGIN IMMEDIATE); readers see whole transactions and never wait."""

    def __init__(self, path: Path, *, create: bool, by: str, clock: Callable[[], float]) -> None:
        self.path = path
        self._by = by
        self._clock = clock
        self._local = threading.local()
        self._pairs: weakref.WeakSet[_Pair] = weakref.WeakSet()
        self._closed = False
        self._prepare(create)
        self._file = _place(path)

    def close(self) -> None:
        self._closed = True
        for pair in list(self._pairs):
            pair.close()

    # Reading

    def reader(self) -> sqlite3.Connection:
        """What this context reads from: the transaction it is in, else the thread's own connection."""
        self._there()
        held = self._joined()
        if held is not None:
            return held.db
        pair = self._pair()
        if pair.reader is None:
            pair.reader = self._connect()
        return pair.reader

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """All reads within see the same state of the store."""
        db, pair = self.reader(), self._pair()
        if self._joined() is not None or pair.reading:
            with self.told():
                yield db
            return
        with self.told():
            db.execute("BEGIN")
            pair.reading = True
            try:
                yield db
            finally:
                pair.reading = False
                if db.in_transaction:
                    db.execute("COMMIT")

    # Writing

    @contextmanager
    def writing(self) -> Iterator[Transaction]:
        """A transaction, or a part of the one that this context is in: done whole or not at all."""
        with self.told(), self.transaction() as made:
            yield made

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """The same for a block of somebody else's code, whose own errors of SQLite are not ours to tell of."""
        held = self._joined()
        if held is not None:
            with held.part():
                yield held
            return
        made = Transaction(self._begun(), by=self._by, clock=self._clock)
        token = _OPEN.set((*_OPEN.get(), made))
        try:
            yield made
            with self.told():
                made.commit()
        except BaseException:  # Ctrl-C too: what was not finished must not stay open
            made.abandon()
            raise
        finally:
            _OPEN.reset(token)

    def _begun(self) -> sqlite3.Connection:
        db = self.writer()
        if db.in_transaction:
            raise DataError(
                f"another task of this thread is in a transaction of the knowledge store {self.path.parent}",
                hint="do not wait for anything (await) inside of a transaction",
            )
        with self.told():
            db.execute("BEGIN IMMEDIATE")
        return db

    def writer(self) -> sqlite3.Connection:
        """The connection by which this thread writes."""
        self._there()
        pair = self._pair()
        if pair.writer is None:
            with self.told():
                pair.writer = self._connect()
        return pair.writer

    @property
    def within(self) -> bool:
        """Whether this context is in a transaction."""
        return self._joined() is not None

    @contextmanager
    def told(self) -> Iterator[None]:
        """SQLite's errors as ours: which store, what it said, what to do."""
        try:
            yield
        except UnicodeEncodeError as error:
            raise DataError(
                f"the knowledge store {self.path.parent} was given half of a surrogate pair",
                hint="write ids, names and reasons in plain Unicode",
            ) from error
        except sqlite3.Error as error:
            words = str(error)
            full = "full" in words or "I/O" in words
            raise DataError(
                f"the knowledge store {self.path.parent} could not be used ({words})",
                hint="free some disk space and do it again: what was finished is kept"
                if full
                else "do it again when the other process that writes to it has ended"
                if "locked" in words
                else "run osler knowledge check on it, and take a copy from a backup where it is damaged",
            ) from error

    def _joined(self) -> Transaction | None:
        """The transaction that this context has open by this handle and thread: another task of the thread is outside."""
        opened = _OPEN.get()
        if not opened:
            return None
        writer = self._pair().writer
        return next((held for held in opened if held.open and held.db is writer), None)

    def _there(self) -> None:
        """DataError where the file was removed or another put in its place: an open connection would go on reading the old
        one, with texts that were deleted since, and lose what it writes."""
        if _place(self.path) != self._file:
            raise DataError(
                f"the knowledge store {self.path.parent} was removed or replaced while it was open",
                hint="open it again: start anew what uses it",
            )

    def _pair(self) -> _Pair:
        if self._closed:
            raise DataError(f"the knowledge store {self.path.parent} is closed", hint="open it again")
        pair: _Pair | None = getattr(self._local, "pair", None)
        if pair is not None and pair.process != os.getpid():
            pair.close()
            pair = None
        if pair is None:
            pair = self._local.pair = _Pair()
            self._pairs.add(pair)
        return pair

    # Opening

    def _connect(self, *, create: bool = False) -> sqlite3.Connection:
        where = f"{self.path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"  # a lost file is not made anew
        db = sqlite3.connect(where, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
        for pragma in _PRAGMAS:
            db.execute(f"PRAGMA {pragma}")
        return db

    def _prepare(self, create: bool) -> None:
        """Check what the file is, and make or migrate its tables."""
        folder = self.path.parent
        if folder.exists() and not folder.is_dir():
            raise DataError(f"{folder} is a file and no folder", hint="name a folder as the store")
        if not create and not (self.path.is_file() and self.path.stat().st_size):
            raise DataError(f"there is no knowledge store in {folder}", hint="osler knowledge add STORE FILE makes one")
        db: sqlite3.Connection | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            db = self._connect(create=create)
            if self._version(db) < len(MIGRATIONS):
                self._migrate(db)
        except (sqlite3.Error, OSError) as error:
            closed = isinstance(error, PermissionError) or "readonly" in str(error) or not os.access(folder, os.W_OK)
            raise DataError(
                f"the knowledge store in {folder} cannot be opened ({error})",
                hint="its folder must be writable, for a search too: get the right to write, or search a copy"
                if closed
                else "name another folder as the store",
            ) from error
        finally:
            if db is not None:
                db.close()

    def _version(self, db: sqlite3.Connection) -> int:
        # One statement, so that another process cannot make the tables between two looks.
        version, application, tables = db.execute(
            "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM pragma_application_id), "
            "(SELECT COUNT(*) FROM sqlite_master)"
        ).fetchone()
        if application != APPLICATION and (tables or version or application):
            raise DataError(
                f"the file {self.path} is a database of another program", hint="name another folder as the store"
            )
        if version > len(MIGRATIONS):
            raise DataError(
                f"the knowledge store in {self.path.parent} has version {version}, this Osler knows {len(MIGRATIONS)}",
                hint="use the newer Osler that wrote it",
            )
        return int(version)

    def _migrate(self, db: sqlite3.Connection) -> None:
        for turn in range(100):  # while another process does the same, SQLite may answer at once instead of waiting
            try:
                db.execute("PRAGMA journal_mode=WAL")
                break
            except sqlite3.OperationalError:
                if turn == 99:
                    raise
                time.sleep(0.05)
        db.execute("BEGIN IMMEDIATE")
        try:
            for number in range(self._version(db), len(MIGRATIONS)):
                for statement in statements(MIGRATIONS[number]):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={number + 1}")
            db.execute(f"PRAGMA application_id={APPLICATION}")
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
