"""Patient records as an SQLite database: documented tables, the same bytes for the same records."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import quote

from osler.core.block import block, digest
from osler.core.errors import DataError
from osler.data.fhir import Record, read_bundle
from osler.data.published import resolved
from osler.data.records import CohortRecords, Records, instant

SCHEMA = """\
CREATE TABLE patients ( -- one row a patient
  id TEXT PRIMARY KEY,
  sex TEXT, -- female, male, other or unknown
  birth_date TEXT, -- all dates are days: YYYY-MM-DD
  death_date TEXT, -- NULL while alive
  race TEXT, ethnicity TEXT, language TEXT, city TEXT, state TEXT
);
CREATE TABLE encounters (
  patient_id TEXT REFERENCES patients(id),
  class TEXT, -- AMB ambulatory, EMER emergency, IMP admission
  code TEXT, text TEXT, reason TEXT,
  start TEXT, stop TEXT -- first and last day
);
CREATE TABLE conditions (
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT, -- SNOMED CT code where there is one, and name
  status TEXT, -- active, resolved
  onset TEXT, stop TEXT -- stop is NULL while it lasts
);
CREATE TABLE medications ( -- one row a prescription
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT,
  status TEXT, -- active, stopped, completed
  date TEXT, -- day of the prescription
  dose REAL, unit TEXT, frequency INTEGER, period REAL, period_unit TEXT,
  as_needed INTEGER -- 1 or 0
);
CREATE TABLE observations ( -- laboratory values, vital signs, social history
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT, -- LOINC code and name
  value REAL, -- NULL where the value is a text
  value_text TEXT, unit TEXT,
  date TEXT,
  time TEXT -- instant in UTC, for the order within a day
);
CREATE TABLE procedures (
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT, status TEXT, date TEXT
);
CREATE TABLE allergies (
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT, reaction TEXT, date TEXT
);
CREATE TABLE immunizations (
  patient_id TEXT REFERENCES patients(id),
  code TEXT, text TEXT, date TEXT
);
"""
_INDEXED = ("encounters", "conditions", "medications", "observations", "procedures", "allergies", "immunizations")
_PERSON = ("id", "sex", "birth_date", "death_date", "race", "ethnicity", "language", "city", "state")
_DAYS = ("birth_date", "death_date", "start", "stop", "onset", "date")
_COPIED: Mapping[str, tuple[str, ...]] = {
    "encounters": ("class", "code", "text", "reason", "start", "stop"),
    "conditions": ("code", "text", "status", "onset", "stop"),
    "medications": (
        *("code", "text", "status", "date", "dose", "unit"),
        *("frequency", "period", "period_unit", "as_needed"),
    ),
    "observations": ("code", "text", "value", "value_text", "unit", "date", "time"),
    "procedures": ("code", "text", "status", "date"),
    "allergies": ("code", "text", "reaction", "date"),
    "immunizations": ("code", "text", "date"),
}


@runtime_checkable
class Database(Protocol):
    """A block that opens an SQLite database for reading."""

    def connect(self) -> sqlite3.Connection: ...


@block
class RecordDatabase:
    """The database of ``records``, made in memory at first use (tables: ``SCHEMA``)."""

    records: Records = CohortRecords()

    def connect(self) -> sqlite3.Connection:
        """A connection of its own: whatever happened to it would not reach the next."""
        held: bytes | None = self.__dict__.get("_bytes")
        if held is None:
            built = sqlite3.connect(":memory:")
            fill(built, self.records.bundles())
            held = self.__dict__["_bytes"] = built.serialize()
            built.close()
        opened = sqlite3.connect(":memory:")
        opened.deserialize(held)
        return opened


@block
class SqliteFile:
    """An SQLite file, opened read-only and as immutable. ``path``: "$OSLER_DATA/..." is taken from that folder."""

    path: str = "$OSLER_DATA/records.sqlite"

    def connect(self) -> sqlite3.Connection:
        place = resolved(self.path, what="the database")
        opened = sqlite3.connect(f"file:{quote(str(place.resolve()))}?mode=ro&immutable=1", uri=True)
        try:
            opened.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            opened.close()
            raise DataError(f"{place.name} is no SQLite database", hint="check path") from error
        return opened

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        return digest(resolved(self.path, what="the database").read_bytes())


def write_database(path: str | Path, bundles: Iterable[Mapping[str, Any]]) -> None:
    """Write the tables of ``bundles`` (one patient each) to a new file; DataError where ``path`` exists."""
    if Path(path).exists():
        raise DataError(f"{Path(path).name} exists already", hint="choose another name, or remove the file")
    made = sqlite3.connect(path)
    try:
        fill(made, bundles)
    finally:
        made.close()


def fill(database: sqlite3.Connection, bundles: Iterable[Mapping[str, Any]]) -> None:
    """Create the tables of ``SCHEMA`` and fill them in the order of ``bundles``."""
    database.executescript(SCHEMA)
    with database:
        for bundle in bundles:
            record = read_bundle(bundle)
            _insert(database, "patients", [_row(record, _PERSON)])
            for table, columns in _COPIED.items():
                found = [(record["id"], *_row(flat, columns)) for flat in _flat(record, table)]
                _insert(database, table, found)
    for table in _INDEXED:
        database.execute(f"CREATE INDEX {table}_patient ON {table}(patient_id)")
    database.commit()


def _flat(record: Record, table: str) -> Iterator[Record]:
    for row in record[table]:
        if table == "observations":
            number = isinstance(row["value"], (int, float)) and not isinstance(row["value"], bool)
            value, said = (row["value"], None) if number else (None, str(row["value"]))
            yield {**row, "value": value, "value_text": said, "time": instant(row["date"])}
        else:
            yield {**row, "stop": row.get("end", "")}


def _row(flat: Record, columns: tuple[str, ...]) -> tuple[Any, ...]:
    """Values of ``columns``; dates as days, and NULL for what is not said."""
    cells = (str(flat[name])[:10] if name in _DAYS else flat[name] for name in columns)
    return tuple(None if cell == "" else cell for cell in cells)


def _insert(database: sqlite3.Connection, table: str, found: list[tuple[Any, ...]]) -> None:
    if found:
        places = ", ".join("?" * len(found[0]))
        database.executemany(f"INSERT INTO {table} VALUES ({places})", found)
