"""A made-up exam: questions with lettered options whose answer nobody can guess from the wording.

Questions come in topics. Those of one topic share made-up words and those of different topics share none, so that the
nearest solved question by wording is of the same topic, and a random one is no neighbour.
"""

from __future__ import annotations

import random

from osler.core.types import LETTERS, Example
from osler.tasks.template import Template

EXAM = Template(
    title="A made-up exam",
    capability="knowledge and reasoning",
    instruction="Answer the question.",
    question="{question}",
    lettered=True,
)
_SYLLABLES = [first + vowel for first in "bcdfghklmnprstvz" for vowel in "aeiou"]


def exam(n: int, *, options: int = 4, topics: int = 40, seed: int = 0, name: str = "q") -> list[Example]:
    """``n`` questions over ``topics`` topics taken in turn, the right option at a place drawn evenly."""
    rng = random.Random(f"exam/{seed}/{name}")
    out = []
    for at in range(n):
        topic = at % topics
        truth = rng.randrange(options)
        first = rng.randrange(1000)
        choices = tuple(f"finding {first + 7 * i}" for i in range(options))
        out.append(
            Example(
                id=f"{name}{at}",
                input={"question": f"{name}{at} {words_of(topic)}?"},
                target=LETTERS[truth],
                choices=choices,
                meta={"topic": str(topic)},
            )
        )
    return out


def words_of(topic: int) -> str:
    """Four words of three syllables that no other topic has, the same ones for every seed."""
    return " ".join(_word(4 * topic + at) for at in range(4))


def _word(number: int) -> str:
    """A word of its own for each number below 421,875; neighbours do not look alike."""
    size = len(_SYLLABLES)
    rest = (number * 189_283 + 7) % size**3  # 189,283 has no factor in common with 75, so no word comes twice
    return "".join(_SYLLABLES[rest // size**place % size] for place in range(3))
