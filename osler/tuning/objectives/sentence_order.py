"""Sentence-order prediction (ALBERT, Lan et al. 2020, arXiv:1909.11942, section 3.1): are two segments in order?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.objectives.objective import Document, Objective, Row, Vocabulary
from osler.tuning.objectives.segments import classifier, followers, joined, labelled, of_rows, room, segments_of

if TYPE_CHECKING:
    import torch

IN_ORDER, SWAPPED = 0, 1


@block
class SentenceOrder(Objective):
    """Pairs of segments that follow each other in a document, half of them swapped (label 1). Unlike next-sentence
    prediction it cannot be solved by the topic. ``copies``: how often each document is paired, each time anew."""

    copies: int = 1

    title: ClassVar[str] = "sentence_order"
    forms: ClassVar[bool] = True

    def check(self) -> None:
        if self.copies < 1:
            raise SpecError(f"sentence_order.copies must be above 0, got {self.copies}")

    def rows(self, documents: Sequence[Document], length: int, vocabulary: Vocabulary, seed: int) -> list[Row]:
        limit = room(length, vocabulary)
        made: list[Row] = []
        for copy in range(self.copies):
            for of, document in enumerate(documents):
                draw = np.random.default_rng((seed, copy, of))
                for first, second in followers(segments_of(document, of, limit)):
                    label = int(draw.random() < 0.5)
                    shown = (second, first) if label == SWAPPED else (first, second)
                    made.append(joined(documents, *shown, vocabulary, label))
        return made

    def head(self, width: int) -> torch.nn.Module:
        return classifier(width, 2)

    def count(self, inputs: Mapping[str, Any]) -> float:
        return labelled(inputs)

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return of_rows(hidden, inputs, head)
