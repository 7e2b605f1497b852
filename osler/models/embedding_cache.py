"""Vectors of texts kept between processes: a file per encoder, under the hash of each text and never with the text."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from osler.core.errors import DataError

Floats = NDArray[np.float32]
_KEYS_AT_ONCE = 500  # parameters of one query
_WAIT_S = 30.0  # for another process that writes


def user_cache() -> Path:
    """The folder for what can be computed again, as the XDG base directory specification names it."""
    held = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(held) if os.path.isabs(held) else Path.home() / ".cache") / "osler" / "vectors"


class EmbeddingCache:
    """Vectors by key for the encoder ``space`` (a hash of all that its vectors depend on), in ``folder``.

    Several processes may use it at once, and a kill at any moment leaves it whole (SQLite, one transaction a write).
    Each vector is checked when it is read; one that is damaged counts as missing, and a file that is no database any
    more is begun anew: everything in it can be computed again.
    """

    def __init__(self, folder: Path, space: str) -> None:
        self._file = folder / f"{space}.sqlite"

    def get(self, keys: Sequence[str]) -> dict[str, Floats]:
        """The vectors that are held, by key. Nothing is made where there is no file."""
        if not self._file.is_file():
            return {}
        found: dict[str, Floats] = {}
        try:
            with self._opened() as connection:
                for start in range(0, len(keys), _KEYS_AT_ONCE):
                    part = [bytes.fromhex(key) for key in keys[start : start + _KEYS_AT_ONCE]]
                    marks = ",".join("?" * len(part))
                    for key, data, check in connection.execute(
                        f"SELECT key, vector, check_sum FROM vectors WHERE key IN ({marks})", part
                    ):
                        if zlib.crc32(data, zlib.crc32(key)) == check and len(data) % 4 == 0:
                            found[key.hex()] = np.frombuffer(data, "<f4").astype(np.float32)
        except sqlite3.OperationalError:  # held by another process for too long, or not readable: computed again
            return found
        except sqlite3.DatabaseError:
            self._begin_anew()
            return {}
        return _one_width(found)

    def put(self, vectors: Mapping[str, Floats]) -> None:
        """Keep ``vectors``; those that are held are replaced. Where the disk refuses, nothing is kept and no error raised:
        a cache may be slow, never in the way."""
        rows = []
        for name, vector in vectors.items():
            key, data = bytes.fromhex(name), np.ascontiguousarray(vector, "<f4").tobytes()
            rows.append((key, data, zlib.crc32(data, zlib.crc32(key))))
        self._write("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", rows)

    def forget(self, keys: Sequence[str]) -> None:
        """Remove the vectors of ``keys``; their bytes are overwritten. DataError where that cannot be done."""
        if self._file.is_file() and not self._write(
            "DELETE FROM vectors WHERE key = ?", [(bytes.fromhex(key),) for key in keys]
        ):
            raise DataError(
                f"vectors could not be removed from {self._file.name} in the vector cache", hint="remove the file"
            )

    def __len__(self) -> int:
        if not self._file.is_file():
            return 0
        try:
            with self._opened() as connection:
                return int(connection.execute("SELECT count(*) FROM vectors").fetchone()[0])
        except sqlite3.DatabaseError:
            return 0

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> bool:
        for _ in range(2):  # a second time on a new file
            try:
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with self._opened() as connection, connection:
                    connection.executemany(statement, rows)
                return True
            except (OSError, sqlite3.OperationalError):
                return False
            except sqlite3.DatabaseError:
                self._begin_anew()
        return False

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._file, timeout=_WAIT_S)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(
                "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL, check_sum INTEGER NOT NULL)"
            )
            yield connection

    def _begin_anew(self) -> None:
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._file}{ending}").unlink(missing_ok=True)


def _one_width(found: dict[str, Floats]) -> dict[str, Floats]:
    """Vectors of the commonest width: another one is damage that no checksum tells."""
    widths = [len(vector) for vector in found.values()]
    if len(set(widths)) < 2:
        return found
    usual = max(set(widths), key=widths.count)
    return {key: vector for key, vector in found.items() if len(vector) == usual}
