"""The store: everything that was asked, answered, scored and decided, in one SQLite file, append-only.

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
from osler.core.types import Example, Prediction, Reply, ToolCall

# Each entry brings a store one version further. Never edit one that was released: add the next.
MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE replies (key TEXT PRIMARY KEY, study TEXT NOT NULL, model TEXT NOT NULL, at REAL NOT NULL,
      request BLOB NOT NULL, reply BLOB NOT NULL, tokens INTEGER NOT NULL, cost_usd REAL NOT NULL);
    CREATE INDEX replies_study ON replies (study, tokens, cost_usd);
    CREATE TABLE runs (id TEXT PRIMARY KEY, study TEXT NOT NULL, at REAL NOT NULL, cell BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE predictions (run TEXT NOT NULL, example TEXT NOT NULL, attempt INTEGER NOT NULL, failed INTEGER
      NOT NULL, prediction BLOB NOT NULL, PRIMARY KEY (run, example, attempt));
    CREATE TABLE examples (dataset TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, example BLOB NOT NULL,
      PRIMARY KEY (dataset, id)) WITHOUT ROWID;
    CREATE TABLE scores (run TEXT NOT NULL, example TEXT NOT NULL, metric TEXT NOT NULL, by TEXT NOT NULL,
      value REAL, reason TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (run, example, metric, by, at)) WITHOUT ROWID;
    CREATE TABLE events (id INTEGER PRIMARY KEY, study TEXT NOT NULL, at REAL NOT NULL, kind TEXT NOT NULL,
      data BLOB NOT NULL);
    CREATE INDEX events_study ON events (study, kind, id);
    CREATE TRIGGER replies_fixed BEFORE UPDATE ON replies BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER runs_fixed BEFORE UPDATE ON runs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER runs_kept BEFORE DELETE ON runs BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER predictions_fixed BEFORE UPDATE ON predictions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER predictions_kept BEFORE DELETE ON predictions BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER scores_fixed BEFORE UPDATE ON scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER scores_kept BEFORE DELETE ON scores BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER events_fixed BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    CREATE TRIGGER events_kept BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'append-only'); END;
    """,
)
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
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute("PRAGMA wal_autocheckpoint=4000")
            self._migrate()
        except (sqlite3.Error, OSError) as error:
            raise DataError(
                f"the store {self.path} cannot be opened ({error})", hint="name another file with --store"
            ) from error

    def _migrate(self) -> None:
        version = int(self._db.execute("PRAGMA user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise DataError(
                f"the store {self.path} has version {version}, this Osler knows {len(MIGRATIONS)}",
                hint="use the newer Osler that wrote it, or name another file with --store",
            )
        for number in range(version, len(MIGRATIONS)):
            # Another process may be migrating too: take the write lock first, then look again.
            self._db.execute("BEGIN IMMEDIATE")
            if int(self._db.execute("PRAGMA user_version").fetchone()[0]) == number:
                for statement in _statements(MIGRATIONS[number]):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version={number + 1}")
            self._db.execute("COMMIT")

    def close(self) -> None:
        self._flush()
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
        self._predictions.append((run, example, attempt, int(bool(prediction.failure)), _prediction_json(prediction)))
        if len(self._predictions) >= 512:
            self._flush()
            return
        try:
            self._schedule(asyncio.get_running_loop())
        except RuntimeError:  # no loop: a synchronous caller
            self._flush()

    def attempts(self, run: str) -> dict[str, tuple[int, bool]]:
        """Of each example that has a prediction: the number of its last attempt, and whether that one failed."""
        self._flush()
        rows = self._db.execute(
            "SELECT example, attempt, failed FROM predictions WHERE run = ? ORDER BY attempt", (run,)
        )
        return {example: (attempt, bool(failed)) for example, attempt, failed in rows}

    def predictions(self, run: str) -> Iterator[tuple[str, Prediction]]:
        """The last prediction of each example of ``run``, with the text of its replies."""
        self._flush()
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

    # Writing

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._timer is None or self._timer.cancelled() or self._timer.when() < loop.time() - 1.0:
            self._timer = loop.call_later(_GROUP_S, self._flush)

    def _flush(self) -> None:
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
        if error is not None and not waiting:
            raise error

    def _write(self, statement: str, rows: Iterable[tuple[Any, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(statement, rows)
            self._db.execute("COMMIT")
        except sqlite3.Error as problem:
            raise self._refused(problem) from problem

    def _refused(self, problem: sqlite3.Error) -> DataError:
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
        return DataError(
            f"the store {self.path} could not be written ({problem})",
            hint="free some disk space, then run the same command again: finished work is kept",
        )


def _statements(script: str) -> Iterator[str]:
    """The statements of a script, one by one: executescript would commit behind our back."""
    text = ""
    for line in script.splitlines():
        text += line + "\n"
        if sqlite3.complete_statement(text):
            yield text
            text = ""


def _prediction_json(prediction: Prediction) -> bytes:
    """Without the text of stored replies: that is kept once, under its key."""
    return orjson.dumps(
        {
            "answer": prediction.answer,
            "rationale": prediction.rationale,
            "evidence": prediction.evidence,
            "votes": prediction.votes,
            "parsed": prediction.parsed,
            "failure": prediction.failure,
            "replies": [
                {"key": reply.key, "cached": reply.cached, "latency_s": reply.latency_s} if reply.key else reply
                for reply in prediction.replies
            ],
        }
    )


def reply_from(data: Mapping[str, Any], *, key: str = "", cached: bool | None = None) -> Reply:
    fields = dict(data)
    fields["texts"] = tuple(fields.get("texts", ()))
    fields["tool_calls"] = tuple(ToolCall(**call) for call in fields.get("tool_calls", ()))
    fields["key"] = key or fields.get("key", "")
    if cached is not None:
        fields["cached"] = cached
    return Reply(**fields)


def prediction_from(data: Mapping[str, Any], find: Any) -> Prediction:
    """``find(key)`` gives a stored reply or None (a reply that was deleted leaves an empty one)."""
    replies = []
    for item in data["replies"]:
        if not item.get("key"):
            replies.append(reply_from(item))
            continue
        found = find(item["key"]) or Reply(text="", key=item["key"], finish="deleted")
        fields = {name: getattr(found, name) for name in found.__slots__}
        replies.append(Reply(**{**fields, "cached": item["cached"], "latency_s": item["latency_s"]}))
    evidence = data["evidence"]
    return Prediction(
        answer=data["answer"],
        rationale=data["rationale"],
        evidence=None if evidence is None else tuple(evidence),
        replies=tuple(replies),
        votes=data["votes"],
        parsed=data["parsed"],
        failure=data["failure"],
    )


def example_from(data: Mapping[str, Any]) -> Example:
    return Example(
        id=data["id"],
        input=data["input"],
        target=data["target"],
        choices=tuple(data["choices"]),
        meta=data["meta"],
    )
