"""Document-relation prediction (LinkBERT, Yasunaga et al. 2022, arXiv:2203.15827, section 4): linked texts in one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.objectives.objective import NOTHING, Document, Ints, Objective, Row, Vocabulary
from osler.tuning.objectives.segments import (
    Segment,
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

Relation = Literal["contiguous", "random", "linked"]
RELATIONS: tuple[Relation, ...] = ("contiguous", "random", "linked")


@block
class DocumentRelation(Objective):
    """Each segment stands with the one that follows it, one of any document, or one of a document that its own links to;
    which of these is the label. ``relations`` are drawn equally often; where a document has no link, of the others.

    diverse: links are drawn with a weight of one over how often they are linked to, so that a few much-cited documents
    do not fill the rows. predicted: whether the relation is to be predicted, or the rows are only formed so.
    copies: how often each document is paired, each time anew.
    """

    relations: tuple[Relation, ...] = RELATIONS
    diverse: bool = True
    predicted: bool = True
    copies: int = 1

    title: ClassVar[str] = "document_relation"
    forms: ClassVar[bool] = True

    def check(self) -> None:
        if not self.relations or len(set(self.relations)) < len(self.relations):
            raise SpecError("document_relation.relations must name each relation once, and one at least")
        if self.copies < 1:
            raise SpecError(f"document_relation.copies must be above 0, got {self.copies}")

    @property
    def learns(self) -> bool:
        return self.predicted

    def rows(self, documents: Sequence[Document], length: int, vocabulary: Vocabulary, seed: int) -> list[Row]:
        limit = room(length, vocabulary)
        cut = [segments_of(document, of, limit) for of, document in enumerate(documents)]
        links = linked(documents)
        popular = np.bincount([to for one in links for to in one], minlength=len(documents))
        made: list[Row] = []
        for copy in range(self.copies):
            for of, segments in enumerate(cut):
                draw = np.random.default_rng((seed, copy, of))
                for first, second in followers(segments):
                    found = self._second(cut, of, second, links[of], popular, draw)
                    label = RELATIONS.index(found[0]) if self.predicted else NOTHING
                    made.append(joined(documents, first, found[1], vocabulary, label))
        return made

    def _second(
        self,
        cut: Sequence[Sequence[Segment]],
        of: int,
        second: Segment,
        links: Sequence[int],
        popular: Ints,
        draw: np.random.Generator,
    ) -> tuple[Relation, Segment]:
        """What the first segment stands with, and the relation that it is."""
        able = [one for one in self.relations if one != "linked" or len(links)] or ["contiguous"]
        relation = able[int(draw.integers(len(able)))]
        if relation == "linked":
            weights = 1 / popular[list(links)] if self.diverse else np.ones(len(links))
            other = any_segment(cut, links[int(draw.choice(len(links), p=weights / weights.sum()))], draw)
        else:
            other = any_segment(cut, other_document(len(cut), of, draw), draw) if relation == "random" else None
        return (relation, other) if other is not None and other.of != of else ("contiguous", second)

    def head(self, width: int) -> torch.nn.Module | None:
        return classifier(width, len(RELATIONS)) if self.predicted else None

    def count(self, inputs: Mapping[str, Any]) -> float:
        return labelled(inputs)

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        return of_rows(hidden, inputs, head)


def linked(documents: Sequence[Document]) -> list[list[int]]:
    """For each document the places of those that it links to, as far as they are among these."""
    places = {document.id: at for at, document in enumerate(documents)}
    return [
        [places[link] for link in dict.fromkeys(document.links) if link in places and places[link] != at]
        for at, document in enumerate(documents)
    ]
