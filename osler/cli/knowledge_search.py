"""What ``osler knowledge search`` finds, with all that is known of each passage."""

from __future__ import annotations

from collections.abc import Callable
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
    store: Path,
    query: str,
    *,
    k: int,
    method: str,
    as_of: str,
    day: str,
    languages: tuple[str, ...],
    chunk: str,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[list[dict[str, Any]], str]:
    """The passages, best first, as JSON, and a note on the search ("" where there is nothing to say).

    ``progress`` hears how many of how many vectors are there, where some have to be made first.
    """
    chunkers: dict[str, Chunker] = {
        "sentences": Sentences(), "sections": Sections(), "window": Window(), "whole": Whole()
    }  # fmt: skip
    stored = Stored(path=str(store), as_of=as_of, day=day, languages=languages, chunk=chunkers[chunk])
    index = await _index(stored, method, progress)
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


async def _index(stored: Stored, method: str, progress: Callable[[int, int], None] | None) -> Index:
    lexical = BM25(collection=stored, tokens="multilingual", about=("title",))
    if method == "bm25":
        return lexical
    from osler.knowledge.dense import Dense

    dense = Dense(collection=stored)
    await dense.build(progress)
    if method == "dense":
        return dense
    from osler.knowledge.fusion import Fused

    return Fused(indexes=(lexical, dense))
