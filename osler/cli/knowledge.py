"""``osler knowledge``: what a store of documents holds is created, read, updated, deleted and searched."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import getpass
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.cli import knowledge_text as text
from osler.cli.knowledge_adding import Pace, json_of, kept, one
from osler.cli.knowledge_adding import add as add_documents
from osler.cli.knowledge_listing import history, listed, show, version_json
from osler.cli.out import emit
from osler.cli.training import models_of
from osler.core.errors import DataError, OslerError, SpecError, nearest
from osler.knowledge.citation import NAME
from osler.knowledge.document import Version
from osler.knowledge.ingest.jsonl import COLUMNS
from osler.knowledge.ingest.language import tag
from osler.knowledge.ingest.origin import Given
from osler.knowledge.store import KnowledgeStore

if TYPE_CHECKING:
    from osler.core.store import Store


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
        document, held = kept(document, store, arguments.file, _given(arguments))
        version = store.update(document, why=arguments.why)
        new = version.transaction > before
        return _changed(arguments, version, notes=[*notes, *held] if new else notes, new=new)


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
    with ExitStack() as held:
        runs = {path: held.enter_context(_runs(path)) for path in arguments.runs}  # before anything is deleted
        store = held.enter_context(_opened(arguments))
        gone = store.read(arguments.id).document is None and bool(arguments.runs)  # only the answers are left to do
        removed = None if gone else store.delete(arguments.id, why=arguments.why)
        answers = [{"store": str(path), **_forgotten(made, arguments.id)} for path, made in runs.items()]
    if arguments.json:
        told: dict[str, Any] = {"id": arguments.id}
        if removed is not None:
            told = {
                **dataclasses.asdict(removed),
                "uses": [use._asdict() for use in removed.uses],
                "note": removed.note,
            }
        emit({**told, "answers": answers, "models": models_of(arguments.id)})
    else:
        text.removed(arguments.id, removed, answers)
        text.models(models_of(arguments.id))
    return 1 if any("error" in row for row in answers) else 0


def _runs(path: Path) -> Store:
    """The store of a study, opened. DataError where there is none."""
    from osler.core.store import Store

    if not path.is_file():
        raise DataError(f"there is no store of a study at {path}", hint="check --runs; nothing was deleted")
    try:
        return Store(path)
    except OslerError as error:
        raise DataError(error.message, hint="check --runs; nothing was deleted") from error


def _forgotten(runs: Store, document: str) -> dict[str, Any]:
    """Remove the answers that saw the document from the store of a study: how many of what went, or the error."""
    try:
        return dataclasses.asdict(runs.forget(document))
    except OslerError as error:  # the deletion is done, and so are the other stores: all of it must be told
        return {"error": error.message}


def search(arguments: argparse.Namespace) -> int:
    if arguments.k < 1:
        raise SpecError(f"-k must be at least 1, got {arguments.k}", hint="-k 5")
    if not arguments.query.strip():
        raise SpecError("the query is empty", hint='osler knowledge search STORE "metformin dose"')
    from osler.cli.knowledge_search import found

    with _opened(arguments) as store:  # a wrong folder or moment is told before anything is made
        store.generation(arguments.as_of)
        empty = next(store.versions(arguments.as_of), None) is None
    pace = Pace(quiet=arguments.json, words=("vectors", "made"))

    def made(done: int, total: int) -> None:
        pace.documents = done
        pace.told(done, total)

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
            progress=made,
        )
    )
    pace.end()
    if not hits:
        note = _nothing(arguments, empty=empty)
    if arguments.json:
        emit({"query": arguments.query, "as_of": arguments.as_of, "by": arguments.method, "note": note, "hits": hits})
    else:
        text.hits(hits, arguments.query, note)
    return 0


def _nothing(arguments: argparse.Namespace, *, empty: bool) -> str:
    """Why a search found nothing."""
    if empty:
        return "the store holds no document" + (f" as of {arguments.as_of}" if arguments.as_of else "")
    asked = f" and is in {' or '.join(arguments.language)}" if arguments.language else ""
    shares = " and shares a word with the query" if arguments.method == "bm25" else ""
    day = arguments.day or ("the day of --as-of" if arguments.as_of else "today")
    return f"no passage is valid on {day}{asked}{shares}".replace("on today", "today")


def ground(arguments: argparse.Namespace) -> int:
    from osler.cli.knowledge_grounding import ground as held_against

    return held_against(arguments)


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
    "list": listed,
    "show": show,
    "history": history,
    "search": search,
    "ground": ground,
    "check": check,
}


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
    said: str = arguments.language
    if said and tag(said) == "und" != said:
        raise SpecError(f"--language cannot be {said[:40]!r}", hint='write a tag as in "en" or "zh-Hant"')
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


def _changed(arguments: argparse.Namespace, version: Version, *, notes: Any = (), new: bool = True) -> int:
    if arguments.json:
        emit({**version_json(version), "changed": new, "notes": [note._asdict() for note in notes]})
    else:
        text.changed(version, notes, new=new)
    return 0
