"""What a frozen encoder knows of invented notes: their words tagged by a linear probe, entities counted whole."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from osler.data.generated import invented_clinic as invented
from osler.tuning.pretrain_figures import probe, token_vectors

CONCEPTS = ("disease", "symptom", "drug", "test")
IDENTIFIERS = ("name", "date", "town", "number")


class Tagged(NamedTuple):
    """Words with tags of the kind B-drug, I-drug, O."""

    words: tuple[str, ...]
    tags: tuple[str, ...]


def tagged_notes(
    clinic: Sequence[invented.Disease], count: int, kinds: Sequence[str], *, seed: int = 0, doses: bool = False
) -> list[Tagged]:
    """``count`` notes on patients of a clinic with the entities of ``kinds``. ``doses``: a drug's dose is part of it, so
    that the entity has three words."""
    draw = random.Random(f"tagged notes {seed}")
    made = []
    for at in range(count):
        note = invented.note(draw.choice(list(clinic)), draw, number=at)
        made.append(_tagged(note, kinds, doses))
    return made


def _tagged(note: invented.Note, kinds: Sequence[str], doses: bool) -> Tagged:
    words, tags, place = note.text.split(" "), [], 0
    for word in words:
        span = next((one for one in note.spans if one.start <= place < one.end and one.kind in kinds), None)
        tags.append("O" if span is None else f"{'B' if span.start == place else 'I'}-{span.kind}")
        place += len(word) + 1
    if doses:
        for at, tag in enumerate(tags):
            if tag == "B-drug":
                tags[at + 1 : at + 3] = ["I-drug", "I-drug"]
    return Tagged(tuple(words), tuple(tags))


def probed_tags(folder: str | Path, known: Sequence[Tagged], asked: Sequence[Tagged]) -> list[tuple[str, ...]]:
    """Tags of ``asked`` by logistic regression on the encoder's frozen vectors of the words of ``known``."""
    names = sorted({tag for one in known for tag in one.tags})
    found = token_vectors(folder, [one.words for one in (*known, *asked)])
    x = np.concatenate(found[: len(known)])
    y = np.array([names.index(tag) for one in known for tag in one.tags], np.int64)
    said = probe(x, y, np.concatenate(found[len(known) :]), classes=len(names))
    ends = np.cumsum([len(one.tags) for one in asked])
    return [tuple(names[at] for at in part) for part in np.split(said, ends[:-1])]


def entities(tags: Sequence[str]) -> set[tuple[int, int, str]]:
    """(start, end, kind) of each entity; an I- without its B- begins one, as conlleval has it."""
    found: set[tuple[int, int, str]] = set()
    start = 0
    for at, tag in enumerate([*tags, "O"]):
        before = tags[at - 1] if at else "O"
        if before != "O" and (tag == "O" or tag[0] == "B" or tag[2:] != before[2:]):
            found.add((start, at, before[2:]))
        if tag != "O" and (before == "O" or tag[0] == "B" or tag[2:] != before[2:]):
            start = at
    return found


def entity_f1(gold: Sequence[str], said: Sequence[str]) -> float:
    """F1 of the entities of one text; right is only a whole entity with its kind. 1 where there is none on both sides."""
    return _f1(entities(gold), entities(said))


def token_f1(gold: Sequence[str], said: Sequence[str]) -> float:
    """F1 of the words of one text that are in an entity, by kind alone: a half-found entity counts half."""
    return _f1(*({(at, tag[2:]) for at, tag in enumerate(tags) if tag != "O"} for tags in (gold, said)))


def _f1(
    gold: set[tuple[int, int, str]] | set[tuple[int, str]], said: set[tuple[int, int, str]] | set[tuple[int, str]]
) -> float:
    both = len(set(gold) & set(said))
    return 2 * both / (len(gold) + len(said)) if gold or said else 1.0
