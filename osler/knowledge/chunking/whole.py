"""A document as one passage."""

from __future__ import annotations

from collections.abc import Sequence

from osler.core.block import block
from osler.knowledge.chunking.chunk import Chunk, labelled
from osler.knowledge.document import Document


@block
class Whole:
    """The whole text as one passage: for documents that are passages already, as rows of a corpus are."""

    def chunks(self, document: Document) -> Sequence[Chunk]:
        return labelled(document, [(0, len(document.text))])
