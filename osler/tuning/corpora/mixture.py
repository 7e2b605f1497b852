"""Corpora mixed by ratio, and the mixture that keeps a model from forgetting: replay of general text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.cohort_notes import CohortNotes
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.corpora.step import Report, Step

Unit = Literal["characters", "words", "texts"]


class _Known(NamedTuple):
    """What the first reading keeps of a text: its place by hash, and its size."""

    mark: int
    size: int


@block
class Mixture(Step):
    """Texts of ``parts`` so that each has its share ``ratios`` (they are scaled to sum to 1; () for equal ones) of the
    size, counted in ``unit``. A share holds up to the last text: texts are not cut.

    size: of the whole; 0 for the largest in which no part is read more than ``repeats`` times. Which texts of a part
    are taken is drawn by the hash of ``seed`` and the id, so they stay when the other parts change. The parts run side
    by side, each at its pace, and every part is read twice: once for the sizes. The second copy of a text has "#2" after
    its id. What made a text stays with it, and the report tells the share of made text.
    """

    parts: tuple[Corpus, ...] = (OpenTexts(), CohortNotes())
    ratios: tuple[float, ...] = ()
    unit: Unit = "characters"
    size: int = 0
    repeats: float = 1.0
    seed: int = 0

    def check(self) -> None:
        if not self.parts:
            raise SpecError("a mixture needs parts", hint="parts = [{ use = ... }, ...]")
        if self.ratios and (len(self.ratios) != len(self.parts) or min(self.ratios) <= 0):
            raise SpecError(
                f"a mixture of {len(self.parts)} parts needs as many ratios above 0, got {len(self.ratios)}",
                hint="leave a part out instead of giving it 0",
            )
        if self.size < 0 or self.repeats <= 0:
            raise SpecError("mixture.size must be 0 or more and repeats above 0", hint="leave them out")

    @property
    def inputs(self) -> tuple[Corpus, ...]:
        return self.parts

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        known = [_read(part, self.unit, self.seed) for part in self.parts]
        totals = [sum(one.size for one in part) for part in known]
        _need(totals)
        ratios = self.ratios or (1.0,) * len(self.parts)
        shares = [ratio / sum(ratios) for ratio in ratios]
        largest = min(self.repeats * total / share for total, share in zip(totals, shares, strict=True))
        size = self.size or largest
        if size > largest * (1 + 1e-9):
            raise DataError(
                f"a mixture of {size:,} {self.unit} needs more text than there is: {largest:,.0f} can be had",
                hint="set repeats higher, or size lower",
            )
        yield from _mixed(self, streams, known, [share * size for share in shares])


@block
class Rehearsal(Step):
    """All of ``corpus``, and beside it texts of ``general`` with the ``share`` of the whole: what a model knew before is
    trained on again, so that it forgets less (Ibrahim et al. 2024; 1 to 5 % are usual, half where domains are far).

    ``repeats``: so often may general text be read; DataError where that is not enough. ``seed``, ``unit`` as in Mixture.
    """

    corpus: Corpus = CohortNotes()
    general: Corpus = OpenTexts()
    share: float = 0.05
    unit: Unit = "characters"
    repeats: float = 1.0
    seed: int = 0

    def check(self) -> None:
        if not 0 < self.share < 1 or self.repeats <= 0:
            raise SpecError("replay.share must be between 0 and 1 and repeats above 0", hint="share = 0.05")

    @property
    def inputs(self) -> tuple[Corpus, ...]:
        return (self.corpus, self.general)

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        known = [_read(part, self.unit, self.seed) for part in self.inputs]
        own, general = (sum(one.size for one in part) for part in known)
        _need([own, general])
        wanted = own * self.share / (1 - self.share)
        if wanted > general * self.repeats * (1 + 1e-9):
            raise DataError(
                f"replay needs {wanted:,.0f} {self.unit} of general text and there are {general:,}",
                hint="set repeats higher, share lower, or give a larger corpus",
            )
        yield from _mixed(self, streams, known, [own, wanted])


def _need(totals: Sequence[float]) -> None:
    for place, total in enumerate(totals, start=1):
        if not total:
            raise DataError(f"part {place} of the mixture has no text", hint="check its corpus and filters")


def _size(text: str, unit: Unit) -> int:
    return len(text) if unit == "characters" else len(text.split()) if unit == "words" else 1


def _read(corpus: Corpus, unit: Unit, seed: int) -> list[_Known]:
    found = []
    for text in corpus.texts():
        hashed = hashlib.blake2b(f"{seed}\0{text.id}".encode("utf-8", "surrogatepass"), digest_size=8)
        found.append(_Known(int.from_bytes(hashed.digest()), _size(text.text, unit)))
    return found


def _counts(known: Sequence[_Known], wanted: float) -> list[int]:
    """How often each text is taken so that ``wanted`` is reached: all so often, then those first by hash once more."""
    total = sum(one.size for one in known)
    whole = int(wanted / total + 1e-9)
    counts = [whole] * len(known)
    left = wanted - whole * total
    for place in sorted(range(len(known)), key=lambda place: (known[place].mark, place)):
        if left < max(1.0, known[place].size / 2):  # taken where that brings the sum nearer to what is wanted
            break
        counts[place] += 1
        left -= known[place].size
    return counts


def _mixed(
    step: Step, streams: Sequence[Iterator[Text]], known: Sequence[Sequence[_Known]], wanted: Sequence[float]
) -> Iterator[Text]:
    """The parts side by side: next comes a text of the part that is furthest behind its share."""
    counts = [_counts(part, size) for part, size in zip(known, wanted, strict=True)]
    ends = [sum(one.size * count for one, count in zip(*both, strict=True)) for both in zip(known, counts, strict=True)]
    runs = [_taken(part, stream, count) for part, stream, count in zip(step.inputs, streams, counts, strict=True)]
    unit: Unit = step.unit  # type: ignore[attr-defined]
    done = [0.0] * len(runs)
    open_runs = [place for place, end in enumerate(ends) if end]
    while open_runs:
        place = min(open_runs, key=lambda place: (done[place] / ends[place], place))
        text = next(runs[place], None)
        if text is None:
            open_runs.remove(place)
            continue
        done[place] += _size(text.text, unit)
        yield text


def _taken(part: Corpus, stream: Iterator[Text], counts: Sequence[int]) -> Iterator[Text]:
    """The texts of a part, each as often as it is wanted; copies come in further readings."""
    for turn in range(1, max(counts, default=0) + 1):
        texts = stream if turn == 1 else part.texts()
        for text, count in zip(texts, counts, strict=True):
            if count >= turn:
                yield text if turn == 1 else text._replace(id=f"{text.id}#{turn}")
