"""Questions to a database in SQL (SQLite): reading only, and cut where they would take too much.

The database is opened read-only, and every statement goes before an authorizer that lets pass a SELECT over the
database's own tables with known functions. What a statement may cost is counted in steps of SQLite's machine, in
seconds and in bytes that it sorts on disk. Steps are the rule, since they are the same on every machine; the others are
the net below it. One row is held at a time, and a text has at most 100,000 characters: nothing stops SQLite inside one
step, so no step may be long.
"""

from __future__ import annotations

import asyncio
import difflib
import functools
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import SpecError, ToolError
from osler.data.record_database import Database, RecordDatabase

FUNCTIONS = frozenset(
    re.findall(
        r"\w+",
        """abs avg ceil ceiling coalesce count cume_dist date datetime dense_rank exp first_value floor glob
        group_concat ifnull iif instr julianday lag last_value lead length like ln log lower ltrim max min mod nth_value
        ntile nullif percent_rank pow power rank replace round row_number rtrim sign sqrt strftime substr substring sum
        time total trim typeof unicode unixepoch upper""",
    )
)
_LONGEST = 10_000
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 4 * _LONGEST,
    sqlite3.SQLITE_LIMIT_COLUMN: 200,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 60,  # matching a long pattern of many % cannot be interrupted
}
_BEGINNING = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/)*([a-z]+)", re.IGNORECASE | re.DOTALL)
_CLOCK = re.compile(
    r"'\s*now\s*'|\bcurrent_(?:date|time|timestamp)\b"
    r"|\b(?:date|time|datetime|julianday|unixepoch)\s*\(\s*\)|\bstrftime\s*\(\s*'[^']*'\s*\)",
    re.IGNORECASE,
)
_WORDS = {
    sqlite3.SQLITE_PRAGMA: "PRAGMA",
    sqlite3.SQLITE_ATTACH: "ATTACH",
    sqlite3.SQLITE_RECURSIVE: "a recursive query",
    sqlite3.SQLITE_INSERT: "INSERT",
    sqlite3.SQLITE_UPDATE: "UPDATE",
    sqlite3.SQLITE_DELETE: "DELETE",
}
_TICK = 200  # steps between two looks at the budget
_SPILL = 256 << 20  # bytes that a query may write to temporary files


@block
class SqlQuery:
    """One SELECT over ``database``; the answer is JSON: columns, rows, and ``more`` where rows were cut off.

    ``max_rows`` and ``max_characters`` bound the answer, ``max_steps`` (instructions of SQLite's machine) and
    ``seconds`` the work. There is no clock: the same query gives the same answer on every day.
    """

    database: Database = RecordDatabase()
    max_rows: int = 100
    max_characters: int = 4000
    max_steps: int = 20_000_000
    seconds: float = 10.0

    name: ClassVar[str] = "sql_query"
    description: ClassVar[str] = (
        "Run one read-only SELECT (SQLite) over the database. Gives {columns, rows}, with more = true where rows were "
        "cut off. Ask sql_schema for the tables first."
    )

    def check(self) -> None:
        if min(self.max_rows, self.max_characters, self.max_steps) < 1 or self.seconds <= 0:
            raise SpecError("sql_query needs limits above 0")

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "one SELECT statement"}},
            "required": ["query"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        query = arguments["query"]
        _readable(query)
        # A thread: a heavy query keeps the loop, and with it every other case, waiting otherwise.
        return await asyncio.to_thread(self._run, query)

    def _run(self, query: str) -> str:
        connection = self.database.connect()
        try:
            refused = _guarded(connection, self._budget())
            try:
                cursor = connection.execute(query)
                columns = [str(column[0])[:200] for column in cursor.description or ()]
                return self._answer(columns, cursor)
            except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
                raise _told(str(error), refused, connection) from None
        finally:
            connection.close()

    def _budget(self) -> Callable[[], int]:
        """What SQLite calls every ``_TICK`` steps; non-zero stops the query."""
        until, left, before = time.monotonic() + self.seconds, [self.max_steps], _written()

        def tick() -> int:
            left[0] -= _TICK
            if left[0] < 0 or time.monotonic() > until:
                return 1
            return int(left[0] % (50 * _TICK) < _TICK and _written() - before > _SPILL)

        return tick

    def _answer(self, columns: list[str], found: Iterator[tuple[Any, ...]]) -> str:
        """Rows are taken one by one until the answer is full: a hundred of them may be larger than the memory."""
        shown: list[str] = []
        start = f'{{"columns":{orjson.dumps(columns).decode()},"rows":['
        room = self.max_characters - len(start) - 16
        more = False
        for row in found:
            more = True
            if len(shown) == self.max_rows:
                break
            text = orjson.dumps([f"<{len(x)} bytes>" if isinstance(x, bytes) else x for x in row]).decode()
            room -= len(text) + 1
            if room < 0:
                break
            shown.append(text)
            more = False
        if more and not shown:
            raise ToolError("one row is longer than the answer may be", hint="select fewer columns, or substr(...)")
        end = ',"more":true}' if more else "}"
        return f"{start}{','.join(shown)}]{end}"


def _written() -> int:
    """Bytes that this thread has written: SQLite sorts on disk what its memory does not hold. 0 where nobody counts."""
    try:
        counts = Path("/proc/thread-self/io").read_text()
    except OSError:  # only Linux counts them; the seconds are the limit elsewhere
        return 0
    return int(counts.partition("wchar:")[2].split()[0])


def _trimmed(text: Any, characters: Any, left: bool, right: bool) -> str | None:
    """SQLite's own trim looks for each character of a text in all of ``characters``: minutes, in a single step."""
    if text is None or characters is None:
        return None
    whole, found = _said(text), frozenset(_said(characters))
    start, end = 0, len(whole)
    while left and start < end and whole[start] in found:
        start += 1
    while right and end > start and whole[end - 1] in found:
        end -= 1
    return whole[start:end]


def _said(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _readable(query: str) -> None:
    if len(query) > _LONGEST:
        raise ToolError(f"the query has more than {_LONGEST} characters", hint="ask for less at a time")
    first = _BEGINNING.match(query)
    if first is None or first[1].lower() not in ("select", "with", "values"):
        raise ToolError("only a SELECT may be run", hint="begin the query with SELECT or WITH")
    if _CLOCK.search(query):
        raise ToolError("the database has no clock: now and CURRENT_DATE cannot be used", hint="write the day itself")


def _guarded(connection: sqlite3.Connection, budget: Callable[[], int]) -> list[str]:
    """Put limits and authorizer on ``connection``. The list holds what was refused, once a statement is."""
    connection.execute("PRAGMA query_only = ON")
    own = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
    own |= {"sqlite_master", "sqlite_schema"}
    for limit, value in _LIMITS.items():
        connection.setlimit(limit, value)
    for word, left, right in (("trim", True, True), ("ltrim", True, False), ("rtrim", False, True)):
        trimmed = functools.partial(_trimmed, left=left, right=right)
        connection.create_function(word, 2, trimmed, deterministic=True)
    refused: list[str] = []

    def allowed(action: int, one: str | None, other: str | None, place: str | None, inner: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and (one in own or not other):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION and str(other).lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        what = {sqlite3.SQLITE_FUNCTION: f"the function {other}", sqlite3.SQLITE_READ: f"the table {one}"}
        if one == "sqlite_master":  # SQLite makes a table of a function, such as json_each, by writing its catalogue
            what[action] = "a table-valued function"
        refused.append(what.get(action) or _WORDS.get(action, "this kind of statement"))
        return sqlite3.SQLITE_DENY

    connection.set_authorizer(allowed)
    connection.set_progress_handler(budget, _TICK)
    return refused


def _told(problem: str, refused: list[str], connection: sqlite3.Connection) -> ToolError:
    """What went wrong, in words that a model can act on."""
    if refused:
        return ToolError(f"{refused[0][:80]} is not allowed here", hint="send one plain SELECT over the tables")
    if problem == "interrupted":
        return ToolError("the query took too long and was stopped", hint="join on ids and filter by patient or day")
    if "one statement at a time" in problem:
        return ToolError("only one statement may be run", hint="send one SELECT without a semicolon")
    if "too big" in problem or "too large" in problem or "too complex" in problem or "too many" in problem:
        return ToolError(f"the query is too big ({problem[:60]})", hint="ask for less at a time")
    missing = re.fullmatch(r"no such (column|table): (?:\w+\.)?(\w+)", problem)
    if missing:
        return ToolError(f"there is no {missing[1]} {missing[2]!r}", hint=_closest(missing[2], connection))
    return ToolError(f"SQLite says: {problem[:200]}", hint="correct the query; sql_schema shows the tables")


def _closest(name: str, connection: sqlite3.Connection) -> str:
    words = {match for (sql,) in connection.execute("SELECT sql FROM sqlite_master") for match in _names(sql)}
    close = difflib.get_close_matches(name.lower(), sorted(words), n=3, cutoff=0.5)
    return f"did you mean {' or '.join(close)}?" if close else "sql_schema shows tables and columns"


def _names(sql: str | None) -> list[str]:
    return re.findall(r"[a-z_]{2,}", re.sub(r"--[^\n]*", "", sql or ""))
