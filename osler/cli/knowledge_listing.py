"""What ``osler knowledge`` reads out of a store: the list of its documents, one of them, and its history."""

from __future__ import annotations

import argparse
import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from osler.cli import knowledge_text as text
from osler.cli.out import emit
from osler.cli.printing import console, safe, table_of
from osler.core.errors import SpecError
from osler.knowledge.citation import Span
from osler.knowledge.document import Version
from osler.knowledge.store import KnowledgeStore

MOST_ROWS = 1000  # of the table for people
_COLUMNS = ("id", "title", "version", "valid_from", "valid_to", "licence", "characters")


def listed(arguments: argparse.Namespace) -> int:
    """The documents in the order in which they were first put, each on a line."""
    with KnowledgeStore(arguments.store) as store:
        rows = list(_rows(store, arguments.as_of, every=arguments.all))
    if arguments.json:
        emit({"store": str(arguments.store), "as_of": arguments.as_of, "documents": rows})
    elif not rows:
        when = f" as of {arguments.as_of}" if arguments.as_of else ""
        other = "" if arguments.all else " that holds; --all shows superseded and deleted ones"
        console.print(f"The store holds no document{safe(when)}{other}.", soft_wrap=True)
    else:
        _print(rows, (*_COLUMNS, "state") if arguments.all else _COLUMNS)
    return 0


def _rows(store: KnowledgeStore, as_of: str, *, every: bool) -> Iterator[dict[str, Any]]:
    """What is told of each document: superseded ones and those that are deleted by now only where ``every``."""
    for version in store.versions(as_of, superseded=every):
        yield _row(version, f"superseded by {version.superseded_by}" if version.superseded_by else "current")
    if every:
        moment = store.generation(as_of)
        for tombstone in store.deleted():
            if store.history(tombstone.id)[0].transaction <= moment:
                yield _row(tombstone, "deleted" if tombstone.transaction <= moment else "deleted since")


def _row(version: Version, state: str) -> dict[str, Any]:
    document = version.document
    return {
        "id": version.id,
        "title": document.title if document else "",
        "version": version.number,
        "valid_from": document.valid_from if document else "",
        "valid_to": document.valid_to if document else "",
        "licence": document.licence if document else "",
        "characters": len(document.text) if document else 0,
        "state": state,
    }


def _print(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    table = table_of(*(name.replace("_", " ") for name in columns))
    for column, name in zip(table.columns, columns, strict=True):
        column.justify = "right" if name in ("version", "characters") else "left"
    for row in rows[:MOST_ROWS]:
        table.add_row(*(text.shown(f"{row[name]:,}" if name == "characters" else str(row[name])) for name in columns))
    console.print(table)
    left = f", {len(rows) - MOST_ROWS:,} more than shown (--json lists all)" if len(rows) > MOST_ROWS else ""
    console.print(f"{text.number(len(rows), 'document')}{left}")


def show(arguments: argparse.Namespace) -> int:
    _named(arguments.id)
    span = Span.maybe(arguments.id)
    number = span.version if span else arguments.version
    with KnowledgeStore(arguments.store) as store:
        version = store.read(span.document if span else arguments.id, as_of=arguments.as_of, version=number)
        if arguments.span:
            span = _span(arguments.span, version)
        held = store.open_span(span) if span else None
    if arguments.json:
        emit({**version_json(version, whole=span is None), **({"span": str(span), "text": held} if span else {})})
    else:
        text.version(version, span, held)
    return 0


def history(arguments: argparse.Namespace) -> int:
    _named(arguments.id)
    with KnowledgeStore(arguments.store) as store:
        versions, uses = store.history(arguments.id), store.uses(arguments.id)
    if arguments.json:
        emit(
            {
                "id": arguments.id,
                "versions": [version_json(one) for one in versions],
                "uses": [u._asdict() for u in uses],
            }
        )
    else:
        text.history(versions, uses)
    return 0


def version_json(version: Version, *, whole: bool = False) -> dict[str, Any]:
    """A version as JSON: what is recorded of it, and of its document all but the text (which comes with ``whole``)."""
    held = dataclasses.asdict(dataclasses.replace(version, document=None))
    del held["document"]
    if version.document is None:
        return held
    about = dataclasses.asdict(version.document)
    body = about.pop("text")
    marks = about.pop("marks")
    extra = {"marks": marks, "text": body} if whole else {}
    return {**held, **about, "characters": len(body), **extra}


def _named(id: str) -> None:
    if not id:
        raise SpecError("no document is named", hint="add --id ID; osler knowledge list STORE shows the ids")


def _span(said: str, version: Version) -> Span:
    found = re.fullmatch(r"(\d{1,12})-(\d{1,12})", said)
    if not found or int(found[1]) >= int(found[2]):
        raise SpecError(f"--span cannot be {said!r}", hint="write the first character and that after the last: 120-310")
    return Span(version.id, version.number, int(found[1]), int(found[2]))
