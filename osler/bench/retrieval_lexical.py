"""Search by words: Osler's BM25 beside bm25s, tantivy and SQLite FTS5. Run as ``python -m``: a name and a folder."""

from __future__ import annotations

import importlib
import re
import sqlite3
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from osler.bench.retrieval_live import BenchPassages, OslerIndex
from osler.bench.retrieval_timing import Engine, emit, timed


class Bm25s:
    """bm25s with its numba backend; an index cannot be changed."""

    changes = False

    def __init__(self) -> None:
        self._bm25s: Any = importlib.import_module("bm25s")
        self._made: Any = self._bm25s.BM25(backend="numba")

    def build(self, rows: Any) -> None:
        tokens = self._bm25s.tokenize(rows, stopwords="en", show_progress=False)
        self._made.index(tokens, show_progress=False)

    def search(self, query: Any, k: int) -> Sequence[int]:
        tokens = self._bm25s.tokenize([query], stopwords="en", show_progress=False)
        found, _ = self._made.retrieve(tokens, k=k, show_progress=False, n_threads=1)
        return [int(number) for number in found[0]]

    def insert(self, number: int, row: Any) -> None:
        raise NotImplementedError

    def delete(self, number: int) -> None:
        raise NotImplementedError


class Tantivy:
    """tantivy in memory with one writing thread; a change is a commit and a reload."""

    changes = True

    def __init__(self) -> None:
        self._tantivy: Any = importlib.import_module("tantivy")
        schema = self._tantivy.SchemaBuilder()
        schema.add_unsigned_field("number", stored=True, indexed=True, fast=True)
        schema.add_text_field("name", stored=False, tokenizer_name="raw")
        schema.add_text_field("text", stored=False, tokenizer_name="en_stem")
        self._schema = schema.build()
        self._index = self._tantivy.Index(self._schema)
        self._writer = self._index.writer(heap_size=128_000_000, num_threads=1)

    def build(self, rows: Any) -> None:
        for number, row in enumerate(rows):
            self._add(number, row)
        self._seen()

    def search(self, query: Any, k: int) -> Sequence[int]:
        searcher = self._index.searcher()
        found = searcher.search(self._index.parse_query(query, ["text"]), k)
        return [searcher.doc(place)["number"][0] for _, place in found.hits]

    def insert(self, number: int, row: Any) -> None:
        self._add(number, row)
        self._seen()

    def delete(self, number: int) -> None:
        self._writer.delete_documents_by_term("name", str(number))
        self._seen()

    def _add(self, number: int, text: str) -> None:
        made = self._tantivy.Document()
        made.add_unsigned("number", number)
        made.add_text("name", str(number))
        made.add_text("text", text)
        self._writer.add_document(made)

    def _seen(self) -> None:
        self._writer.commit()
        self._index.reload()


class Fts5:
    """SQLite's own full text search, in memory, with Porter's stemmer."""

    changes = True

    def __init__(self) -> None:
        self._db = sqlite3.connect(":memory:")
        weakref.finalize(self, self._db.close)
        self._db.execute("CREATE VIRTUAL TABLE held USING fts5(text, tokenize = 'porter unicode61')")

    def build(self, rows: Any) -> None:
        with self._db:
            self._db.executemany("INSERT INTO held (rowid, text) VALUES (?, ?)", enumerate(rows))

    def search(self, query: Any, k: int) -> Sequence[int]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", query))
        ask = "SELECT rowid FROM held WHERE held MATCH ? ORDER BY bm25(held) LIMIT ?"
        return [row[0] for row in self._db.execute(ask, (words, k))]

    def insert(self, number: int, row: Any) -> None:
        with self._db:
            self._db.execute("INSERT INTO held (rowid, text) VALUES (?, ?)", (number, row))

    def delete(self, number: int) -> None:
        with self._db:
            self._db.execute("DELETE FROM held WHERE rowid = ?", (number,))


def osler_bm25() -> Engine:
    from osler.knowledge.bm25 import BM25

    collection = BenchPassages()
    return OslerIndex(BM25(collection=collection), collection)


# By name: the packages that each needs, and how it is made.
LEXICAL: Mapping[str, tuple[tuple[str, ...], Callable[[], Engine]]] = {
    "osler BM25": ((), osler_bm25),
    "bm25s": (("bm25s", "numba"), Bm25s),
    "tantivy": (("tantivy",), Tantivy),
    "SQLite FTS5": ((), Fts5),
}


def main(name: str, folder: str) -> None:
    """Print the figures of the engine ``name`` over the texts in ``folder``."""
    texts = orjson.loads((Path(folder) / "passages.json").read_bytes())
    asked = orjson.loads((Path(folder) / "questions.json").read_bytes())
    new = [
        (f"Osleromycin{letter} is new in this list, batch {number}.", f"osleromycin{letter}")
        for number, letter in enumerate("bcdfghjklm")
    ]
    figures = timed(LEXICAL[name][1](), texts, [query for query, _ in asked], new)
    found = figures.pop("found")
    figures["hit_at_10"] = sum(number in hits for (_, number), hits in zip(asked, found, strict=True)) / len(asked)
    emit(figures)


if __name__ == "__main__":
    main(*sys.argv[1:3])
