"""Documents and versions as rows of the store, there and back."""

from __future__ import annotations

import json
from typing import Any

import orjson

from osler.core.errors import DataError
from osler.knowledge.document import Document, Mark, Version
from osler.knowledge.store.moments import stamp

# What ``version_from`` reads, over documents d, versions v, transactions t and bodies b.
COLUMNS = (
    "d.id, v.number, v.action, v.tx, t.at, v.checksum, t.by, v.why, v.successor, d.deleted, b.text, b.about, d.number"
)
JOINED = (
    "documents d CROSS JOIN versions v ON v.document = d.number JOIN transactions t ON t.number = v.tx "
    "LEFT JOIN bodies b ON b.number = v.body AND d.deleted = 0"
)


def version_from(row: tuple[Any, ...]) -> Version:
    id, number, action, tx, at, checksum, by, why, successor, deleted, text, about = row[:12]
    return Version(
        id=id,
        number=number,
        action=action,
        transaction=tx,
        recorded=stamp(at),
        checksum=checksum,
        document=None if deleted or text is None else document_from(id, text, about),
        by=by,
        why=why,
        superseded_by=successor,
    )


def document_from(id: str, text: str, about: bytes) -> Document:
    held = orjson.loads(about)
    marks = tuple(Mark(kind=kind, label=label, start=start, end=end) for kind, label, start, end in held.pop("marks"))
    return Document(id=id, text=text, marks=marks, **held)


def about(document: Document) -> bytes:
    """All of ``document`` but its id and text, as JSON."""
    return orjson.dumps(
        {
            "title": document.title,
            "source": document.source,
            "licence": document.licence,
            "language": document.language,
            "valid_from": document.valid_from,
            "valid_to": document.valid_to,
            "media_type": document.media_type,
            "marks": [[mark.kind, mark.label, mark.start, mark.end] for mark in document.marks],
            "meta": document.meta,
        }
    )


def keepable(document: Document) -> str:
    """The fingerprint of a document that can be kept exactly. DataError where it holds half of a surrogate pair, which no
    UTF-8 file can, or a ``meta`` that is no JSON (NaN included) and so would come back as something else."""
    try:
        if document.meta:
            json.dumps(document.meta, allow_nan=False)
        document.text.encode()
        return document.fingerprint
    except UnicodeEncodeError:
        raise DataError(
            f"the text of the document {document.id!r} holds half of a surrogate pair",
            hint='read its file with errors="replace", or in the encoding that it was written in',
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise DataError(
            f"the document {document.id!r} holds something that cannot be kept as JSON ({type(error).__name__})",
            hint="use texts, finite numbers, true, false, null, lists and tables in meta, and no half surrogate pairs",
        ) from None
