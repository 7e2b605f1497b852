"""Next-sentence prediction (Devlin et al. 2019, arXiv:1810.04805, section 3.1): does the second segment go on?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.objectives.objective import Document, Objective, Row, Vocabulary
from osler.tuning.objectives.segments import (
    any_segment,
    classifier,
    followers,
    joined,
    labelled,
    of_rows,
    other_document,
    room,
    segments_of,
)

if TYPE_CHECKING:
    import torch

NEXT, RANDOM = 0, 1


@block
class NextSentence(Objective):
    """Pairs of segments: half of them follow each other in a document (label 0), in the others the second is of another
    document (label 1). ``copies``: how often each document is paired, each time anew (BERT's dupe_factor)."""

    copies: int = 1

    title: ClassVar[str] = "next_sentence"
    forms: ClassVar[bool] = True

    def check(self) -> None:
        if self.copies < 1:
            raise SpecError(f"next_sentence.copies must be above 0, got {self.copies}")

    def rows(self, documents: Sequence[Document], length: int, vocabulary: Vocabulary, seed: int) -> list[Row]:
        cut = [segments_of(document, of, room(length, vocabulary)) for of, document in enumerate(documents)]
        made: list[Row] = []
        for copy in range(self.copies):
            for of, segments in enumerate(cut):
                draw = np.random.default_rng((seed, copy, of))
                for first, second in followers(segments):
                    other = any_segment(cut, other_document(len(cut), of, draw), draw) if draw.random() < 0.5 else None
                    if other is None or other.of == of:
                        made.append(joined(documents, first, second, vocabulary, NEXT))
                    else:
                        made.append(joined(documents, first, other, vocabulary, RANDOM))
        return made

    def head(self, width: int) -> torch.nn.Module:
        return classifier(width, 2)

    def count(self, inputs: Mapping[str, Any]) -> float:
        return labelled(inputs)

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return of_rows(hidden, inputs, head)
