"""``osler knowledge``: what a store of documents holds is created, read, updated, deleted and searched."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import getpass
import re
from pathlib import Path
from typing import Any

from osler.cli import knowledge_text as text
from osler.cli.knowledge_adding import add as add_documents
from osler.cli.knowledge_adding import json_of, one
from osler.cli.out import emit
from osler.core.errors import DataError, SpecError, nearest
from osler.knowledge.citation import NAME, Span
from osler.knowledge.document import Version
from osler.knowledge.ingest.jsonl import COLUMNS
from osler.knowledge.ingest.origin import Given
from osler.knowledge.store import KnowledgeStore


def knowledge(arguments: argparse.Namespace) -> int:
    """Do the step that the arguments name."""
    status: int = _STEPS[arguments.step](arguments)
    return status


def add(arguments: argparse.Namespace) -> int:
    if arguments.id:
        _legal(arguments.id)
    columns = dict(_column(pair) for pair in arguments.column)
    made = add_documents(
        arguments.store,
        arguments.files,
        _given(arguments, columns),
        id=arguments.id,
        by=_by(arguments),
        why=arguments.why,
        quiet=arguments.json,
    )
    if arguments.json:
        emit({"store": str(arguments.store), **json_of(made)})
    else:
        text.added(made, arguments.store)
    return 1 if made.failed else 0


def update(arguments: argparse.Namespace) -> int:
    document, notes = one(arguments.file, _given(arguments), _legal(arguments.id))
    with _opened(arguments) as store:
        before = store.generation()
        version = store.update(document, why=arguments.why)
        return _changed(arguments, version, notes=notes, new=version.transaction > before)


def supersede(arguments: argparse.Namespace) -> int:
    named: str = arguments.by_document
    with _opened(arguments) as store:
        file = Path(named)
        if file.is_file():
            from osler.knowledge.ingest.naming import from_file

            document, notes = one(file, _given(arguments), from_file(file.name))
            version = store.supersede(arguments.id, document, why=arguments.why)
            return _changed(arguments, version, notes=notes)
        return _changed(arguments, store.supersede(arguments.id, named, why=arguments.why))


def delete(arguments: argparse.Namespace) -> int:
    if not arguments.why.strip():
        raise SpecError("a deletion needs a reason", hint='add --why "..."; it is kept in the tombstone')
    missing = [path for path in arguments.runs if not path.is_file()]
    if missing:
        raise DataError(f"there is no store of a study at {missing[0]}", hint="check --runs; nothing was deleted")
    with _opened(arguments) as store:
        gone = store.read(arguments.id).document is None and bool(arguments.runs)  # only the answers are left to do
        removed = None if gone else store.delete(arguments.id, why=arguments.why)
    answers = [{"store": str(path), **_forgotten(path, arguments.id)} for path in arguments.runs]
    if arguments.json:
        told: dict[str, Any] = {"id": arguments.id}
        if removed is not None:
            told = {
                **dataclasses.asdict(removed),
                "uses": [use._asdict() for use in removed.uses],
                "note": removed.note,
            }
        emit({**told, "answers": answers})
    else:
        text.removed(arguments.id, removed, answers)
    return 0


def _forgotten(path: Path, document: str) -> dict[str, Any]:
    """Remove the answers that saw the document from the store of a study; how many of what went."""
    from osler.core.store import Store

    with Store(path) as runs:
        return dataclasses.asdict(runs.forget(document))


def show(arguments: argparse.Namespace) -> int:
    span = Span.maybe(arguments.id)
    number = span.version if span else arguments.version
    with _opened(arguments) as store:
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
    with _opened(arguments) as store:
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


def search(arguments: argparse.Namespace) -> int:
    if arguments.k < 1:
        raise SpecError(f"-k must be at least 1, got {arguments.k}", hint="-k 5")
    if not arguments.query.strip():
        raise SpecError("the query is empty", hint='osler knowledge search STORE "metformin dose"')
    from osler.cli.knowledge_search import found

    with _opened(arguments) as store:  # a wrong folder or moment is told before anything is made
        store.generation(arguments.as_of)
    hits, note = asyncio.run(
        found(
            arguments.store,
            arguments.query,
            k=arguments.k,
            method=arguments.method,
            as_of=arguments.as_of,
            day=arguments.day,
            languages=tuple(arguments.language),
            chunk=arguments.chunk,
        )
    )
    if arguments.json:
        emit({"query": arguments.query, "as_of": arguments.as_of, "by": arguments.method, "note": note, "hits": hits})
    else:
        text.hits(hits, arguments.query, arguments.method, note)
    return 0


def check(arguments: argparse.Namespace) -> int:
    with _opened(arguments) as store:
        found = store.verify(head=arguments.head)
    if arguments.json:
        emit(found._asdict())
    else:
        text.checked(found)
    return 0 if found.sound else 1


_STEPS = {
    "add": add,
    "update": update,
    "supersede": supersede,
    "delete": delete,
    "show": show,
    "history": history,
    "search": search,
    "check": check,
}


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


def _opened(arguments: argparse.Namespace) -> KnowledgeStore:
    return KnowledgeStore(arguments.store, by=_by(arguments))


def _by(arguments: argparse.Namespace) -> str:
    said: str = getattr(arguments, "by", "")
    if said:
        return said
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a name for its user
        return "unknown"


def _given(arguments: argparse.Namespace, columns: dict[str, str] | None = None) -> Given:
    return Given(
        source=arguments.source,
        licence=arguments.licence,
        language=arguments.language,
        valid_from=arguments.valid_from,
        valid_to=arguments.valid_to,
        columns=columns or {},
    )


def _column(pair: str) -> tuple[str, str]:
    field, equals, name = pair.partition("=")
    if not equals or not name or field not in COLUMNS:
        raise SpecError(f"--column cannot be {pair!r}", hint=f"write FIELD=NAME; {nearest(field, COLUMNS)}")
    return field, name


def _legal(id: str) -> str:
    if not NAME.fullmatch(id):
        raise DataError(
            "the id cannot be cited", hint="use up to 120 letters, digits and . _ : - starting with a letter or digit"
        )
    return id


def _span(said: str, version: Version) -> Span:
    found = re.fullmatch(r"(\d{1,12})-(\d{1,12})", said)
    if not found or int(found[1]) >= int(found[2]):
        raise SpecError(f"--span cannot be {said!r}", hint="write the first character and that after the last: 120-310")
    return Span(version.id, version.number, int(found[1]), int(found[2]))


def _changed(arguments: argparse.Namespace, version: Version, *, notes: Any = (), new: bool = True) -> int:
    if arguments.json:
        emit({**version_json(version), "changed": new, "notes": [note._asdict() for note in notes]})
    else:
        text.changed(version, notes, new=new)
    return 0
