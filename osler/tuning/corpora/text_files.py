"""Texts of a user's own files: JSON lines, plain text, or a folder of either."""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import DataError, SpecError, nearest
from osler.tuning.corpora.corpus import Text

_SUFFIXES = (".jsonl", ".jsonl.gz", ".txt", ".txt.gz", ".md")
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")


@block
class TextFiles:
    """Texts of ``path``: a .jsonl, .txt or .md file (gzipped where it ends in .gz) or a folder of such files.

    A line of JSON lines is a document; a text file is one document, or with ``paragraphs`` one for each part between
    empty lines. Variables such as $OSLER_DATA in ``path`` are replaced by their values. field, id: columns of the text
    and its id (without the column, the file's name and the line). links: column with ids of documents it cites.
    source: the collection's name, "" for the file's. made: what made the texts, "" where people wrote them; a column
    "made" of a row goes before it. Files are read line by line, so that a corpus may be larger than the memory.
    """

    path: str
    field: str = "text"
    id: str = "id"
    links: str = "links"
    source: str = ""
    made: str = ""
    paragraphs: bool = False

    def check(self) -> None:
        if not self.path.strip():
            raise SpecError("text_files.path is empty", hint='path = "$OSLER_DATA/folder/file.jsonl.gz"')

    def files(self) -> tuple[Path, ...]:
        """The files that are read, in order. DataError where there are none, or a variable is not set."""
        place = expanded(self.path)
        if place.is_dir():
            found = tuple(sorted(file for file in place.rglob("*") if file.is_file() and _known(file)))
            if not found:
                raise DataError(f"{self.path} holds no texts", hint="files of texts end in " + ", ".join(_SUFFIXES))
            return found
        if not place.is_file():
            raise DataError(f"the texts {self.path} do not exist", hint="check path")
        if not _known(place):
            raise DataError(f"{place.name} has a suffix that is not known", hint="use " + ", ".join(_SUFFIXES))
        return (place,)

    def texts(self) -> Iterator[Text]:
        """The documents in the order of the files' names and of their lines. DataError names the broken line."""
        files = self.files()
        for file in files:
            label = f"{file.stem}:" if len(files) > 1 else ""
            name = file.name.removesuffix(".gz")
            yield from self._rows(file, label) if name.endswith(".jsonl") else self._plain(file)

    def _rows(self, file: Path, label: str) -> Iterator[Text]:
        for number, line in enumerate(lines_of(file), start=1):
            if not line.strip():
                continue
            try:
                row: Any = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                raise DataError(f"line {number} of {file.name} is no JSON object", hint="write one object on each line")
            if not isinstance(row.get(self.field), str):
                raise DataError(
                    f"line {number} of {file.name} has no text {self.field!r}", hint=nearest(self.field, row)
                )
            links = row.get(self.links) or ()
            if not isinstance(links, (list, tuple)):
                raise DataError(f"line {number} of {file.name}: {self.links!r} is no list", hint="write a list of ids")
            yield Text(
                id=label + str(row.get(self.id) or f"{file.name}:{number}"),
                text=row[self.field],
                source=str(self.source or row.get("source") or file.name),
                links=tuple(map(str, links)),
                made=str(row.get("made") or self.made),
            )

    def _plain(self, file: Path) -> Iterator[Text]:
        source = self.source or file.name
        held: list[str] = []
        number = 0
        for line in lines_of(file):
            if self.paragraphs and not line.strip():
                if held:
                    number += 1
                    yield Text(f"{file.name}:{number}", "\n".join(held), source, made=self.made)
                held = []
            else:
                held.append(line)
        whole = "\n".join(held)
        if whole.strip():
            yield Text(f"{file.name}:{number + 1}" if self.paragraphs else file.name, whole, source, made=self.made)


def _known(file: Path) -> bool:
    return file.name.lower().endswith(_SUFFIXES)


def expanded(path: str) -> Path:
    """``path`` with its variables and ~ replaced. DataError for a variable that is not set."""
    for name in _VARIABLE.findall(path):
        if not os.environ.get(name):
            raise DataError(f"{path} needs the variable {name}, which is not set", hint=f"set {name} to a folder")
    return Path(os.path.expandvars(path)).expanduser()


def lines_of(file: Path) -> Iterator[str]:
    """The lines of a text file without their ends, gunzipped where its name says so. DataError where it is broken."""
    try:
        with gzip.open(file, "rb") if file.name.lower().endswith(".gz") else file.open("rb") as stream:
            for number, line in enumerate(stream):
                text = line.decode("utf-8-sig" if number == 0 else "utf-8")
                yield text.rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(
            f"{file.name} cannot be read ({type(error).__name__})", hint="it must be UTF-8; fetch the file again"
        ) from error
