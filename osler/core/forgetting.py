"""Forgetting a document: the one exception to a store that is append-only.

When a document is deleted because it was wrong, withdrawn or never licensed, answers that were given with it in sight must
not be served again from the store, nor its text be read there. So calls that showed a passage of it and answers made from
them are removed, and an event says how many of each. Nothing else in a store is ever removed.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

EVENT = "forgotten"
_APPEND_ONLY = ("predictions_kept", "scores_kept", "events_kept")
_TELLING = 40  # bytes from which on an answer says where it is from: shorter ones are "B" or "Answer: yes"
_Place = tuple[str, str]  # a run and an example


@dataclass(frozen=True, kw_only=True, slots=True)
class Forgotten:
    """What was removed of ``document``: ``replies`` (calls with their requests), ``predictions``, their ``scores``, and
    ``events`` that held its passages (fitted demonstrations).

    ``scrubbed``: no file of the store holds them any more. Where it is False another process was reading, and
    forgetting the same once more finishes it.
    """

    document: str
    replies: int
    predictions: int
    scores: int
    events: int
    scrubbed: bool


def forget(db: sqlite3.Connection, document: str) -> Forgotten:
    """Remove what shows passages of ``document`` (ids DOCUMENT/vVERSION/START-END, or DOCUMENT itself).

    Replies go whose request or answer names such a passage, or whose request repeats an answer that goes (a judge was
    shown it). Predictions go that cite one or stand on a reply that goes, in all their attempts, with their scores and
    their other replies, unless a prediction that stays has the same. ``db`` is not in a transaction.
    """
    db.execute("PRAGMA secure_delete=ON")
    db.execute("BEGIN IMMEDIATE")
    try:
        counts = _remove(db, document)
        db.execute("COMMIT")
    except BaseException:  # Ctrl-C too: all or nothing
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return Forgotten(
        document=document,
        replies=counts["replies"],
        predictions=counts["predictions"],
        scores=counts["scores"],
        events=counts["events"],
        scrubbed=_scrubbed(db),
    )


def _remove(db: sqlite3.Connection, document: str) -> Counter[str]:
    shown = _pattern(document)
    replies, places, events = _seen(db, document, shown)
    total: Counter[str] = Counter()
    studies = _by_study(db, replies, places)
    with _opened(db):
        total["replies"] = _delete(db, "replies WHERE key = ?", ((key,) for key in replies))
        total["predictions"] = _delete(db, "predictions WHERE run = ? AND example = ?", places)
        total["scores"] = _delete(db, "scores WHERE run = ? AND example = ?", places)
        total["events"] = _delete(db, "events WHERE id = ?", ((number,) for number in events))
    for study, counts in sorted(studies.items()):
        data = orjson.dumps({"document": document, **counts})
        db.execute("INSERT INTO events (study, at, kind, data) VALUES (?,?,?,?)", (study, time.time(), EVENT, data))
    return total


def _pattern(document: str) -> re.Pattern[bytes]:
    """Where JSON names a passage of ``document``; ids hold nothing that JSON would write in another way."""
    name = re.escape(document.encode())
    # Passages made of several are named A..B: what stands before ".." ends in a digit (hexadecimal, of a graph's triples).
    span = rb"(?:(?<![A-Za-z0-9._:-])|(?<=[0-9a-f]\.\.))" + name + rb"/v[1-9]\d*/\d+-\d+"
    return re.compile(span + rb'|"name":"evidence","id":"' + name + rb'"')


def _seen(db: sqlite3.Connection, document: str, shown: re.Pattern[bytes]) -> tuple[set[str], set[_Place], list[int]]:
    """Keys of replies, places of predictions and numbers of events that must go."""
    name = document.encode()
    rows = db.execute(
        "SELECT key, request, reply FROM replies WHERE instr(request, :name) OR instr(reply, :name)", {"name": name}
    )
    replies = {key for key, *bodies in rows if any(shown.search(body) for body in bodies)}
    keys, places = _predictions(db, document, shown)
    places |= {place for place, held in keys.items() if held & replies}
    replies |= _own(keys, places)
    replies |= _repeating(db, replies)
    places |= {place for place, held in keys.items() if held & replies}
    replies |= _own(keys, places)
    events = db.execute("SELECT id, data FROM events WHERE kind != ? AND instr(data, ?)", (EVENT, name))
    return replies, places, [number for number, data in events if shown.search(data)]


def _predictions(
    db: sqlite3.Connection, document: str, shown: re.Pattern[bytes]
) -> tuple[dict[_Place, set[str]], set[_Place]]:
    """Of every place the keys of its replies, and the places that cite the document."""
    keys: defaultdict[_Place, set[str]] = defaultdict(set)
    citing: set[_Place] = set()
    for run, example, body in db.execute("SELECT run, example, prediction FROM predictions"):
        held = orjson.loads(body)
        keys[run, example].update(reply["key"] for reply in held["replies"] if reply.get("key"))
        if document in (held["evidence"] or ()) or shown.search(body):
            citing.add((run, example))
    return keys, citing


def _own(keys: dict[_Place, set[str]], places: set[_Place]) -> set[str]:
    """Replies on which only ``places`` stand: one that others share was asked without the document in sight."""
    staying = set().union(*(held for place, held in keys.items() if place not in places))
    return set().union(*(keys[place] for place in places)) - staying


def _repeating(db: sqlite3.Connection, replies: set[str]) -> set[str]:
    """Replies whose request holds the text of one of ``replies``."""
    texts: set[bytes] = set()
    for key in replies:
        row = db.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
        if row is not None:
            reply = orjson.loads(row[0])
            texts.update(orjson.dumps(text.strip())[1:-1] for text in (reply["text"], *reply.get("texts", ())))
    telling = [text for text in texts if len(text) >= _TELLING]
    if not telling:
        return set()
    rows = db.execute("SELECT key, request FROM replies")
    return {key for key, request in rows if key not in replies and any(text in request for text in telling)}


def _by_study(db: sqlite3.Connection, replies: set[str], places: set[_Place]) -> dict[str, Counter[str]]:
    """How many replies and predictions go of each study."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for what, statement, names in (
        ("replies", "SELECT study FROM replies WHERE key = ?", replies),
        ("predictions", "SELECT study FROM runs WHERE id = ?", [run for run, _ in places]),
    ):
        for name in names:
            row = db.execute(statement, (name,)).fetchone()
            if row is not None:
                counts[row[0]][what] += 1
    return counts


@contextmanager
def _opened(db: sqlite3.Connection) -> Iterator[None]:
    """The triggers that keep rows are taken off and put back in one transaction, which no other process can see."""
    held = [
        db.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?", (name,)).fetchone()[0]
        for name in _APPEND_ONLY
    ]
    for name in _APPEND_ONLY:
        db.execute(f"DROP TRIGGER {name}")
    yield
    for statement in held:
        db.execute(statement)


def _delete(db: sqlite3.Connection, rows: str, values: Iterable[tuple[object, ...]]) -> int:
    before = db.total_changes
    db.executemany(f"DELETE FROM {rows}", values)
    return db.total_changes - before


def _scrubbed(db: sqlite3.Connection) -> bool:
    """Write the file anew, since rows that moved leave copies in the gaps of pages, and cut the log to nothing."""
    try:
        db.execute("VACUUM")
        return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error) or "in progress" in str(error):
            return False
        raise
