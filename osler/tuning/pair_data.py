"""Queries with their texts, as data of a retriever's training: public questions, a file of clicks, an invented clinic."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from osler.core.block import block, canonical, digest
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage, Prompt
from osler.data.generated.invented_clinic import abstract, clinic
from osler.data.published import rows as read_rows
from osler.tuning.rerank_data import Questions, Sought, without_copies
from osler.tuning.rerank_sources import Tested, joined, judged_texts, medquad, pubmedqa

_WORD = re.compile(r"[a-z][a-z-]+")


class Matched(NamedTuple):
    """A query with a text that answers it. ``id``: of the text; equal texts have equal ids. ``also``: ids of other texts
    that answer it: they are never negatives. ``wrong``: texts that do not. ``weight``: such as of its clicks."""

    id: str
    query: str
    text: str
    also: frozenset[str] = frozenset()
    wrong: tuple[str, ...] = ()
    weight: float = 1.0


@runtime_checkable
class Matches(Protocol):
    """A block that gives queries with their texts, in the same order every time."""

    def matches(self) -> Sequence[Matched]: ...


def matches_hash(found: Sequence[Matched]) -> str:
    """Hash of all that is learnt from."""
    return digest(canonical([[one.id, one.query, one.text, sorted(one.also), one.wrong, one.weight] for one in found]))


def matched_pairs(pairs: Sequence[tuple[Prompt, str]]) -> tuple[Matched, ...]:
    """A study's training cases as matches: the question with the text of the right option, or of the answer; the other
    options are wrong texts."""
    out = []
    for prompt, answer in pairs:
        options = dict(zip(prompt.labels, prompt.choices, strict=True)) if prompt.lettered else {}
        right = options.get(answer, answer)
        wrong = tuple(text for text in prompt.choices if text != right) if prompt.lettered else ()
        out.append(Matched(digest(right.encode("utf-8", "replace"), size=8), prompt.question, right, wrong=wrong))
    return tuple(out)


@block
class PublicQuestions:
    """Questions of public sets with the passage that answers each: MedQuAD's training part, PubMedQA's.

    apart: sets on which is measured later; questions and passages that share text with theirs are left out (copies, near
    copies, runs of twelve words). characters: longest passage. most: so many, drawn by ``seed``; 0 for all.
    """

    sources: tuple[Literal["medquad", "pubmedqa"], ...] = ("medquad",)
    apart: tuple[Tested, ...] = ("bioasq", "liveqa")
    characters: int = 500
    most: int = 0
    seed: int = 0

    def check(self) -> None:
        if not self.sources or self.characters < 1 or self.most < 0:
            raise SpecError("public_questions needs a source, characters above 0 and most of 0 or more")

    def questions(self) -> Questions:
        """The questions, with counts of what was left out and why."""
        held = self.__dict__.get("_questions")
        if held is None:
            read = {"medquad": medquad, "pubmedqa": pubmedqa}
            whole = joined(*(read[name](characters=self.characters) for name in self.sources))
            sought = list(whole.sought)
            if self.most and self.most < len(sought):
                sought = random.Random(self.seed).sample(sought, self.most)
            held = Questions(tuple(sought), whole.passages, whole.left_out)
            if self.apart:
                held = without_copies(held, judged_texts(self.apart))
            self.__dict__["_questions"] = held
        return held

    def matches(self) -> tuple[Matched, ...]:
        return tuple(_matched(one) for one in self.questions().sought)


def _matched(one: Sought) -> Matched:
    return Matched(one.right.id, one.query, one.right.text, one.also - {one.right.id})


@block
class ClickLog:
    """Queries with the texts that readers chose, from a file of JSON lines: ``query``, ``id`` and ``text`` (of the text),
    and where they are known ``clicks`` and ``wrong`` (a list of texts).

    weighting: "log" counts a pair log2(1 + clicks), "equal" once. Texts chosen for an equal query are no negatives of it.
    """

    path: str = "clicks.jsonl"
    weighting: Literal["log", "equal"] = "log"

    def matches(self) -> tuple[Matched, ...]:
        found = list(read_rows(Path(self.path), what="the click log"))
        chosen: dict[str, set[str]] = {}
        for place, row in enumerate(found):
            if not all(isinstance(row.get(name), str) and row[name] for name in ("query", "id", "text")):
                raise DataError(
                    f"row {place + 1} of {Path(self.path).name!r} lacks a query, an id or a text",
                    hint="every row needs these three, as texts",
                )
            chosen.setdefault(row["query"], set()).add(row["id"])
        return tuple(
            Matched(
                row["id"],
                row["query"],
                row["text"],
                frozenset(chosen[row["query"]] - {row["id"]}),
                tuple(row.get("wrong", ())),
                math.log2(1 + float(row.get("clicks", 1))) if self.weighting == "log" else 1.0,
            )
            for row in found
        )


@block
class InventedClicks:
    """A made-up log of searches over known texts, for small trainings: readers ask with words of their own.

    source: whose texts are searched, those of an invented clinic or the conclusions of PubMedQA's training part. texts: how
    many. A query has ``words`` words of its text, rare ones above all; the share ``lay`` of them stands in readers' words:
    here the word spelt backwards, which no text has, so that only a log can teach what it means. each: queries on a
    text. part: "train" or "test" queries, never the same. Clicks are drawn, and count as in ClickLog.
    """

    source: Literal["clinic", "pubmedqa"] = "clinic"
    texts: int = 200
    each: int = 6
    words: int = 4
    lay: float = 0.7
    part: Literal["train", "test"] = "train"
    seed: int = 0

    def check(self) -> None:
        if min(self.texts, self.each, self.words) < 1 or not 0 <= self.lay <= 1:
            raise SpecError("invented_clicks needs texts, each and words of 1 or more, and a share lay from 0 to 1")

    def passages(self) -> tuple[Passage, ...]:
        """The texts that are searched."""
        if self.source == "pubmedqa":
            found = [one.right for one in pubmedqa(characters=250).sought]
            return tuple(random.Random(f"clicks {self.seed}").sample(found, min(self.texts, len(found))))
        held = clinic(self.texts, seed=self.seed)
        return tuple(Passage(id=one.id, text=abstract(one, random.Random(f"{self.seed} {one.id}"))) for one in held)

    def matches(self) -> tuple[Matched, ...]:
        passages = self.passages()
        tokens = [_WORD.findall(item.text.lower()) for item in passages]
        spread = Counter(word for row in tokens for word in set(row))
        out = []
        for item, row in zip(passages, tokens, strict=True):
            own = sorted(set(row), key=lambda word: (spread[word], word))[: 5 * self.words]
            asked: set[str] = set()
            for part in ("train", "test"):
                draw = random.Random(f"clicks {self.seed} {item.id} {part}")
                for _ in range(self.each):
                    chosen = draw.sample(own, min(self.words, len(own)))
                    query = " ".join(word[::-1] if draw.random() < self.lay else word for word in chosen)
                    clicks = math.floor(draw.expovariate(0.4)) + 1
                    if part == self.part and query not in asked:
                        out.append(Matched(item.id, query, item.text, weight=math.log2(1 + clicks)))
                    asked.add(query)
        return tuple(out)
