"""The sentences of the passages shown, ready to be compared: their places, content words and how much of a claim they hold."""

from __future__ import annotations

import functools
import math
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from osler.core.types import Passage
from osler.evaluation.grounding.wording import plain as one_spelling
from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.evaluation.metrics.faithfulness.spoken_numbers import digits
from osler.evaluation.metrics.faithfulness.words import content, nfkc, stem, word_set
from osler.evaluation.metrics.structure.units import unit

Kind = str
_MEASURED = word_set(
    "once twice thrice times daily weekly monthly yearly nightly hourly every each per bid tid qid percent no not nor none never without cannot neither roughly nearly almost"
)
KINDS: tuple[Kind, ...] = (
    "number", "unit", "dose", "negation", "side", "direction", "drug", "citation", "calculation", "other",
)  # fmt: skip
# A few things that texts for doctors and for patients call by other names, where a single word would not do.
_NAMED = tuple(
    (re.compile(rf"\b{said}\b", re.IGNORECASE), name)
    for said, name in (
        ("high blood pressure", "hypertension"), ("low blood pressure", "hypotension"), ("heart attacks?", "myocardial infarction"),
        ("high blood sugar", "hyperglycemia"), ("low blood sugar", "hypoglycemia"), ("blood sugar", "blood glucose"),
        ("health ?care providers?", "clinician"), ("physicians?|doctors?", "clinician"),
    )
)  # fmt: skip
_ALIKE = {
    stem(word): told[0]
    for told in (
        (
            "increase",
            "increases",
            "increased",
            "raise",
            "raises",
            "raised",
            "rise",
            "rises",
            "rose",
            "elevate",
            "elevated",
        ),
        (
            "decrease",
            "decreases",
            "decreased",
            "reduce",
            "reduces",
            "reduced",
            "lower",
            "lowers",
            "lowered",
            "drop",
            "dropped",
        ),
        ("need", "needs", "require", "requires", "required"),
        ("person", "client", "clients", "patient", "patients", "individual", "people"),
        (
            "give",
            "gives",
            "given",
            "giving",
            "administer",
            "administered",
            "administration",
            "receive",
            "receives",
            "received",
            "take",
            "takes",
            "taken",
            "taking",
        ),
    )
    for word in told
}
# References to literature and figures in brackets: their years and numbers are no facts of the sentence.
_REFERENCE = re.compile(
    r"\((?:[^()]{0,120}?,\s*)?(?:n\.\s?d\.|(?:19|20)\d\d[a-z]?)(?:[;,][^()]{0,120})?\)|\((?:see|refer to)[^()]{0,80}\)|"
    r"\b(?:Figure|Table|Chapter|Box|Section)\s+\d+(?:\.\d+)?",
)


class Mismatch(NamedTuple):
    """Where a claim and a sentence part. ``contradicts``: the sentence says otherwise; else it does not say it at all.

    ``words``: stems of the claim that the difference accounts for, so that they do not count as missing beside it.
    """

    kind: Kind
    contradicts: bool
    reason: str
    words: frozenset[str] = frozenset()


class Line(NamedTuple):
    """A sentence: characters ``start`` to ``end`` of the passage with the number ``passage``.

    ``near`` is the sentence with those right before and after it.
    """

    passage: int
    start: int
    end: int
    text: str
    stems: frozenset[str]
    near: str


def unreferenced(text: str) -> str:
    """A sentence without its references to literature, figures and tables."""
    return re.sub(r"\s+", " ", _REFERENCE.sub(" ", text)).strip()


def alike(stem: str) -> str:
    """One stem for words that stand for one another here: person and client, give and take (of a drug)."""
    return _ALIKE.get(stem, stem)


@functools.lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The stems of the content words of a text, without numbers, units, how often and denials: the rules compare those."""
    said = digits(nfkc(text))
    for pattern, name in _NAMED:
        said = pattern.sub(name, said)
    return frozenset(
        alike(word.stem)
        for word in content(said)
        if not word.text[0].isdigit()
        and not word.text.endswith("n't")
        and word.text not in _MEASURED
        and unit(word.text) is None
    )


# "It is taken with food" is said of what the sentence before it is about.
_PRONOUN = re.compile(r"\s*(?:it|its|they|their|these|this|he|she)\b", re.IGNORECASE)
_FIRST = 2  # content words at the front of a sentence that are taken for its subject


def _subject(said: str) -> frozenset[str]:
    front = [word.text for word in content(said) if stems(word.text)][:_FIRST]
    return stems(" ".join(front))


@functools.lru_cache(maxsize=2048)
def _lines(text: str) -> tuple[tuple[int, int, str, frozenset[str], str], ...]:
    # Curly apostrophes are made plain by hand: NFKC would move the places.
    plain = text.replace("’", "'").replace("‘", "'")
    held = [(start, end) for start, end in sentences(plain) if stems(plain[start:end])]
    out = []
    subject: frozenset[str] = frozenset()
    for number, (start, end) in enumerate(held):
        first, last = held[max(0, number - 1)][0], held[min(len(held) - 1, number + 1)][1]
        said = one_spelling(unreferenced(plain[start:end]))
        refers = _PRONOUN.match(said) is not None
        subject = subject if refers else _subject(said)
        own = stems(said) | subject if refers else stems(said)
        out.append((start, end, said, own, one_spelling(unreferenced(plain[first:last]))))
    return tuple(out)


def lines(passages: Sequence[Passage]) -> tuple[Line, ...]:
    """All sentences of the passages, in order."""
    return tuple(Line(number, *line) for number, passage in enumerate(passages) for line in _lines(passage.text))


class Weights:
    """How much each stem counts: rare ones among the sentences shown say more of what a sentence is about."""

    def __init__(self, held: Sequence[Line]) -> None:
        self._lines = max(1, len(held))
        self._often = Counter(stem for line in held for stem in line.stems)

    def __getitem__(self, stem: str) -> float:
        return math.log(1.0 + self._lines / (1 + self._often[stem]))

    def share(self, wanted: frozenset[str], held: frozenset[str]) -> float:
        """How much of ``wanted`` is in ``held``, 0 to 1, by weight."""
        whole = sum(self[stem] for stem in wanted)
        return sum(self[stem] for stem in wanted & held) / whole if whole else 0.0
