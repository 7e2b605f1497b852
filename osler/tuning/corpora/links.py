"""Pairs of segments as LinkBERT learns from them: what follows, anything, or the start of a document that is linked."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.tuning.corpora.cohort_notes import Invented
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.step import Report, Step

Relation = Literal["contiguous", "random", "linked"]
RELATIONS: tuple[Relation, ...] = ("contiguous", "random", "linked")


class SegmentPair(NamedTuple):
    """Two segments and how they stand to each other; ``documents``: the ids of theirs."""

    first: str
    second: str
    relation: Relation
    documents: tuple[str, str]


@block
class Linked(Step):
    """The texts of ``corpus``, of whose links only those to texts of the corpus stay, and ``pairs`` of their segments.

    words: of a segment. relations: that are drawn, each as often; a document without a link, or with one segment, gives
    those that it can. A linked document is drawn with a chance in inverse proportion to how often it is linked to, so
    that popular ones do not fill the pairs. ``both``: a link counts in both directions. Source: LinkBERT (Yasunaga et
    al. 2022, sections 3 and 4).
    """

    corpus: Corpus = Invented()
    words: int = 120
    relations: tuple[Relation, ...] = RELATIONS
    both: bool = False
    seed: int = 0

    def check(self) -> None:
        if self.words < 1 or not self.relations or len(set(self.relations)) < len(self.relations):
            raise SpecError("linked needs segments of 1 word or more and different relations", hint="words = 120")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        held = list(streams[0])
        links = self._links(held)
        for text in held:
            found = links[text.id]
            report.changed += found != text.links
            yield text._replace(links=found)

    def pairs(self, each: int = 1) -> Iterator[SegmentPair]:
        """``each`` pairs for every document, in order. DataError where no document gives a pair."""
        held = {text.id: text for text in self.texts()}
        cut = {name: segments(text.text, self.words) for name, text in held.items()}
        cited: dict[str, int] = {}
        for text in held.values():
            for other in text.links:
                cited[other] = cited.get(other, 0) + 1
        names, none = list(held), True
        for text in held.values():
            draw = random.Random(f"{self.seed}/{text.id}")
            for _ in range(each):
                pair = self._pair(text, cut, cited, names, draw)
                if pair is not None:
                    none = False
                    yield pair
        if none:
            raise DataError("no document gives a pair of segments", hint="lower words, or give a corpus with links")

    def _pair(
        self,
        text: Text,
        cut: Mapping[str, Sequence[str]],
        cited: Mapping[str, int],
        names: Sequence[str],
        draw: random.Random,
    ) -> SegmentPair | None:
        own = cut[text.id]
        can = [
            relation
            for relation in self.relations
            if own
            and (relation != "contiguous" or len(own) > 1)
            and (relation != "linked" or text.links)
            and (relation != "random" or len(names) > 1 + len(text.links))
        ]
        if not can:
            return None
        relation = draw.choice(can)
        if relation == "contiguous":
            place = draw.randrange(len(own) - 1)
            return SegmentPair(own[place], own[place + 1], relation, (text.id, text.id))
        if relation == "linked":
            other = draw.choices(text.links, [1 / cited[name] for name in text.links])[0]
        else:
            taken = {text.id, *text.links}
            other = next(name for name in iter(lambda: draw.choice(names), None) if name not in taken)
        return SegmentPair(draw.choice(own), draw.choice(cut[other]), relation, (text.id, other))

    def _links(self, held: Sequence[Text]) -> dict[str, tuple[str, ...]]:
        found: dict[str, dict[str, None]] = {text.id: {} for text in held if text.text.strip()}
        for text in held:
            for other in text.links:
                if other in found and text.id in found and other != text.id:
                    found[text.id][other] = None
                    if self.both:
                        found[other][text.id] = None
        return {text.id: tuple(found.get(text.id, ())) for text in held}


def segments(text: str, words: int) -> list[str]:
    """``text`` in runs of ``words`` words; a rest of less than a quarter of that belongs to the run before."""
    held = text.split()
    if not held:
        return []
    cuts = list(range(0, len(held), words))
    if len(cuts) > 1 and len(held) - cuts[-1] < words / 4:
        cuts.pop()
    return [" ".join(held[start:end]) for start, end in zip(cuts, [*cuts[1:], len(held)], strict=True)]
