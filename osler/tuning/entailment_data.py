"""Pairs of a claim and a passage with what the one makes of the other, from textbooks and from plain-language rewriting.

Supported: a sentence of the passage, word for word, reworded or shortened, or its adaptation for lay readers (PLABA).
Contradicted: such a sentence with one thing altered. Unsupported: a true sentence beside text that does not say it: the
rest of its own passage, or what a search finds for it elsewhere. Modules of the books are split by hash as in
``osler.evaluation.grounding``: what is learnt from stands on one side, what is measured on the other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import NamedTuple

from osler.core.types import Example, Passage, Split
from osler.data.sets.openstax import OpenStax
from osler.data.sets.plaba import Plaba
from osler.evaluation.grounding.planted import Half, Statement, module, statements
from osler.evaluation.grounding.rewording import reworded
from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.models.entailment import Label
from osler.tuning.entailment_claims import altered, shortened
from osler.tuning.pair_training import Judged

_ABOUT = 2  # sentences before and after the source that a window may have
_DEEP = 6  # hits of the search among which a passage of another module is looked for
_LEAST = 60  # characters of a passage: shorter ones are headings and scraps
# Entries of reference lists and tasks for the reader say nothing that could be true.
_NO_CLAIM = re.compile(
    r"https?:|\bdoi\b|\bet al\b|\d\(\d|\d[–-]\d{2,}\.$|Journal|^(?:Describe|Explain|Discuss|Identify|List|Define|Compare|Name)\b"
)


class Case(NamedTuple):
    """A labelled pair: ``kind`` says how it was made, ``source`` from which module or abstract."""

    claim: str
    text: str
    label: Label
    kind: str
    source: str

    @property
    def pair(self) -> Judged:
        return Judged(self.claim, self.text, self.label)


async def textbook_cases(
    which: Half, count: int, *, seed: int = 0, passages: Sequence[Passage] = (), index: Index | None = None
) -> list[Case]:
    """About ``count`` cases from the textbooks' modules of one half, a third for each label.

    Each sentence is used once. ``passages`` and ``index``: others than those of OpenStax, and a search over them.
    """
    held = tuple(passages) or OpenStax().passages()
    finder = index or BM25(collection=OpenStax())
    chance = random.Random(f"{seed}:{which}")
    found = statements(held, which)
    chance.shuffle(found)
    out: list[Case] = []
    wanted: tuple[Label, ...] = ("supported", "contradicted", "unsupported")
    for statement in found:
        if len(out) >= count:
            break
        label = wanted[len(out) % 3]
        made = await _case(statement, label, finder, chance)
        if made is not None:
            out.append(made)
    return out


async def _case(statement: Statement, label: Label, finder: Index, chance: random.Random) -> Case | None:
    place = _place(statement)
    if place is None or _NO_CLAIM.search(statement.text):
        return None
    source = module(statement.source.id)
    if label == "unsupported":
        found = await _elsewhere(statement, place, finder, chance)
        kind, claim = _true(statement.text, chance)
        return Case(claim, found[1], label, found[0], source) if found else None
    # The alteration stands in the claim, in the passage, or (then the two agree again) in both, so that how a claim is
    # worded says nothing of its label.
    changed = altered(statement.text, chance, passage=statement.source.text)
    if label == "contradicted" and changed is None:
        return None
    said = stated = statement.text
    twin = label == "supported" and changed is not None and chance.random() < 0.5
    if changed is not None and (twin or (label == "contradicted" and chance.random() < 0.5)):
        stated = changed[1]
    if changed is not None and (twin or (label == "contradicted" and stated == statement.text)):
        said = changed[1]
    kind, claim = _true(said, chance)
    window = _window(statement.source.text, place, chance, stated)
    if label == "contradicted" and changed is not None:
        kind = changed[0]
    return Case(claim, window, label, kind, source) if len(window) >= _LEAST else None


async def _elsewhere(statement: Statement, place: int, finder: Index, chance: random.Random) -> tuple[str, str] | None:
    """(kind, text) that does not say what the statement says: of its own passage, or found in another module."""
    if chance.random() < 0.4:
        beside = _beside(statement.source.text, place, chance)
        if len(beside) >= _LEAST:
            return "rest of the passage", beside
    for item, _ in await finder.search(statement.text, _DEEP):
        if module(item.id) != module(statement.source.id) and statement.text not in item.text:
            text = _window(item.text, chance.randrange(len(sentences(item.text))), chance)
            if len(text) >= _LEAST:
                return "found", text
    return None


def _true(sentence: str, chance: random.Random) -> tuple[str, str]:
    """How a true claim is worded: as it stands, in other words, shorter, or both."""
    made, kinds = sentence, []
    if chance.random() < 0.55:
        other = reworded(made, chance)
        kinds += ["reworded"] if other != made else []
        made = other
    if chance.random() < 0.5:
        shorter = shortened(made, chance)
        kinds += ["shortened"] if shorter else []
        made = shorter or made
    return " and ".join(kinds) or "word for word", made


def _place(statement: Statement) -> int | None:
    """Which sentence of its passage a statement is."""
    text = statement.source.text
    return next((i for i, (a, b) in enumerate(sentences(text)) if text[a:b].strip() == statement.text), None)


def _window(text: str, place: int, chance: random.Random, stated: str = "") -> str:
    """The sentence at ``place`` (``stated`` in its stead) with up to two sentences on either side."""
    spans = sentences(text)
    first, last = max(0, place - chance.randint(0, _ABOUT)), min(len(spans) - 1, place + chance.randint(0, _ABOUT))
    before, after = text[spans[first][0] : spans[place][0]], text[spans[place][1] : spans[last][1]]
    return " ".join(f"{before} {stated or text[slice(*spans[place])]} {after}".split())


def _beside(text: str, place: int, chance: random.Random) -> str:
    """Sentences of a passage on one side of a place, without it; "" where there are none."""
    spans = sentences(text)
    sides = [side for side in (spans[max(0, place - 3) : place], spans[place + 1 : place + 4]) if side]
    if not sides:
        return ""
    side = chance.choice(sides)
    return " ".join(text[side[0][0] : side[-1][1]].split())


def plain_cases(split: Split, count: int, *, seed: int = 0) -> list[Case]:
    """About ``count`` cases of PLABA's abstracts of ``split``: the adapted sentence with its source (supported), or with
    other sentences of the same abstract (unsupported); half of each."""
    chance = random.Random(f"{seed}:{split}")
    abstracts: dict[str, list[Example]] = {}
    for example in Plaba(unit="sentence").examples(split):
        abstracts.setdefault(str(example.meta["abstract"]), []).append(example)
    pairs = [(name, place) for name, rows in abstracts.items() for place in range(len(rows))]
    chance.shuffle(pairs)
    out: list[Case] = []
    for name, place in pairs:
        if len(out) >= count:
            break
        rows = abstracts[name]
        texts = [str(row.input["text"]) for row in rows]
        if len(out) % 2 == 0:
            text = " ".join(texts[max(0, place - chance.randint(0, 1)) : place + 1 + chance.randint(0, 1)])
            out.append(Case(rows[place].target, text, "supported", "plain language", name))
        elif len(rows) > 4:
            away = texts[: max(0, place - 1)] + texts[place + 2 :]
            start = chance.randrange(max(1, len(away) - 1))
            text = " ".join(away[start : start + 2])
            out.append(Case(rows[place].target, text, "unsupported", "plain language", name))
    return out
