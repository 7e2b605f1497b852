"""A vocabulary from another corpus than the one a model learns from."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from osler.core.block import block
from osler.tuning.corpora.cohort_notes import CohortNotes
from osler.tuning.tokenizers.pieces import WordPiece


@block
class VocabularyFrom:
    """``tokenizer`` trained on the texts of ``data``, whatever the model is trained on: a general vocabulary for a domain,
    or one vocabulary for models of several corpora, whose losses can then be compared."""

    data: Any = CohortNotes()
    tokenizer: Any = WordPiece()

    def trained(self, texts: Iterable[str]) -> Any:
        """A tokenizer of transformers; ``texts`` are not read."""
        return self.tokenizer.trained(one.text for one in self.data.texts())
