"""Whole-word masking (BERT's release of May 2019; PubMedBERT, Gu et al. 2021, arXiv:2007.15779, section 2.2)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.objectives.masked_language import MaskedLanguage, wanted
from osler.tuning.objectives.objective import Ints, Row


@block
class WholeWord(MaskedLanguage):
    """Masked language modelling where all pieces of a word are chosen together, so that none tells of the others.

    Words come in random order; one that would pass the number of tokens to predict is left out, unless it is the first.
    Whether a piece is shown as the mask, a random word or itself is drawn for each piece, as in BERT.
    """

    share: float = 0.15
    masked: float = 0.8
    random: float = 0.1

    title: ClassVar[str] = "masked_language"

    def check(self) -> None:
        if not 0 < self.share <= 1 or self.masked < 0 or self.random < 0 or self.masked + self.random > 1:
            raise SpecError("whole_word has shares from 0 to 1, of which masked and random add up to 1 at most")

    def places(self, row: Row, draw: np.random.Generator) -> Ints:
        free = np.flatnonzero(row.words >= 0)
        if not len(free):
            return free
        numbers, starts, sizes = np.unique(_keys(row)[free], return_index=True, return_counts=True)
        budget = wanted(self.share, len(free))
        order = draw.permutation(len(numbers))
        chosen: list[Ints] = []
        held = 0
        for at in order:
            size = int(sizes[at])
            if chosen and held + size > budget:
                continue
            chosen.append(free[starts[at] : starts[at] + size])
            held += size
            if held >= budget:
                break
        return np.sort(np.concatenate(chosen))


def _keys(row: Row) -> Ints:
    """One number for each word of a row, also where several documents stand in it."""
    return np.asarray(row.parts * (int(row.words.max()) + 1) + row.words, np.int64)
