"""Infilling for decoders: fill in the middle (Bavarian et al. 2022, arXiv:2207.14255, section 3)."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.objectives.next_token import NextToken, following
from osler.tuning.objectives.objective import Ints, Row, Vocabulary

PREFIX, SUFFIX, MIDDLE = "<|prefix|>", "<|suffix|>", "<|middle|>"


@block
class Infilling(NextToken):
    """A decoder learns to write what stands between two texts: the share ``rate`` of the documents is cut at two random
    places and shown as prefix, suffix, middle, each after its mark; all of it is predicted from left to right.

    Chosen over the spans of T5, as it needs no second network, and a decoder loses nothing of its next-token loss by it
    (the paper's section 4). Three marks are added to the tokenizer.
    """

    rate: float = 0.5

    title: ClassVar[str] = "infilling"
    marks: ClassVar[tuple[str, ...]] = (PREFIX, SUFFIX, MIDDLE)

    def check(self) -> None:
        if not 0 <= self.rate <= 1:
            raise SpecError(f"infilling.rate is a share from 0 to 1, got {self.rate}")

    def change(self, row: Row, draw: np.random.Generator, vocabulary: Vocabulary) -> Row:
        ids, parts = [], []
        for part in np.unique(row.parts):
            held = row.ids[row.parts == part]
            shown = self._moved(held, draw, vocabulary) if draw.random() < self.rate else held
            ids.append(shown)
            parts.append(np.full(len(shown), part, np.int64))
        joined, of = np.concatenate(ids), np.concatenate(parts)
        zeros = np.zeros(len(joined), np.int64)
        moved = Row(joined, zeros, zeros, of, label=row.label, size=row.size)
        return moved.changed(moved.ids, following(moved))

    def _moved(self, ids: Ints, draw: np.random.Generator, vocabulary: Vocabulary) -> Ints:
        """Prefix, suffix, middle of a document, with the tokens that begin and end it where they were."""
        first = int(len(ids) > 0 and ids[0] == vocabulary.begin)
        last = len(ids) - int(len(ids) > first and ids[-1] == vocabulary.end)
        low, high = np.sort(draw.integers(first, last + 1, 2)).tolist()
        prefix, suffix, middle = ([vocabulary.marks[name]] for name in self.marks)
        pieces = (ids[:first], prefix, ids[first:low], suffix, ids[high:last], middle, ids[low:high], ids[last:])
        return np.concatenate([np.asarray(piece, np.int64) for piece in pieces])
