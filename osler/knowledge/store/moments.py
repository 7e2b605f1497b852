"""Moments of a store: transactions are numbered and stamped, and ``as_of`` names one of them."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime, timedelta

from osler.core.errors import DataError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
NUMBER = re.compile(r"#([0-9]{1,15})")


def stamp(micros: int) -> str:
    """A UTC instant in ISO form, "2026-03-01T10:00:00.000000Z", from microseconds since 1970."""
    return (_EPOCH + timedelta(microseconds=micros)).isoformat(timespec="microseconds").replace("+00:00", "Z")


def latest(db: sqlite3.Connection) -> int:
    """The number of the last transaction, that of an open one included; 0 in an empty store."""
    row = db.execute("SELECT number FROM transactions ORDER BY number DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def committed(db: sqlite3.Connection) -> int:
    """The number of the last transaction that was committed: one that is open has no hash yet."""
    row = db.execute("SELECT number FROM transactions WHERE hash != '' ORDER BY number DESC LIMIT 1").fetchone()
    return 0 if row is None else int(row[0])


def moment(db: sqlite3.Connection, as_of: str) -> int:
    """The transaction after which ``as_of`` looks: "" is the last one, "#12" the twelfth, a day its end in UTC, an instant
    all that was recorded until then. 0 is before the first. DataError for what is none of these."""
    if not as_of:
        return latest(db)
    numbered = NUMBER.fullmatch(as_of)
    if numbered:
        number, last = int(numbered[1]), latest(db)
        if number > last:
            raise DataError(
                f"as_of names transaction {number}, the store has {last}", hint='leave as_of empty for "now"'
            )
        return number
    row = db.execute("SELECT number FROM transactions WHERE at < ? ORDER BY at DESC LIMIT 1", (_end(as_of),)).fetchone()
    return 0 if row is None else int(row[0])


def day_of(as_of: str) -> str:
    """The UTC day (ISO) of a moment that is written as a day or an instant. DataError for what is neither."""
    return stamp(_end(as_of) - 1)[:10]


def _end(as_of: str) -> int:
    """Microseconds since 1970 of the first instant that is past the moment."""
    try:
        if _DAY.fullmatch(as_of):
            begin = datetime.combine(date.fromisoformat(as_of), datetime.min.time(), tzinfo=UTC)
            return (begin - _EPOCH) // _MICRO + 86_400_000_000
        at = datetime.fromisoformat(as_of)
        if at.tzinfo is None:
            raise ValueError
        return (at.astimezone(UTC) - _EPOCH) // _MICRO + 1
    except (ValueError, OverflowError):  # the zone can take the first and the last day out of the calendar
        raise DataError(
            f"as_of cannot be {as_of[:40]!r}",
            hint='write a day as in "2026-03-01", an instant with its zone as in "2026-03-01T10:00:00Z", or "#12"',
        ) from None
