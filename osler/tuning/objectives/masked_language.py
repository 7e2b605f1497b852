"""Masked language modelling (Devlin et al. 2019, arXiv:1810.04805, section 3.1): predict words from both sides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.tuning.objectives.objective import NOTHING, Ints, Objective, Row, Vocabulary

if TYPE_CHECKING:
    import torch


@block
class MaskedLanguage(Objective):
    """``share`` of the tokens of a row, one at least, are to be predicted: of these ``masked`` are shown as the mask,
    ``random`` as any word, the others as they are. The words' head reads the chosen places only, which gives the same
    loss as all places at half the cost."""

    share: float = 0.15
    masked: float = 0.8
    random: float = 0.1

    title: ClassVar[str] = "masked_language"
    changes: ClassVar[bool] = True

    def check(self) -> None:
        if not 0 < self.share <= 1 or self.masked < 0 or self.random < 0 or self.masked + self.random > 1:
            raise SpecError("masked_language has shares from 0 to 1, of which masked and random add up to 1 at most")

    def change(self, row: Row, draw: np.random.Generator, vocabulary: Vocabulary) -> Row:
        return masked_at(self.places(row, draw), row, draw, vocabulary, self.masked, self.random)

    def places(self, row: Row, draw: np.random.Generator) -> Ints:
        """The places of a row that are to be predicted."""
        free = np.flatnonzero(row.words >= 0)
        return np.sort(draw.permutation(free)[: wanted(self.share, len(free))])

    def count(self, inputs: Mapping[str, Any]) -> float:
        return float(inputs["targets"].numel())

    def told(
        self, hidden: torch.Tensor, inputs: Mapping[str, Any], logits: Any, head: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        chosen = hidden.reshape(-1, hidden.shape[-1])[inputs["places"]]
        return logits(chosen).float(), inputs["targets"]


def wanted(share: float, tokens: int) -> int:
    """How many of ``tokens`` are predicted: the nearest whole number, one at least where there is any."""
    return min(tokens, max(1, round(share * tokens)))


def masked_at(
    places: Ints, row: Row, draw: np.random.Generator, vocabulary: Vocabulary, masked: float, random: float
) -> Row:
    """The row with ``places`` hidden (see ``MaskedLanguage``) and what stood there as targets."""
    if vocabulary.mask is None:
        raise DataError(
            "the tokenizer has no mask token", hint="masked language needs one: train a WordPiece tokenizer"
        )
    ids, targets = row.ids.copy(), np.full(len(row.ids), NOTHING, np.int64)
    targets[places] = row.ids[places]
    fate = draw.random(len(places))
    ids[places[fate < masked]] = vocabulary.mask
    swapped = places[(fate >= masked) & (fate < masked + random)]
    ids[swapped] = draw.integers(0, vocabulary.size, len(swapped))
    return row.changed(ids, targets)
