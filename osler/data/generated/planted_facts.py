"""Made-up drugs and diseases: questions whose answers stand in planted passages and nowhere else.

Names are made of syllables and belong to one case alone, so that nobody can know an answer, and what a search for a
name finds is known. Around every fact stand ``noise`` passages that name the same thing more often and tell nothing.
"""

from __future__ import annotations

import dataclasses
import random
from typing import Literal

from osler.core.types import LETTERS, Example, Passage

Kind = Literal["plain", "other_words", "chain", "two_parts"]
_SYLLABLES = [first + vowel for first in "bcdfghklmnprstvz" for vowel in "aeiou"]

_LINKS = (
    ("By what is {} caused?", "{} is caused by {}."),
    ("By what is {} carried?", "{} is carried by {}."),
    ("With what is {} treated?", "{} is treated with {}."),
)


@dataclasses.dataclass(frozen=True)
class Planted:
    """``cases`` with lettered options; ``passages`` that hold their facts, and noise. A case's ``meta["hops"]`` are the
    facts that it needs (question, sentence, short answer), its ``meta["evidence"]`` the ids of their passages."""

    cases: tuple[Example, ...]
    passages: tuple[Passage, ...]


def planted(n: int, kind: Kind = "plain", *, hops: int = 2, noise: int = 2, seed: int = 0) -> Planted:
    """``n`` cases of one kind.

    plain: the question is worded as the fact is. other_words: it names the drug by a word that no passage about its dose
    holds. chain: ``hops`` facts (2 to 4), each naming what the next one is about. two_parts: two facts that do not need each other.
    """
    rng = random.Random(f"planted/{kind}/{hops}/{seed}")
    cases: list[Example] = []
    passages: list[Passage] = []
    for at in range(n):
        name = f"{kind}{hops if kind == 'chain' else ''}-{at}"
        names = [_word(rng) for _ in range(6)]
        first = rng.randrange(100, 900)
        choices = tuple(f"{first + 7 * i} units" for i in range(4))
        truth = rng.randrange(4)
        question, facts, told = _case(kind, hops, names, choices[truth])
        held = [Passage(id=f"{name}-f{i}", text=fact[1]) for i, fact in enumerate(facts)]
        around = [_noise(thing, i) for thing in told for i in range(noise)]
        passages += [*held, *(Passage(id=f"{name}-n{i}", text=text) for i, text in enumerate(around))]
        meta = {"hops": facts, "evidence": [passage.id for passage in held], "kind": kind}
        cases.append(Example(id=name, input={"question": question}, target=LETTERS[truth], choices=choices, meta=meta))
    rng.shuffle(passages)
    return Planted(tuple(cases), tuple(passages))


def _case(kind: Kind, hops: int, names: list[str], dose: str) -> tuple[str, list[list[str]], list[str]]:
    """The question, the facts, and the names that noise is made about."""
    drug, disease, cause, lay, other, agent = names
    last = f"The usual dose of {drug} is {dose}."
    if kind == "plain":
        return f"What is the usual dose of {drug}?", [[f"What is the usual dose of {drug}?", last, dose]], [drug]
    if kind == "other_words":
        return f"How much {lay} do patients get?", [[f"What is the usual dose of {drug}?", last, dose]], [drug, lay]
    if kind == "two_parts":
        parts = [[f"What is the limit for {one}?", f"The limit for {one} is {dose}.", dose] for one in (disease, other)]
        return f"May {disease} and {other} be treated at once, and how?", parts, [disease, other]
    links = _LINKS[: hops - 2] + _LINKS[-1:]
    things = [*[disease, cause, agent][: hops - 1], drug]
    facts = [
        [asks.format(f"#{at}" if at else things[0]), states.format(things[at], things[at + 1]), things[at + 1]]
        for at, (asks, states) in enumerate(links)
    ]
    facts.append([f"What is the usual dose of #{hops - 1}?", last, dose])
    return f"How should someone with {disease} be helped?", facts, [disease, drug]


def _noise(name: str, number: int) -> str:
    texts = (f"{name}, {name}: so it was called.", f"Nobody had heard of {name} before {name} came up.")
    return texts[number % len(texts)]


def _word(rng: random.Random) -> str:
    return "".join(rng.choice(_SYLLABLES) for _ in range(4)).capitalize()
