"""Files and folders as documents: the format is told from the name and, where that is not enough, from the beginning."""

from __future__ import annotations

import importlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import orjson

from osler.core.block import digest
from osler.core.errors import DataError, OslerError
from osler.knowledge.document import Document
from osler.knowledge.ingest import naming
from osler.knowledge.ingest.draft import counted
from osler.knowledge.ingest.opened import lines, stream, whole
from osler.knowledge.ingest.origin import Given, Note, Origin

# The reader of each ending (before .gz): a module of this package with a function ``read``.
READERS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".csv": "delimited", ".tsv": "delimited", ".md": "markdown", ".markdown": "markdown", ".html": "html",
    ".htm": "html", ".xhtml": "html", ".pdf": "pdf", ".xml": "pubmed", ".nxml": "jats", ".txt": "plain",
}  # fmt: skip
MOST_NAMES = 5  # files of one ending that were passed over and are named
MOST_NOTES = 20  # documents with the id of another that are named one by one
_HEAD = 1 << 16  # bytes that tell what kind of XML a file is


def files(path: Path) -> tuple[list[tuple[Path, str]], Mapping[str, list[str]]]:
    """The files that can be read at ``path`` with their names below it, sorted; and the names of the others by their endings.

    Hidden files and links to folders are passed over. A file that was named itself is taken whatever its ending.
    """
    if not path.exists():
        raise DataError(f"there is no file or folder {path}", hint="check the path")
    if not path.is_dir():
        return [(path, path.name)], {}
    found: list[tuple[Path, str]] = []
    others: defaultdict[str, list[str]] = defaultdict(list)
    for folder, inner, names in os.walk(path):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            file = Path(folder) / name
            if ending(file) in READERS:
                found.append((file, file.relative_to(path).as_posix()))
            else:
                others[ending(file) or "no ending"].append(file.relative_to(path).as_posix())
    return sorted(found, key=lambda pair: pair[1]), others


def ending(file: Path) -> str:
    return Path(file.name.lower().removesuffix(".gz")).suffix


def reader_of(file: Path) -> str:
    """The name of the module that reads the file. DataError where there is none."""
    kind = READERS.get(ending(file))
    if kind is None:
        known = ", ".join(READERS)
        raise DataError(
            f"has the ending {ending(file) or 'nothing'!r}, which is not read", hint=f"known: {known}; .gz too"
        )
    if kind == "pubmed":
        return _of_xml(file)
    return _of_json(file) if kind == "jsonl" else kind


def _of_xml(file: Path) -> str:
    from osler.knowledge.ingest import jats, pubmed
    from osler.knowledge.ingest.tree import root_of

    with stream(file) as opened:
        root = root_of(opened.read(_HEAD))
    if root in pubmed.ROOTS:
        return "pubmed"
    if root in jats.ROOTS:
        return "jats"
    raise DataError(
        f"is XML of another kind (its root is <{root[:60]}>)",
        hint="known: PubMed (PubmedArticleSet) and JATS (article)",
    )


def _of_json(file: Path) -> str:
    """FHIR where the first value says what resource it is."""
    try:
        if ending(file) == ".json":
            held = orjson.loads(whole(file))
            first = held[0] if isinstance(held, list) and held else held
        else:
            first = orjson.loads(next(lines(file), (0, b"null"))[1])
    except orjson.JSONDecodeError:
        return "jsonl"  # which says what is wrong with it
    return "fhir" if isinstance(first, dict) and "resourceType" in first else "jsonl"


def read(
    paths: Sequence[Path], given: Given = Given(), progress: Callable[[int, int], None] | None = None
) -> Iterator[Document | Note]:
    """All documents of files and folders, one after the other, and notes on what was left out or could not be read.

    A file that cannot be read gives a failed note, and the rest goes on. A second document with an id that was given already is
    refused with such a note. ``progress`` hears now and then how many bytes of how many were read. DataError, before
    anything is read, where a path does not exist.
    """
    found = [files(path) for path in paths]
    total = sum(_size(path) for held, _ in found for path, _ in held)
    told = progress or (lambda done, total: None)
    seen: dict[bytes, str] = {}
    done = 0
    for held, others in found:
        for path, name in held:
            before = done
            shown = os.fsencode(name).decode(
                "utf-8", "replace"
            )  # a name in another encoding is kept, and said, in Unicode
            origin = Origin(path=path, name=shown, id=naming.from_file(name), given=given)
            origin.told = lambda read, before=before: told(before + read, total)  # type: ignore[misc]
            yield from _new(origin, seen)
            done += _size(path)
            told(done, total)
        for kind, names in sorted(others.items()):
            said = f"{counted(len(names), 'file')} with this ending passed over, there is no reader for it"
            yield Note(kind, f"{said}: {_some(names)}")


def _some(names: Sequence[str]) -> str:
    """The first names in order, then how many more there are; in Unicode whatever the disk has."""
    shown = [os.fsencode(name).decode("utf-8", "replace") for name in sorted(names)[:MOST_NAMES]]
    left = len(names) - len(shown)
    return ", ".join(shown) + (f" and {left:,} more" if left else "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _new(origin: Origin, seen: dict[bytes, str]) -> Iterator[Document | Note]:
    """The documents of a file whose ids are new; of those that are not, the first are named one by one."""
    again = 0
    for item in read_file(origin):
        if isinstance(item, Note):
            yield item
            continue
        key = bytes.fromhex(digest(item.id.encode(), size=8))
        if key in seen:
            again += 1
            if again > MOST_NOTES:
                continue
            where = "this file" if seen[key] == origin.name else seen[key]
            said = DataError(
                f"two documents have the id {item.id!r}, the other is in {where}", hint="give each its own id"
            )
            yield origin.failed(said)
            continue
        seen[key] = origin.name
        yield item
    if again > MOST_NOTES:
        left = counted(again - MOST_NOTES, "more document")
        yield Note(origin.name, f"{left} with an id that was there already", True, "give each its own id")


def read_file(origin: Origin) -> Iterator[Document | Note]:
    """The documents of one file; what stops the reading of it becomes a failed note."""
    try:
        kind = reader_of(origin.path)
        yield from importlib.import_module(f"osler.knowledge.ingest.{kind}").read(origin)
    except OslerError as error:
        yield Note(origin.name, error.message, True, error.hint)
    except OSError as error:
        yield Note(origin.name, f"cannot be read ({error.strerror or type(error).__name__})", True)
    yield from origin.conflicts()
