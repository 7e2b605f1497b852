"""The store: all that was asked, answered, scored and decided, in one SQLite file, append-only but for ``forget``.

Replies are content-addressed (the key is the hash of the whole call), so a call that was answered once is never
made again. Writes of replies are durable against a killed process before the caller goes on: concurrent writers
share one transaction (group commit). Predictions, scores and events stand beside, never over, what was there.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from osler.core.errors import DataError
from osler.core.forgetting import Forgotten, forget
from osler.core.migrations import MIGRATIONS, statements
from osler.core.serial import example_from, prediction_from, prediction_json, reply_from
from osler.core.types import Example, Prediction, Reply

_GROUP_S = 0.002  # how long a write waits for company: 64 writers then share one commit
_PUT_REPLY = "INSERT OR IGNORE INTO replies VALUES (?,?,?,?,?,?,?,?)"
_PUT_PREDICTION = "INSERT OR IGNORE INTO predictions VALUES (?,?,?,?,?)"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a study has used so far: answered calls, tokens in and out, US dollars."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0


class Store:
    """One SQLite file (WAL). Not thread-safe: one Store per thread; any number of processes may open the file."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._replies: list[tuple[Any, ...]] = []
        self._predictions: list[tuple[Any, ...]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that the timer belongs to
        self._db: Any = None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            self._known()
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint=4000")
            self._migrate()
        except BaseException as error:
            if self._db is not None:
                self._db.close()
            if not isinstance(error, (sqlite3.Error, OSError)):
                raise
            raise DataError(
                f"the store {self.path} cannot be opened ({error})", hint="name another file with --store"
            ) from error

    def _known(self) -> None:
        """Refuse, before anything is written, a newer store and a database that is none of ours."""
        # One statement, so that another process cannot make the tables between two looks.
        look = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT COUNT(*) FROM sqlite_master)"
        version, tables = self._db.execute(look).fetchone()
        if version > len(MIGRATIONS):
            raise DataError(
                f"the store {self.path} has version {version}, this Osler knows {len(MIGRATIONS)}",
                hint="use the newer Osler that wrote it, or name another file with --store",
            )
        if version == 0 and tables:
            raise DataError(
                f"the file {self.path} is a database of another program", hint="name another file with --store"
            )

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        for number in range(version, len(MIGRATIONS)):
            # Another process may be migrating too: take the write lock first, then look again.
            self._db.execute("BEGIN IMMEDIATE")
            if int(self._db.execute("PRAGMA user_version").fetchone()[0]) == number:
                for statement in statements(MIGRATIONS[number]):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number + 1}")
            self._db.execute("COMMIT")

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Replies

    def reply(self, key: str) -> Reply | None:
        """The stored answer to the call ``key``, marked as cached, or None."""
        row = self._db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else reply_from(orjson.loads(row[0]), key=key, cached=True)

    def request(self, key: str) -> Any:
        """The call that was answered under ``key``: model, messages, settings."""
        row = self._db.execute("SELECT request FROM replies WHERE key = ?", (key,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    async def put_reply(self, key: str, request: bytes, reply: Reply, *, study: str) -> None:
        """Keep a reply; returns when it would survive a killed process."""
        tokens = reply.tokens_in + reply.tokens_out
        body = orjson.dumps(reply)
        self._replies.append((key, study, reply.model, time.time(), request, body, tokens, reply.cost_usd))
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        self._schedule(loop)
        await future

    def spent(self, study: str) -> Spent:
        row = self._db.execute(
            "SELECT COUNT(*), COALESCE(SUM(tokens), 0), COALESCE(SUM(cost_usd), 0) FROM replies WHERE study = ?",
            (study,),
        ).fetchone()
        return Spent(int(row[0]), int(row[1]), float(row[2]))

    # Runs and predictions

    def put_run(self, run: str, *, study: str, cell: Mapping[str, Any]) -> None:
        self._write("INSERT OR IGNORE INTO runs VALUES (?,?,?,?)", [(run, study, time.time(), orjson.dumps(cell))])

    def cell(self, run: str) -> Any:
        row = self._db.execute("SELECT cell FROM runs WHERE id = ?", (run,)).fetchone()
        return None if row is None else orjson.loads(row[0])

    def runs(self, study: str = "") -> list[str]:
        where, values = ("WHERE study = ?", (study,)) if study else ("", ())
        return [row[0] for row in self._db.execute(f"SELECT id FROM runs {where} ORDER BY at, id", values)]

    def put_prediction(self, run: str, example: str, prediction: Prediction, *, attempt: int = 0) -> None:
        """Keep a prediction with the next group; the replies it stands on are durable already."""
        self._predictions.append((run, example, attempt, int(bool(prediction.failure)), prediction_json(prediction)))
        if len(self._predictions) >= 512:
            self.flush()
            return
        try:
            self._schedule(asyncio.get_running_loop())
        except RuntimeError:  # no loop: a synchronous caller
            self.flush()

    def attempts(self, run: str) -> dict[str, tuple[int, bool]]:
        """Of each example that has a prediction: the number of its last attempt, and whether that one failed."""
        self.flush()
        rows = self._db.execute(
            "SELECT example, attempt, failed FROM predictions WHERE run = ? ORDER BY attempt", (run,)
        )
        return {example: (attempt, bool(failed)) for example, attempt, failed in rows}

    def predictions(self, run: str) -> Iterator[tuple[str, Prediction]]:
        """The last prediction of each example of ``run``, with the text of its replies."""
        self.flush()
        rows = self._db.execute(
            "SELECT p.example, p.prediction FROM predictions p WHERE run = ? AND attempt = (SELECT MAX(attempt) FROM "
            "predictions q WHERE q.run = p.run AND q.example = p.example)",
            (run,),
        )
        for example, body in rows:
            yield example, prediction_from(orjson.loads(body), self.reply)

    # Examples, scores, events

    def put_examples(self, dataset: str, examples: Iterable[Example]) -> None:
        rows = ((dataset, example.id, i, orjson.dumps(example)) for i, example in enumerate(examples))
        self._write("INSERT OR IGNORE INTO examples VALUES (?,?,?,?)", rows)

    def examples(self, dataset: str) -> list[Example]:
        rows = self._db.execute("SELECT example FROM examples WHERE dataset = ? ORDER BY position", (dataset,))
        return [example_from(orjson.loads(row[0])) for row in rows]

    def put_scores(self, rows: Sequence[tuple[str, str, str, float | None, str]], *, by: str) -> None:
        """Rows of (run, example, metric, value or None, reason); ``by`` is machine, judge:x or rater:y."""
        now = time.time()
        self._write(
            "INSERT INTO scores VALUES (?,?,?,?,?,?,?)",
            ((run, example, metric, by, value, reason, now) for run, example, metric, value, reason in rows),
        )

    def scores(self, run: str, metric: str) -> list[tuple[str, str, float | None, str]]:
        """The latest (example, by, value, reason) of each example and scorer."""
        rows = self._db.execute(
            "SELECT example, by, value, reason, MAX(at) FROM scores WHERE run = ? AND metric = ? GROUP BY example, by",
            (run, metric),
        )
        return [(row[0], row[1], row[2], row[3]) for row in rows]

    def opinions(self, run: str) -> list[tuple[str, str, str, float | None, str]]:
        """The latest (example, criterion, by, value, reason) of each judge and rater, in order of their names."""
        rows = self._db.execute(
            "SELECT example, metric, by, value, reason, MAX(at) FROM scores WHERE run = ? AND by != 'machine' "
            "GROUP BY example, metric, by ORDER BY metric, by, example",
            (run,),
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def event(self, study: str, kind: str, **data: Any) -> None:
        self._write(
            "INSERT INTO events (study, at, kind, data) VALUES (?,?,?,?)",
            [(study, time.time(), kind, orjson.dumps(data))],
        )

    def events(self, study: str, kind: str = "") -> list[dict[str, Any]]:
        """Events of a study, oldest first: each is its data plus ``at`` (epoch seconds) and ``kind``."""
        where, values = ("AND kind = ?", (study, kind)) if kind else ("", (study,))
        rows = self._db.execute(f"SELECT at, kind, data FROM events WHERE study = ? {where} ORDER BY id", values)
        return [{**orjson.loads(data), "at": at, "kind": kind} for at, kind, data in rows]

    # Forgetting

    def forget(self, document: str) -> Forgotten:
        """Remove the calls that showed passages of a deleted document, and the answers made from them.

        The store is append-only otherwise. Do it while no run uses the store: a run that has a passage in hand would
        write it again.
        """
        self.flush()
        try:
            return forget(self._db, document)
        except sqlite3.Error as problem:
            raise self._refused(problem) from problem

    # Writing

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None or self._loop is not loop:  # a timer dies with its loop
            self._loop, self._timer = loop, loop.call_later(_GROUP_S, lambda: self.flush(tell=False))

    def flush(self, *, tell: bool = True) -> None:
        """Write what waits. Predictions that could not be written are kept for the next try, which tells of it."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        replies, self._replies = self._replies, []
        predictions, self._predictions = self._predictions, []
        waiting, self._waiting = self._waiting, []
        if not replies and not predictions:
            return
        error: Exception | None = None
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(_PUT_REPLY, replies)
            self._db.executemany(_PUT_PREDICTION, predictions)
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            error = self._refused(problem)
        for future in waiting:
            if not future.done():
                future.set_exception(error) if error else future.set_result(None)
        if error is not None:
            self._predictions = predictions + self._predictions
            if tell:
                raise error

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            raise self._refused(problem) from problem
        except BaseException:  # a row that is no JSON, or Ctrl-C: the transaction must not stay open
            self._db.execute("ROLLBACK")
            raise

    def _refused(self, problem: sqlite3.Error) -> DataError:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        return DataError(
            f"the store {self.path} could not be written ({problem})",
            hint="free some disk space, then run the same command again: finished work is kept",
        )
