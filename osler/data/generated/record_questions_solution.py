"""How a perfect agent answers a question of ``RecordQuestions``: the calls it makes and what it reads off them."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import orjson

MISSING = "not recorded"
FHIR, SQL = "fhir_search", "sql_query"
Ask = Callable[[str, Mapping[str, Any]], Awaitable[str]]
Rows = list[dict[str, Any]]


class Call(NamedTuple):
    """A search of the records. ``all_pages``: the rows of every page are needed, not the first page alone."""

    arguments: Mapping[str, Any]
    all_pages: bool = False


class Question(NamedTuple):
    """A question with its computed answer.

    ``patient``: its id, or "" for a question over all. ``calls`` and ``read`` (with ``extra``, a day or a number) are
    the way over FHIR; ``sql`` gives the answer in its first cell, or as its first column where it is a list.
    ``form`` says how an answer is written: number (at most two decimals), mean (one decimal), whole, date, yes_no,
    text, list.
    """

    id: str
    template: str
    text: str
    patient: str
    answer: str
    form: str
    calls: tuple[Call, ...]
    read: str
    sql: str
    extra: Any = None


async def solve(question: Question, ask: Ask, *, over: Literal["fhir", "sql"]) -> str:
    """The answer found with the question's own calls; ``ask`` makes a call of a tool, given its name and arguments."""
    if over == "sql":
        found = orjson.loads(await ask(SQL, {"query": question.sql}))["rows"]
        return from_rows(found, question.form)
    pages = [await _searched(call, ask) for call in question.calls]
    return read_off(question, pages)


async def _searched(call: Call, ask: Ask) -> tuple[int, Rows]:
    """Number of all matches, and rows of the first page or of all."""
    arguments = dict(call.arguments)
    rows: Rows = []
    while True:
        found = orjson.loads(await ask(FHIR, arguments))
        rows += found["resources"]
        if not call.all_pages or "next_offset" not in found:
            return found["total"], rows
        arguments["offset"] = found["next_offset"]


def from_rows(rows: Sequence[Sequence[Any]], form: str) -> str:
    """The answer in the rows of a query."""
    if form == "list":
        return as_list(str(row[0]) for row in rows)
    if not rows or rows[0][0] is None:
        return MISSING
    return written(rows[0][0], form)


def read_off(question: Question, pages: Sequence[tuple[int, Rows]]) -> str:
    """The answer in what the calls of ``question`` gave."""
    total, rows = pages[0]
    numbers = [row["value"] for row in rows if isinstance(row.get("value"), (int, float))]
    patients = {row["patient"] for row in rows}
    kind, _, field = question.read.partition(":")
    if kind == "count":
        return str(total)
    if kind == "exists":
        return "yes" if total else "no"
    if kind == "patients":
        return str(len(patients))
    if kind == "minus":
        return as_list(patients - {row["patient"] for row in pages[1][1]})
    if not rows:
        return MISSING if kind != "active" else "no"
    if kind == "active":  # rows began by then; one that has not ended is enough
        return "yes" if any(not row.get("end") or row["end"][:10] > question.extra for row in rows) else "no"
    if kind == "first":
        return written(rows[0][field], question.form)
    if kind == "age":
        return MISSING if not pages[1][1] else str(years(rows[0]["birth_date"], pages[1][1][0]["onset"][:10]))
    if kind == "above":
        return "yes" if numbers[0] > question.extra else "no"
    if kind == "highest":
        return str(max(rows, key=lambda row: row["value"])["patient"])
    value = {
        "max": max(numbers),
        "min": min(numbers),
        "mean": math.fsum(numbers) / len(numbers),
        "change": numbers[-1] - numbers[0],
    }[kind]
    return written(value, question.form)


def plan(question: Question) -> str:
    """The way over SQL as JSON for a simulated agent: one query whose only cell is the answer, and how it is read."""
    if question.form == "list":
        query = f"SELECT group_concat(patient_id, '; ') FROM ({question.sql})"
    elif question.form == "yes_no":
        query = f"SELECT CASE WHEN ({question.sql}) THEN 'yes' ELSE 'no' END"
    else:
        query = f"SELECT ifnull(({question.sql}), '{MISSING}')"
    call = {"tool": SQL, "arguments": {"query": query}, "read": r'"rows":\[\["?(.*?)"?\]'}
    return orjson.dumps({"calls": [call], "answer": "{1}"}).decode()


def written(value: Any, form: str) -> str:
    """A value as answers are written: numbers rounded and without trailing zeros, days as YYYY-MM-DD."""
    if form in ("number", "mean"):
        said = f"{float(value):.{1 if form == 'mean' else 2}f}"
        said = said.rstrip("0").rstrip(".") if "." in said else said
        return "0" if said == "-0" else said
    if form == "yes_no":
        return value if isinstance(value, str) else ("yes" if value else "no")
    return str(value)[:10] if form == "date" else str(value)


def as_list(names: Any) -> str:
    return orjson.dumps(sorted(set(names))).decode()


def years(born: str, day: str) -> int:
    """Whole years from one day to another, both YYYY-MM-DD."""
    return int(day[:4]) - int(born[:4]) - (day[5:10] < born[5:10])
