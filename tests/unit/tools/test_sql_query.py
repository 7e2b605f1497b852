"""SQL over records: it reads, and whatever else is tried is refused or cut in words that a model can act on."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError, ToolError
from osler.core.types import Tool
from osler.data.record_database import SCHEMA, RecordDatabase, SqliteFile, write_database
from osler.data.records import CohortRecords
from osler.tools.calling import use
from osler.tools.sql_query import SqlQuery
from osler.tools.sql_schema import SqlSchema

DATABASE = RecordDatabase(records=CohortRecords(patients=12))
TOOL = SqlQuery(database=DATABASE)
MANY = ", ".join(f"observations o{i}" for i in range(6))


def ask(query: str, tool: SqlQuery = TOOL) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncio.run(use(tool, {"query": query})))
    return found


def state(database: RecordDatabase) -> list[str]:
    opened = database.connect()
    lines = list(opened.iterdump())
    opened.close()
    return lines


def test_it_answers_a_select() -> None:
    assert ask("SELECT count(*) AS n FROM patients") == {"columns": ["n"], "rows": [[12]]}
    assert ask("-- a comment\n/* more */ WITH x AS (SELECT id FROM patients) SELECT count(*) FROM x;")["rows"] == [[12]]
    assert ask("SELECT 1 WHERE 0") == {"columns": ["1"], "rows": []}
    assert ask("VALUES (1, NULL, 'a')")["rows"] == [[1, None, "a"]]
    assert ask("SELECT CAST('ab' AS BLOB)")["rows"] == [["<2 bytes>"]]


REFUSED = [
    ("INSERT INTO patients(id) VALUES ('x')", "only a SELECT"),
    ("UPDATE patients SET sex = 'x'", "only a SELECT"),
    ("DELETE FROM patients", "only a SELECT"),
    ("WITH x AS (SELECT 1) DELETE FROM patients", "DELETE is not allowed"),
    ("WITH x AS (SELECT 1) INSERT INTO patients(id) SELECT 'a'", "INSERT is not allowed"),
    ("WITH x AS (SELECT 1) UPDATE patients SET sex = 'x' RETURNING id", "UPDATE is not allowed"),
    ("DROP TABLE patients", "only a SELECT"),
    ("CREATE TEMP TABLE x (a)", "only a SELECT"),
    ("ATTACH 'other.db' AS other", "only a SELECT"),
    ("DETACH main", "only a SELECT"),
    ("VACUUM INTO 'copy.db'", "only a SELECT"),
    ("PRAGMA writable_schema = ON", "only a SELECT"),
    ("SELECT * FROM pragma_table_info('patients')", "table-valued function is not allowed"),
    ("SELECT count(*) FROM pragma_database_list", "table-valued function is not allowed"),
    ("SELECT * FROM json_each('[1]')", "table-valued function is not allowed"),
    ("SELECT load_extension('x.so')", "load_extension is not allowed"),
    ("SELECT zeroblob(1000000000)", "zeroblob is not allowed"),
    ("SELECT printf('%.*c', 100000000, 'x')", "printf is not allowed"),
    ("SELECT random()", "random is not allowed"),
    ("SELECT readfile('/etc/passwd')", "readfile"),
    ("SELECT 1; DROP TABLE patients", "only one statement"),
    ("SELECT 1; SELECT 2", "only one statement"),
    ("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r", "recursive"),
    (f"SELECT count(*) FROM {MANY}", "too long and was stopped"),
    (f"SELECT o0.text FROM {MANY} ORDER BY o1.value * o2.value", "too long and was stopped"),
    ("SELECT group_concat(a.text || b.text) FROM observations a, observations b, patients", "too big"),
    ("SELECT '" + "x" * 20_000 + "'", "more than 10000 characters"),
    ("SELECT " + "1 UNION SELECT ".join([""] * 60) + "1", "too big"),
    ("SELECT text LIKE '" + "%a" * 60 + "' FROM observations", "too big"),
    ("SELECT date('now')", "no clock"),
    ("SELECT CURRENT_TIMESTAMP", "no clock"),
    ("SELECT julianday()", "no clock"),
    ("SELECT \x00 1", "SQLite says"),
    ("EXPLAIN SELECT 1", "only a SELECT"),
    ("", "only a SELECT"),
    (" " * 9_000 + "1", "only a SELECT"),
]


@pytest.mark.parametrize(("query", "problem"), REFUSED, ids=[query[:50] for query, _ in REFUSED])
def test_what_is_no_plain_reading_is_refused_at_once(query: str, problem: str, tmp_path: Path) -> None:
    before, began = state(DATABASE), time.monotonic()
    with pytest.raises(ToolError, match=problem) as caught:
        ask(query)
    assert caught.value.hint
    assert len(caught.value.message) < 300
    assert time.monotonic() - began < 30  # the steps end it in about a second; the rest is for a busy machine
    assert state(DATABASE) == before
    assert list(tmp_path.iterdir()) == []


def test_mistakes_are_told_with_what_was_meant() -> None:
    with pytest.raises(ToolError, match="no column 'birthdate'") as column:
        ask("SELECT birthdate FROM patients")
    assert "birth_date" in column.value.hint
    with pytest.raises(ToolError, match="no table 'patient'") as table:
        ask("SELECT * FROM patient")
    assert "patients" in table.value.hint
    with pytest.raises(ToolError, match="syntax error"):
        ask("SELECT FROM WHERE")


def test_large_results_are_cut_and_say_so() -> None:
    found = ask("SELECT * FROM observations")
    assert found["more"] is True
    assert 0 < len(found["rows"]) <= 100
    few = ask("SELECT id FROM patients ORDER BY id", SqlQuery(database=DATABASE, max_rows=5))
    assert (len(few["rows"]), few["more"]) == (5, True)
    exact = ask("SELECT id FROM patients", SqlQuery(database=DATABASE, max_rows=12))
    assert "more" not in exact
    with pytest.raises(ToolError, match="one row is longer"):
        ask("SELECT group_concat(text) FROM observations", SqlQuery(database=DATABASE, max_characters=200))


@settings(max_examples=150)
@given(st.text(max_size=60) | st.sampled_from([query for query, _ in REFUSED[:22]]).map(lambda q: "SELECT 1 " + q))
def test_any_text_gives_an_answer_within_bounds_or_a_tool_error(query: str) -> None:
    try:
        text = asyncio.run(use(TOOL, {"query": query}))
    except ToolError:
        return
    assert len(text) <= TOOL.max_characters


def test_a_file_is_opened_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a b#c?.sqlite"
    write_database(path, CohortRecords(patients=3).bundles())
    before = path.read_bytes()
    tool = SqlQuery(database=SqliteFile(path=str(path)))
    assert ask("SELECT count(*) FROM patients", tool)["rows"] == [[3]]
    opened = SqliteFile(path=str(path)).connect()
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        opened.execute("DELETE FROM patients")
    opened.close()
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]
    with pytest.raises(DataError, match="exists already"):
        write_database(path, ())
    with pytest.raises(DataError, match="does not exist"):
        ask("SELECT 1", SqlQuery(database=SqliteFile(path=str(tmp_path / "no.sqlite"))))
    (tmp_path / "text.sqlite").write_text("this is no database" * 100)
    with pytest.raises(DataError, match=r"text\.sqlite is no SQLite database"):
        ask("SELECT * FROM patients", SqlQuery(database=SqliteFile(path=str(tmp_path / "text.sqlite"))))


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.sqlite", "b.sqlite"):
        write_database(tmp_path / name, CohortRecords(patients=5).bundles())
    one, other = SqliteFile(path=str(tmp_path / "a.sqlite")), SqliteFile(path=str(tmp_path / "b.sqlite"))
    assert one.content_hash() == other.content_hash()


def test_the_schema_names_every_table_and_shows_rows() -> None:
    schema = SqlSchema(database=DATABASE)
    told = asyncio.run(use(schema, {}))
    tables = [line.split()[2] for line in SCHEMA.splitlines() if line.startswith("CREATE TABLE")]
    assert all(f"CREATE TABLE {name}" in told for name in tables)
    assert "CREATE TABLE patients" in asyncio.run(use(schema, {"table": "patients"}))
    assert asyncio.run(use(schema, {"table": "patients"})).count("\n-- (") == 3
    with pytest.raises(ToolError, match="there is no table 'patient'") as caught:
        asyncio.run(use(schema, {"table": "patient"}))
    assert "patients" in caught.value.hint
    with pytest.raises(ToolError, match="there is no table"):
        asyncio.run(use(schema, {"table": "x; DROP TABLE patients"}))


def test_they_are_blocks_and_tools() -> None:
    for tool in (TOOL, SqlSchema(database=DATABASE)):
        assert isinstance(tool, Tool)
        assert from_spec(to_spec(tool)) == tool
    with pytest.raises(SpecError, match="limits above 0"):
        SqlQuery(max_rows=0)
