"""Claims made from true sentences: shortened ones that stay true, altered ones that do not.

The alterations are those that a model must learn to see and rules see badly: a word of another direction, a denial put in or
taken out, another name of the same passage, another number. Each returns None where a sentence offers none.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_OPPOSITES = (
    ("increase", "decrease"), ("increases", "decreases"), ("increased", "decreased"), ("increasing", "decreasing"),
    ("high", "low"), ("higher", "lower"), ("more", "less"), ("most", "least"), ("before", "after"), ("above", "below"),
    ("acute", "chronic"), ("active", "inactive"), ("inside", "outside"), ("internal", "external"), ("common", "rare"),
    ("early", "late"), ("large", "small"), ("larger", "smaller"), ("positive", "negative"), ("males", "females"),
    ("men", "women"), ("left", "right"), ("upper", "lower"), ("anterior", "posterior"), ("promotes", "prevents"),
    ("stimulates", "inhibits"), ("stimulate", "inhibit"), ("activates", "blocks"), ("causes", "prevents"),
    ("cause", "prevent"), ("improve", "worsen"), ("improves", "worsens"), ("safe", "unsafe"), ("effective", "ineffective"),
    ("always", "never"), ("all", "no"), ("fast", "slow"), ("rapidly", "slowly"), ("gain", "loss"), ("weak", "strong"),
    ("hypertension", "hypotension"), ("constriction", "dilation"), ("oxygenated", "deoxygenated"), ("sensory", "motor"),
    ("absorb", "secrete"), ("contraindicated", "indicated"), ("allowed", "forbidden"), ("begins", "ends"),
)  # fmt: skip
_TURNED = {word: other for pair in _OPPOSITES for word, other in (pair, pair[::-1])}
_OPPOSITE = re.compile(rf"\b(?:{'|'.join(sorted(_TURNED, key=len, reverse=True))})\b", re.IGNORECASE)
_AFFIRMED = re.compile(
    r"\b(is|are|was|were|can|may|should|must|will|could|would|has been|have been)\b(?! not\b| no\b|n't)"
)
_DENIED = re.compile(r"\b(?:is|are|was|were|can|may|should|must|will|could|would|does|do|did|has|have)( not)\b")
_NUMBER = re.compile(r"(?<![\w.,-])\d+(?:\.\d+)?(?![\w,]*-?[A-Za-z]*\d)")
_NAME = re.compile(
    r"(?<![.!?] )(?<!^)\b(?:[a-z]+(?:ine|ol|ide|one|ase|cyte|oma|itis|emia|gen|ins?)|[A-Z][a-z]{3,}|[A-Z]{2,5})\b"
)
_PARENTHESIS = re.compile(r"\s*\([^()]*\)")
_TAIL = re.compile(
    r"(?:, (?:which|including|such as|especially|particularly|where|resulting|leading|as well as)\b|;).*(?=\.$)"
)
_HEAD = re.compile(
    r"^(?:In (?:addition|general|contrast|fact|most cases)|However|Therefore|Typically|Generally|Usually|Often|Additionally|"
    r"Furthermore|Moreover|Although[^,]{5,80}|When[^,]{5,80}|If[^,]{5,80}|During[^,]{3,60}|After[^,]{3,60}), (?=[a-z])"
)
_CONJOINED = re.compile(r", (?:and|but) (?:it|they|the|this|these|is|are|can|may|has|have)\b.*(?=\.$)")
_SHORTEST = 30  # characters of a claim


def shortened(sentence: str, chance: random.Random) -> str | None:
    """The sentence without a parenthesis, an added clause or an opening phrase: what it says still holds."""
    out = sentence
    for rule in (_PARENTHESIS, _TAIL, _CONJOINED, _HEAD):
        if chance.random() < 0.8:
            cut = rule.sub("", out, count=1)
            out = cut if len(cut) >= _SHORTEST else out
    out = out[:1].upper() + out[1:]
    return out if out != sentence else None


def turned(sentence: str, chance: random.Random) -> str | None:
    """One word of direction, order or degree replaced by its opposite."""
    found = list(_OPPOSITE.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    other = _TURNED[match[0].lower()]
    return _put(sentence, match, other.capitalize() if match[0][0].isupper() else other)


def denied(sentence: str, chance: random.Random) -> str | None:
    """A denial taken out, or else put in after the verb."""
    found = list(_DENIED.finditer(sentence))
    if found:
        match = chance.choice(found)
        return sentence[: match.start(1)] + sentence[match.end(1) :]
    affirmed = _AFFIRMED.search(sentence)
    return _put(sentence, affirmed, f"{affirmed[0]} not") if affirmed else None


def renumbered(sentence: str, chance: random.Random) -> str | None:
    """One number replaced by another of its size."""
    found = list(_NUMBER.finditer(sentence))
    if not found:
        return None
    match = chance.choice(found)
    value = float(match[0])
    other = value * chance.choice((0.25, 0.5, 2, 3, 10)) if value else 5.0
    told = f"{other:.0f}" if other >= 3 or other == int(other) else f"{other:.2g}"
    return _put(sentence, match, told) if told != match[0] else None


def renamed(sentence: str, chance: random.Random, *, passage: str) -> str | None:
    """One name replaced by another name of the same passage that the sentence does not have."""
    found = [match for match in _NAME.finditer(sentence) if len(match[0]) > 3]
    others = sorted({match[0] for match in _NAME.finditer(passage)} - {match[0] for match in found})
    chance.shuffle(found)
    for match in found:
        alike = [name for name in others if name[0].isupper() == match[0][0].isupper() and name[-2:] == match[0][-2:]]
        if alike:
            return _put(sentence, match, chance.choice(alike))
    return None


def altered(sentence: str, chance: random.Random, *, passage: str, kinds: Sequence[str] = ()) -> tuple[str, str] | None:
    """(kind, claim) of one alteration that the sentence offers, in random order; None where there is none."""
    order = list(kinds or ("turned", "denied", "renumbered", "renamed"))
    chance.shuffle(order)
    for kind in order:
        made = {
            "turned": lambda: turned(sentence, chance),
            "denied": lambda: denied(sentence, chance),
            "renumbered": lambda: renumbered(sentence, chance),
            "renamed": lambda: renamed(sentence, chance, passage=passage),
        }[kind]()
        if made is not None and made != sentence:
            return kind, made
    return None


def _put(text: str, match: re.Match[str], other: str) -> str:
    return text[: match.start()] + other + text[match.end() :]
