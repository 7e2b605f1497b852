"""What is computed from passages and goes with their document: vectors of encoders and triples of extractors."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import orjson

from osler.core.errors import DataError
from osler.knowledge.citation import Span

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 2000  # keys of one look
_FROM, _TO = (f"json_extract(CAST(b.about AS TEXT), '$.{name}')" for name in ("valid_from", "valid_to"))


def put_vectors(db: sqlite3.Connection, encoder: str, rows: Iterable[tuple[str, Any]]) -> int:
    """Keep vectors by passage id; returns how many are new. Passages of unknown or deleted documents are passed over."""
    import numpy as np

    size = 0

    def contents() -> Iterator[tuple[str, bytes]]:
        nonlocal size
        for key, vector in rows:
            made = np.ascontiguousarray(vector, dtype="<f4")
            size = size or made.size
            if made.ndim != 1 or not made.size or made.size != size or not np.isfinite(made).all():
                raise DataError(
                    f"the vector of {key} for {encoder!r} has the shape {made.shape}, or is not finite",
                    hint=f"give one row of {size or 'some'} finite numbers for each passage",
                )
            yield key, made.tobytes()

    return _put(db, f"vector:{encoder}", contents())


def vectors(db: sqlite3.Connection, encoder: str, keys: Iterable[str]) -> dict[str, NDArray[np.float32]]:
    """Those of ``keys`` that are held, each with its vector (1-D, float32)."""
    import numpy as np

    return {key: np.frombuffer(content, dtype="<f4") for key, content in _held(db, f"vector:{encoder}", keys)}


def put_triples(db: sqlite3.Connection, maker: str, rows: Iterable[tuple[str, Sequence[Sequence[str]]]]) -> int:
    """Keep all triples of each passage; returns how many passages are new."""

    def contents() -> Iterator[tuple[str, bytes]]:
        for key, triples in rows:
            for triple in triples:
                if len(triple) < 3 or not all(isinstance(word, str) for word in triple):
                    raise DataError(
                        f"a triple of {key} is none", hint="give subject, relation and object as texts, then what else"
                    )
            try:
                yield key, orjson.dumps([list(triple) for triple in triples])
            except TypeError:
                raise DataError(f"a triple of {key} holds half of a surrogate pair") from None

    return _put(db, f"triple:{maker}", contents())


def triples(
    db: sqlite3.Connection, maker: str, tx: int, day: str = ""
) -> Iterator[tuple[str, tuple[tuple[str, ...], ...]]]:
    """Passages of versions that are current after ``tx``, each with its triples, in the order in which they were put.

    ``day``: only of documents that are valid on it (ISO); "" is of all.
    """
    rows = db.execute(
        "SELECT r.key, r.content FROM derived r JOIN makers m ON m.number = r.maker JOIN documents d ON "
        "d.number = r.document JOIN versions v ON v.document = r.document AND v.number = r.version "
        "JOIN bodies b ON b.number = v.body WHERE m.name = :maker AND d.deleted = 0 AND v.action != 'supersede' "
        "AND v.tx <= :tx AND (v.ends IS NULL OR v.ends > :tx) AND (:day = '' OR "
        f"({_FROM} <= :day AND ({_TO} = '' OR {_TO} > :day))) "
        "ORDER BY r.number",
        {"maker": f"triple:{maker}", "tx": tx, "day": day},
    )
    for key, content in rows:
        yield key, tuple(tuple(triple) for triple in orjson.loads(content))


def _put(db: sqlite3.Connection, maker: str, rows: Iterable[tuple[str, bytes]]) -> int:
    number = _maker(db, maker)
    known: dict[tuple[str, int], int | None] = {}
    before = db.total_changes
    for key, content in rows:
        span = Span.read(key)
        place = span.document, span.version
        if place not in known:
            known[place] = _document(db, span)
        if known[place] is not None:
            db.execute(
                "INSERT OR IGNORE INTO derived (maker, key, document, version, content) VALUES (?,?,?,?,?)",
                (number, str(span), known[place], span.version, content),
            )
    return db.total_changes - before


def _maker(db: sqlite3.Connection, name: str) -> int:
    db.execute("INSERT OR IGNORE INTO makers (name) VALUES (?)", (name,))
    return int(db.execute("SELECT number FROM makers WHERE name = ?", (name,)).fetchone()[0])


def _document(db: sqlite3.Connection, span: Span) -> int | None:
    """The row of the document of ``span``, or None where it is unknown, has no such version or was deleted."""
    row = db.execute(
        "SELECT d.number FROM documents d JOIN versions v ON v.document = d.number "
        "WHERE d.id = ? AND v.number = ? AND d.deleted = 0",
        (span.document, span.version),
    ).fetchone()
    return None if row is None else int(row[0])


def _held(db: sqlite3.Connection, maker: str, keys: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    row = db.execute("SELECT number FROM makers WHERE name = ?", (maker,)).fetchone()
    given = iter(keys)
    while row is not None and (block := list(islice(given, _BLOCK))):
        yield from db.execute(
            "SELECT r.key, r.content FROM json_each(?) k CROSS JOIN derived r ON r.maker = ? AND r.key = k.value "
            "JOIN documents d ON d.number = r.document AND d.deleted = 0",
            (orjson.dumps(block).decode(), row[0]),
        ).fetchall()
