"""JSON lines, one document a row, gzipped or not; and JSON files that hold a list of such rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from osler.core.block import digest
from osler.core.errors import DataError, nearest
from osler.knowledge.document import Document
from osler.knowledge.ingest import naming
from osler.knowledge.ingest.draft import counted, hidden_note, seen
from osler.knowledge.ingest.opened import lines, whole
from osler.knowledge.ingest.origin import Note, Origin

# What columns are called that hold a field, the likeliest first.
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "_id", "doc_id", "docid", "document_id", "pmid"),
    "text": ("text", "contents", "content", "body", "passage", "abstract"),
    "title": ("title",),
    "source": ("source", "url"),
    "licence": ("licence", "license"),
    "language": ("language", "lang"),
    "valid_from": ("valid_from",),
    "valid_to": ("valid_to",),
}
MOST_NOTES = 20  # broken rows that are named one by one


def read(origin: Origin) -> Iterator[Document | Note]:
    """A document for each row, as it comes: memory stays small for files of any size.

    What stands in no column of a field goes into ``meta``. A row without an id is named after its text, so that it keeps its
    name when rows are put in before it.
    """
    yield from documents(origin, rows(origin))


def rows(origin: Origin) -> Iterator[tuple[str, Any]]:
    """Each row with its place, in words; DataError as the value where a line is no JSON."""
    if origin.path.name.removesuffix(".gz").endswith(".json"):
        try:
            held = orjson.loads(whole(origin.path))
        except orjson.JSONDecodeError:
            raise DataError("is no JSON", hint="files of one JSON value a line end in .jsonl") from None
        for number, row in enumerate(held if isinstance(held, list) else [held], 1):
            yield f"row {number:,}", row
        return
    for number, line in lines(origin.path, origin.told):
        try:
            row = orjson.loads(line)
        except orjson.JSONDecodeError:
            row = DataError("is no JSON", hint="one JSON object a line")
        yield f"line {number:,}", row


def documents(origin: Origin, held: Iterator[tuple[str, Any]]) -> Iterator[Document | Note]:
    """Documents of rows; broken ones are noted and passed over."""
    counts: Counter[str] = Counter()
    for place, row in held:
        try:
            document = _document(origin, row, counts)
        except DataError as error:
            counts["broken"] += 1
            if counts["broken"] <= MOST_NOTES:
                yield origin.failed(error, place)
            continue
        if document is not None:
            yield document
    if counts["broken"] > MOST_NOTES:
        yield Note(origin.name, f"{counted(counts['broken'] - MOST_NOTES, 'more row')} could not be read", True)
    if counts["empty"]:
        yield origin.note(f"{counted(counts['empty'], 'row')} without text passed over")
    if counts["unnamed"]:
        yield origin.note(f"{counted(counts['unnamed'], 'row')} without an id named after the text")
    if counts["hidden"]:
        yield origin.note(hidden_note(0, 0, counts["hidden"]))


def _document(origin: Origin, row: Any, counts: Counter[str]) -> Document | None:
    if isinstance(row, DataError):
        raise row
    if not isinstance(row, dict):
        raise DataError("is no object", hint="one JSON object a line")
    places = {field: _column(row, field, origin.given.columns) for field in COLUMNS}
    if not places["text"] and any(name in row for name in COLUMNS["text"]):
        counts["empty"] += 1
        return None
    if not places["text"]:
        raise DataError("has no column of text", hint=f"name it with --column text=NAME; {nearest('text', row)}")
    text, hidden = seen(_words(row, places["text"], "text"))
    if not text.strip():
        counts["empty"] += 1
        return None
    said = {field: _words(row, name, field) for field, name in places.items() if name and field != "text"}
    name = said.pop("id", "").strip()
    id = naming.from_id(name) if name else naming.part(origin.id, digest(text.encode("utf-8", "surrogatepass"), size=6))
    meta = {key: value for key, value in row.items() if key not in places.values() and value not in (None, "", [], {})}
    if name and id != name:
        meta["original_id"] = name
    if hidden:
        meta["hidden_characters"] = hidden
    document = origin.document(id, text, meta=meta, **said)
    counts["unnamed"] += not name
    counts["hidden"] += hidden
    return document


def _column(row: Mapping[str, Any], field: str, named: Mapping[str, str]) -> str:
    """The column that holds ``field``, or "". A column that the user named must be there."""
    if field in named:
        if named[field] not in row:
            raise DataError(f"has no column {named[field]!r}", hint=nearest(named[field], row))
        return named[field]
    return next((name for name in COLUMNS[field] if name in row and row[name] not in (None, "")), "")


def _words(row: Mapping[str, Any], name: str, field: str) -> str:
    value = row[name]
    if value is None or isinstance(value, (str, int)):
        return "" if value is None else str(value)
    raise DataError(
        f"has {type(value).__name__} in the column {name!r}, which holds the {field}", hint="write it as text"
    )
