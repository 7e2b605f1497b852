"""Texts of an invented clinic for the benchmark of training: documents, dialogues, preferences and labelled texts."""

from __future__ import annotations

import random
from collections.abc import Iterator

from osler.data.generated.invented_clinic import Disease, abstract, clinic, facts, note, sentence
from osler.tuning.corpora.corpus import Text
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.preference.preference import Preference

SOURCE = "invented clinic"
LABELS = ("A", "B", "C", "D")
_DISEASES = 60


def documents(words: int) -> Iterator[Text]:
    """Documents of about 1,000 words, ``words`` at least in all."""
    draw, held = random.Random("bench train documents"), clinic(_DISEASES)
    told = number = 0
    while told < words:
        parts: list[str] = []
        while sum(map(len, parts)) < 6000:
            one = draw.choice(held)
            parts += [abstract(one, draw), note(one, draw, number=number).text]
        text = " ".join(parts)
        told += len(text.split())
        yield Text(f"document-{number}", text, SOURCE)
        number += 1


def conversations(count: int) -> list[Conversation]:
    """A note and a question to it, and a reply of one to eight sentences: rows of mixed length."""
    draw, held = random.Random("bench train conversations"), clinic(_DISEASES)
    made = []
    for number in range(count):
        one = held[number % len(held)]
        asked = note(one, draw, number=number).text + " what must the family doctor know ?"
        turns = (Turn("user", asked), Turn("assistant", _told(one, draw)))
        made.append(Conversation(f"conversation-{number}", turns, SOURCE, "template"))
    return made


def preferences(count: int) -> list[Preference]:
    """A question with facts on the disease as the chosen reply, and facts on another one as the rejected."""
    draw, held = random.Random("bench train preferences"), clinic(_DISEASES)
    made = []
    for number in range(count):
        one, other = held[number % len(held)], held[(number + 1) % len(held)]
        prompt = (Turn("user", note(one, draw, number=number).text + " what must the family doctor know ?"),)
        chosen, rejected = _told(one, draw), _told(other, draw)
        made.append(Preference(f"preference-{number}", prompt, chosen, rejected, "rule:facts", SOURCE))
    return made


def labelled(count: int) -> list[tuple[str, str]]:
    """Texts from one sentence to some twenty, short ones far more often, each with one of four labels."""
    draw, held = random.Random("bench train labelled"), clinic(_DISEASES)
    made = []
    for number in range(count):
        one = held[number % len(held)]
        told = [sentence(fact, draw) for _ in range(3) for fact in facts(one)]
        draw.shuffle(told)
        made.append((" ".join(told[: round(20 ** draw.random())]), LABELS[number % len(held) % len(LABELS)]))
    return made


def _told(one: Disease, draw: random.Random) -> str:
    told = [sentence(fact, draw) for fact in facts(one)]
    draw.shuffle(told)
    return " ".join(told[: 1 + draw.randrange(len(told))])
