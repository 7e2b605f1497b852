"""A share of a corpus held out by the hash of the id, so that a text stays on its side whatever else comes or goes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.cohort_notes import CohortNotes
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.step import Report, Step


@block
class SplitOff(Step):
    """One ``side`` of ``corpus``: "held_out" has ``share`` of the texts, "train" the others. Which texts, is the hash of
    ``seed`` and the id; ``upto``: only the part of the id before the first such mark counts (":" keeps the pieces of
    "doc:1" and "doc:2" on one side)."""

    corpus: Corpus = CohortNotes()
    side: Literal["train", "held_out"] = "train"
    share: float = 0.05
    upto: str = ""
    seed: int = 0

    def check(self) -> None:
        if not 0 < self.share < 1:
            raise SpecError(f"split_off.share must be between 0 and 1, got {self.share}", hint="share = 0.05")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        other = "held out" if self.side == "train" else "to train on"
        for text in streams[0]:
            key = text.id.partition(self.upto)[0] if self.upto else text.id
            hashed = hashlib.blake2b(f"{self.seed}\0{key}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
            out = (int.from_bytes(hashed) >> 11) / 2**53 < self.share
            if out == (self.side == "held_out"):
                yield text
            else:
                report.dropped[other] += 1


@block
class FirstTexts(Step):
    """The first texts of ``corpus``: at most ``texts_most`` of them and ``characters`` in all (the last one may go beyond);
    0 for no limit. For scaling: a quarter of a corpus is the start of the whole."""

    corpus: Corpus = CohortNotes()
    texts_most: int = 0
    characters: int = 0

    def check(self) -> None:
        if min(self.texts_most, self.characters) < 0:
            raise SpecError("the limits of first_texts must be 0 or more", hint="leave them out")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        size = 0
        for number, text in enumerate(streams[0]):
            full = (self.texts_most and number >= self.texts_most) or (self.characters and size >= self.characters)
            if full:
                return
            size += len(text.text)
            yield text
