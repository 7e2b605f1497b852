"""CSV and TSV files with a header, one document a row, gzipped or not."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from osler.core.errors import DataError, nearest
from osler.knowledge.document import Document
from osler.knowledge.ingest.draft import counted
from osler.knowledge.ingest.jsonl import COLUMNS, documents
from osler.knowledge.ingest.opened import MOST, decoded, whole
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.plain import charset_note


def read(origin: Origin) -> Iterator[Document | Note]:
    """A document for each row; the columns are those of JSON lines, and all others go into ``meta`` as text.

    A .csv file may be parted by semicolons, as some spreadsheets write it: its header tells. DataError where the quotes of
    the file do not close, or where no column holds the text.
    """
    text, guessed = decoded(whole(origin.path))
    yield from charset_note(origin, guessed)
    rows = _rows(text, tabs=origin.path.name.lower().removesuffix(".gz").endswith(".tsv"))
    if not rows:
        raise DataError("holds no text", hint="the first line names the columns: id, text, title, ...")
    header = _header(rows[0][1], origin.given.columns.get("text", ""))
    if len(rows) == 1:
        yield origin.note("has no row below its header")
    yield from documents(origin, _named(header, rows[1:]))


def _rows(text: str, *, tabs: bool) -> list[tuple[int, list[str]]]:
    """The rows that hold something, each with the number of the line on which it ends."""
    first = text.partition("\n")[0]
    mark = "\t" if tabs else ";" if ";" in first and "," not in first else ","
    csv.field_size_limit(MOST)  # the library stops at 131,072 characters of a field, less than a guideline has
    try:
        return _parted(text, mark, csv.QUOTE_MINIMAL)
    except csv.Error as error:
        if tabs:  # most programs that write tabs quote nothing: a text may begin with a quotation mark
            return _parted(text, mark, csv.QUOTE_NONE)
        raise DataError(
            f"has quotation marks that do not close ({error})", hint='write a quotation mark within a field twice: ""'
        ) from None


def _parted(text: str, mark: str, quoting: Any) -> list[tuple[int, list[str]]]:
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, quoting=quoting, strict=True)
    return [(lines.line_num, cells) for cells in lines if any(cell.strip() for cell in cells)]


def _header(cells: list[str], text: str) -> list[str]:
    """The names of the columns; one without a name is called after its place."""
    names = [cell.strip() or f"column {number}" for number, cell in enumerate(cells, 1)]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise DataError(f"has two columns {twice!r}", hint="the first line names the columns, each once")
    wanted = (text,) if text else COLUMNS["text"]
    if not any(name in names for name in wanted):
        hint = nearest(wanted[0], names)
        raise DataError("has no column of text", hint=f"name it with --column text=NAME; {hint}")
    return names


def _named(header: list[str], rows: list[tuple[int, list[str]]]) -> Iterator[tuple[str, Any]]:
    for line, cells in rows:
        row: Any = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            said = f"has {counted(len(cells), 'column')}, the header {len(header):,}"
            row = DataError(said, hint="put quotation marks around a text that holds the mark between columns")
        yield f"line {line:,}", row
