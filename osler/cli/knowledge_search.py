"""What ``osler knowledge search`` finds, with all that is known of each passage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from osler.knowledge.bm25 import BM25
from osler.knowledge.chunking.chunk import Chunker
from osler.knowledge.chunking.sections import Sections
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.chunking.whole import Whole
from osler.knowledge.chunking.window import Window
from osler.knowledge.citation import Span
from osler.knowledge.passages import Index
from osler.knowledge.stored import Stored

_KEPT = ("title", "section", "page", "source", "licence", "language", "valid_from", "valid_to")


async def found(
    store: Path, query: str, *, k: int, method: str, as_of: str, day: str, languages: tuple[str, ...], chunk: str
) -> tuple[list[dict[str, Any]], str]:
    """The passages, best first, as JSON, and a note on the search ("" where there is nothing to say)."""
    chunkers: dict[str, Chunker] = {
        "sentences": Sentences(), "sections": Sections(), "window": Window(), "whole": Whole()
    }  # fmt: skip
    stored = Stored(path=str(store), as_of=as_of, day=day, languages=languages, chunk=chunkers[chunk])
    index = _index(stored, method)
    hits = []
    for rank, (passage, score) in enumerate(await index.search(query, k), 1):
        span, about = Span.read(passage.id), stored.about(passage.id)
        hits.append(
            {
                "rank": rank,
                "id": passage.id,
                "document": span.document,
                "version": span.version,
                "start": span.start,
                "end": span.end,
                "score": score,
                **{name: str(about.get(name) or "") for name in _KEPT},
                "text": passage.text,
            }
        )
    return hits, str(getattr(index, "note", ""))


def _index(stored: Stored, method: str) -> Index:
    lexical = BM25(collection=stored, tokens="multilingual", about=("title",))
    if method == "bm25":
        return lexical
    from osler.knowledge.dense import Dense

    dense = Dense(collection=stored)
    if method == "dense":
        return dense
    from osler.knowledge.fusion import Fused

    return Fused(indexes=(lexical, dense))
