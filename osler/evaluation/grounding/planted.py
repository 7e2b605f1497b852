"""Planted errors and their clean twins: true sentences of textbooks, each shown with its passage among others.

A sentence gives its twin word for word, a light rewording of it, and one error planted in the one or the other. Modules of
the books (the id of a passage before its last colon) fall into two halves by their hash: rules are made on one and
reported on the other.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from osler.core.block import digest
from osler.core.types import Passage
from osler.evaluation.grounding.planting import ERRORS, PLANTERS, other_drug
from osler.evaluation.grounding.rewording import reworded
from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.knowledge.passages import Index

Half = Literal["made on", "reported"]
_FRAGMENT = re.compile(r"\b(?:e\.g|i\.e|et al|vs|Dr|Mr|Mrs|Fig|approx|U\.S|St)\.|[\[\]{}|]|^\W|\.\.\.|:$")
# Sentences whose subject stands in an earlier one, and what is about the book itself, are no claims of their own.
_DEPENDS = re.compile(
    r"^(?:John.s wort|Describe|Explain|Identify|Discuss|Define|Understand|Compare|Outline|Review|Summarize|Recognize|List|Name|National|It|This|That|These|Those|They|He|She|His|Her|Their|Its|We|You|I|Here|There|Both|Another|Others?|Such|However|But|And|Or|So|"
    r"Thus|Therefore|Then|Also|Similarly|Likewise|Finally|Next|First|Second|Third|Conversely|Instead|Because of this|In this|In addition|"
    r"As a result|For example|For instance|Note|See|Recall|What|Which|How|Why)\b|\b(?:chapter|textbook|figure|table|section|image|photo|learning)\b",
    re.IGNORECASE,
)
_HOLDS = 0.6  # share of a sentence's words from which another passage may say the same
SHORTEST, LONGEST = 50, 260  # characters of a statement


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """A true sentence of the passage ``source``."""

    text: str
    source: Passage


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """An answer of one sentence with its citation, and the passages shown.

    ``error``: the kind that was planted, "" where the answer is true, "removed" where it is true and its passage was taken
    away. ``form``: whether the sentence stands in the passage word for word but for the error. ``twin``: the true sentence.
    """

    id: str
    error: str
    form: Literal["verbatim", "reworded"]
    answer: str
    passages: tuple[Passage, ...]
    twin: str


def module(passage: str) -> str:
    """The module of a passage's id: all before its last colon."""
    return passage.rpartition(":")[0] or passage


def source_module(item: Item) -> str:
    """The module from which an item's sentence is; "" where its passage was taken away."""
    return next((module(one.id) for one in item.passages if item.twin in one.text), "")


def half(passage: str) -> Half:
    """The half of the modules to which a passage belongs."""
    return "made on" if int(digest(module(passage).encode(), size=4), 16) % 2 else "reported"


def statements(passages: Sequence[Passage], which: Half) -> list[Statement]:
    """The sentences of one half that can stand alone as a claim."""
    out = []
    for passage in passages:
        if half(passage.id) == which:
            for start, end in sentences(passage.text):
                said = passage.text[start:end].strip()
                if SHORTEST <= len(said) <= LONGEST and _stands_alone(said):
                    out.append(Statement(said, passage))
    return out


def _stands_alone(said: str) -> bool:
    return (
        said[0].isupper()
        and said.endswith(".")
        and not _FRAGMENT.search(said)
        and not _DEPENDS.search(said)
        and said.count("(") == said.count(")")
        and "\n" not in said
    )


async def planted(
    passages: Sequence[Passage],
    index: Index,
    *,
    which: Half,
    each: Mapping[str, int],
    names: frozenset[str],
    k: int = 4,
    seed: int = 0,
) -> list[Item]:
    """For each kind of error so many sentences, and of each: the planted one, its twin, and a rewording where there is one.

    ``names``: the lexicon by which drugs are swapped. ``k``: passages shown, the sentence's own among the best that
    ``index`` finds for it. Every second error is planted in the rewording. Half of the swapped drugs come from the
    sentence's own passage.
    """
    rng = random.Random(f"{seed}:{which}")
    held = statements(passages, which)
    rng.shuffle(held)
    pool = _drugs(passages, which, names)
    taken: set[str] = set()
    out: list[Item] = []
    for kind in ERRORS:
        wanted = each.get(kind, 0)
        for statement in held:
            if not wanted:
                break
            if statement.text in taken:
                continue
            made = await _made(statement, kind, index, names, pool, k, rng, number=len(taken))
            if made:
                taken.add(statement.text)
                out += made
                wanted -= 1
    return out


async def _made(
    statement: Statement,
    kind: str,
    index: Index,
    names: frozenset[str],
    pool: Sequence[str],
    k: int,
    rng: random.Random,
    *,
    number: int,
) -> list[Item]:
    other = reworded(statement.text, rng)
    in_rewording = bool(number % 2) and other != statement.text
    host = other if in_rewording else statement.text
    changed = host if kind == "citation" else _changed(host, kind, statement, names, pool, rng, number)
    if changed is None:
        return []
    found = [passage for passage, _ in await index.search(statement.text, k + 4)]
    beside = [passage for passage in found if statement.text not in passage.text]
    if len(beside) < k:
        return []
    shown = [statement.source, *beside[: k - 1]]
    rng.shuffle(shown)
    name = f"{kind}-{number}"
    source = statement.source.id
    cited: str | None = _wrong_id(statement.text, source, shown, rng, number) if kind == "citation" else source
    if cited is None:
        return []

    def item(tag: str, error: str, text: str, form: Literal["verbatim", "reworded"], at: str) -> Item:
        return Item(f"{name}-{tag}", error, form, _with_mark(text, at), tuple(shown), statement.text)

    out = [
        item("planted", kind, changed, "reworded" if in_rewording else "verbatim", cited),
        item("twin", "", statement.text, "verbatim", source),
    ]
    if other != statement.text:
        out.append(item("reworded", "", other, "reworded", source))
    without = tuple(beside[:k])
    out.append(
        Item(
            f"{name}-removed", "removed", "verbatim", _with_mark(statement.text, without[0].id), without, statement.text
        )
    )
    return out


def _changed(
    host: str,
    kind: str,
    statement: Statement,
    names: frozenset[str],
    pool: Sequence[str],
    rng: random.Random,
    number: int,
) -> str | None:
    if kind != "drug":
        return PLANTERS[kind](host, rng)
    near = sorted(_named(statement.source.text, names))
    return other_drug(host, rng, names, near if number % 2 and len(near) > 1 else pool)


def _named(text: str, names: frozenset[str]) -> set[str]:
    return {word.casefold() for word in re.findall(r"[A-Za-z-]{5,}", text)} & names


def _drugs(passages: Sequence[Passage], which: Half, names: frozenset[str]) -> list[str]:
    """Drugs of the lexicon that the passages of one half name."""
    found: set[str] = set()
    for passage in passages:
        if half(passage.id) == which:
            found |= _named(passage.text, names)
    return sorted(found)


def _wrong_id(text: str, source: str, shown: Sequence[Passage], rng: random.Random, number: int) -> str | None:
    """An id that was not shown but looks like one that was, or that of a passage shown that does not hold the sentence;
    None where each passage shown might."""
    if number % 2:
        words = _words(text)
        silent = [
            item.id for item in shown if item.id != source and len(words & _words(item.text)) < _HOLDS * len(words)
        ]
        return rng.choice(silent) if silent else None
    there = {item.id for item in shown}
    tail = source.rpartition(":")[2]
    while True:
        made = f"{module(source)}:{(int(tail) if tail.isdigit() else 0) + rng.randint(1, 400)}"
        if made not in there:
            return made


def _words(text: str) -> frozenset[str]:
    return frozenset(word.casefold() for word in re.findall(r"[A-Za-z]{4,}", text))


def _with_mark(text: str, source: str) -> str:
    return f"{text.rstrip('.')} [{source}]."
