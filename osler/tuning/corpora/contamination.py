"""What of the test data stands in a corpus, and a corpus without it.

Two looks. Whole texts that are equal or near: ``osler.data.overlap``. Test texts inside longer ones: the share of the
runs of 13 words of a test text that stand in the corpus (Brown et al. 2020, appendix C, call a test case dirty for one
shared run of 13); a shorter test text is one run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Example
from osler.data.overlap import overlap
from osler.data.sets.medical_abstracts import MedicalAbstracts
from osler.data.source import Source
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.corpora.shingles import Keys, shingles_of, words_of
from osler.tuning.corpora.step import Report, Step

RUN = 13
SHORTEST = 5


@dataclass(frozen=True, slots=True)
class Contamination:
    """shares: of each test text (by id) the share of its runs of words that stand in the corpus, where it is above 0.
    exact, near: test texts that stand in the corpus as a whole text, equal or with a Jaccard similarity of 0.8.
    touched: ids of the corpus' texts that share a run. checked: test texts; too_short: of fewer than 5 words, not looked
    at."""

    shares: Mapping[str, float]
    exact: int
    near: int
    touched: tuple[str, ...]
    checked: int
    too_short: int

    @property
    def dirty(self) -> int:
        """Test texts with at least one run in the corpus."""
        return len(self.shares)

    def whole(self, least: float = 0.8) -> tuple[str, ...]:
        """Ids of test texts of which at least the share ``least`` stands in the corpus."""
        return tuple(name for name, share in self.shares.items() if share >= least)

    def told(self) -> str:
        """The finding in a sentence."""
        return (
            f"{self.dirty:,} of {self.checked:,} test texts share a run of words with the corpus, {len(self.whole()):,} "
            f"stand in it for the most part, {self.exact:,} are a text of it and {self.near:,} nearly so"
        )


class Runs:
    """The runs of words of test texts, to hold texts of a corpus against."""

    def __init__(self, texts: Mapping[str, str], run: int = RUN) -> None:
        self.names = list(texts)
        self.too_short = 0
        by_length: dict[int, list[tuple[int, Keys]]] = defaultdict(list)
        self.counts = np.zeros(len(texts), np.int64)
        for place, text in enumerate(texts.values()):
            words = words_of(text)
            if len(words) < SHORTEST:
                self.too_short += 1
                continue
            keys = np.unique(shingles_of(words, run))
            self.counts[place] = len(keys)
            by_length[min(run, len(words))].append((place, keys))
        self._tables = {
            length: _table([keys for _, keys in held], [place for place, _ in held])
            for length, held in sorted(by_length.items())
        }

    def found(self, text: str) -> list[npt.NDArray[np.int64]]:
        """For each length of runs the places, in its table, of runs that stand in ``text``."""
        words = words_of(text)
        out = []
        for length, (keys, _, _) in self._tables.items():
            own = shingles_of(words, length) if len(words) >= length else words[:0]
            at = np.searchsorted(keys, own)
            out.append(np.unique(at[keys[np.minimum(at, len(keys) - 1)] == own]))
        return out

    def shares(self, seen: Sequence[npt.NDArray[np.bool_]]) -> dict[str, float]:
        """The share of runs of each test text that were seen, where it is above 0; ``seen``: a mark for each run."""
        hits = np.zeros(len(self.names), np.int64)
        for (_, starts, owners), marks in zip(self._tables.values(), seen, strict=True):
            for place in np.flatnonzero(marks).tolist():
                hits[owners[starts[place] : starts[place + 1]]] += 1
        return {self.names[at]: float(hits[at] / self.counts[at]) for at in np.flatnonzero(hits).tolist()}

    def marks(self) -> list[npt.NDArray[np.bool_]]:
        """A mark for each run, all off."""
        return [np.zeros(len(keys), bool) for keys, _, _ in self._tables.values()]


def overlap_with(corpus: Corpus, texts: Corpus | Source | Mapping[str, str], *, run: int = RUN) -> Contamination:
    """What of ``texts`` (a corpus, the test cases of a source, or id -> text) stands in ``corpus``."""
    tested = test_texts(texts)
    runs = Runs(tested, run)
    marks, touched, whole = runs.marks(), [], []
    for text in corpus.texts():
        found = runs.found(text.text)
        if any(len(places) for places in found):
            touched.append(text.id)
            whole.append(text.text)  # only such a text can be equal or near to a test text of five words or more
            for mark, places in zip(marks, found, strict=True):
                mark[places] = True
    same = overlap(whole, list(tested.values()))
    return Contamination(runs.shares(marks), same.exact, same.near, tuple(touched), len(tested), runs.too_short)


@block
class Decontaminated(Step):
    """The texts of ``corpus`` that share less than ``runs`` runs of ``run`` words with the test cases of ``against``.

    ``against``: sources of cases, whose ``test`` split counts, or corpora. ``runs`` 1 is the strict rule of GPT-3.
    """

    corpus: Corpus = OpenTexts()
    against: tuple[Any, ...] = (MedicalAbstracts(),)
    run: int = RUN
    runs: int = 1

    def check(self) -> None:
        if self.run < SHORTEST or self.runs < 1 or not self.against:
            raise SpecError(
                f"decontaminated needs something to hold against, runs of {SHORTEST} words or more, 1 run or more",
                hint="against = [{ use = ... }]",
            )
        for one in self.against:
            if not isinstance(one, (Corpus, Source)):
                raise SpecError("decontaminated.against takes sources of cases and corpora", hint="name a data set")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        tested: dict[str, str] = {}
        for number, one in enumerate(self.against):
            tested |= {f"{number}/{name}": text for name, text in test_texts(one).items()}
        runs = Runs(tested, self.run)
        for text in streams[0]:
            if sum(map(len, runs.found(text.text))) >= self.runs:
                report.dropped["holds test text"] += 1
            else:
                yield text


def test_texts(texts: Corpus | Source | Mapping[str, str]) -> dict[str, str]:
    """Id -> text of what is tested on: of a case all texts of its input, one after the other."""
    if isinstance(texts, Mapping):
        return dict(texts)
    if isinstance(texts, Source):
        return {case.id: text_of(case) for case in texts.examples("test")}
    return {text.id: text.text for text in texts.texts()}


test_texts.__test__ = False  # type: ignore[attr-defined]


def text_of(case: Example) -> str:
    """All that a model is shown of a case, as one text."""
    return "\n".join([*_strings(case.input), *case.choices])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, Iterable):
        for one in value:
            yield from _strings(one)


def _table(keys: Sequence[Keys], places: Sequence[int]) -> tuple[Keys, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Different keys, sorted; where the owners of each begin; the owners."""
    every = np.concatenate(keys)
    owners = np.repeat(np.array(places, np.int64), [len(one) for one in keys])
    order = np.argsort(every, kind="stable")
    known, starts = np.unique(every[order], return_index=True)
    return known, np.append(starts, len(every)), owners[order]
