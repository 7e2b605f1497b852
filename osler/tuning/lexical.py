"""What words and numbers say of a question and a sentence, where an embedding is blind: negation, limits, sex."""

from __future__ import annotations

import re
from typing import NamedTuple

_NEGATION = re.compile(
    r"\b(?:no|not|never|none|without|denies|denied|negative|nor|neither|absent|absence|free of|free from|unremarkable|"
    r"unknown|stopped|discontinued|non|nkda|nad)\b|n't\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W\d_]+|\d+(?:\.\d+)?")
_STOP_WORDS = (
    "a an the of or and to in with for on at by is are be been has have had who that which any as from other than not "
    "no patient patients subject subjects participant participants history must will should may can this their"
)
_STOP = frozenset(_STOP_WORDS.split())
_STEM = 6  # letters of a word that count: hypertensive and hypertension are one

_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"(?:between )?{_NUMBER}\s*(?:-|–|to|and)\s*{_NUMBER}")
_LOW = re.compile(
    rf"(?:≥|>=|>|at least|minimum of|more than|greater than|above|over|older than|exceeding|higher than)\s*{_NUMBER}"
    rf"|{_NUMBER}[^.;,\d]{{0,20}}\b(?:or (?:older|more|above|over|greater|higher)|and (?:older|above|over))\b(?!\s*\d)"
)
_HIGH = re.compile(
    rf"(?:≤|<=|<|at most|maximum of|less than|lower than|below|under|younger than|up to)\s*{_NUMBER}"
    rf"|{_NUMBER}[^.;,\d]{{0,20}}\b(?:or (?:younger|less|below|under|lower)|and (?:younger|below|under))\b(?!\s*\d)"
)
_AGE = re.compile(
    rf"\b{_NUMBER}[ -]*(?:years?|yrs?|y)?[ -]*(?:old|/o|o\b|\.o)|\b{_NUMBER}[ -]?(?:year|yr)", re.IGNORECASE
)
_AGED = re.compile(r"\b(?:age|aged|ages|years old|years of age|older|younger|adults?)\b", re.IGNORECASE)
_VALUE = re.compile(rf"[^.;,\d]{{0,30}}?{_NUMBER}")
_FEMALE = re.compile(r"\b(?:females?|wom[ae]n|girl|she|her|lady|mother of)\b", re.IGNORECASE)
_MALE = re.compile(r"(?<!fe)\b(?:males?|m[ae]n|boy|he|his|gentleman)\b", re.IGNORECASE)


def negated(text: str) -> bool:
    """Whether ``text`` has a cue of negation or absence (after NegEx, Chapman et al. 2001)."""
    return _NEGATION.search(text) is not None


def stems(text: str) -> frozenset[str]:
    """The content words of ``text``, lower case, first six letters; numbers whole."""
    words = _WORD.findall(text.lower())
    return frozenset(word[:_STEM] for word in words if word not in _STOP and (len(word) > 1 or word.isdigit()))


class Limits(NamedTuple):
    """Ranges a number may lie in. ``every``: it must lie in all of them ("at least 18 and under 65")."""

    ranges: tuple[tuple[float, float], ...]
    every: bool

    def hold(self, value: float) -> bool:
        inside = [low <= value <= high for low, high in self.ranges]
        return all(inside) if self.every else any(inside)


def limits(text: str) -> Limits | None:
    """The limits on a number that ``text`` states, or None. Strict and non-strict limits are not told apart."""
    lowered = text.lower()
    pairs = [(_float(match[1]), _float(match[2])) for match in _RANGE.finditer(lowered)]
    ranges = tuple(pair for pair in pairs if pair[0] <= pair[1])  # a date is no range: 2023-08
    if ranges:
        return Limits(ranges, False)
    found = [(_float(match[1] or match[2]), float("inf")) for match in _LOW.finditer(lowered)]
    found += [(float("-inf"), _float(match[1] or match[2])) for match in _HIGH.finditer(lowered)]
    return Limits(tuple(found), " or " not in lowered) if found else None


def value_for(question: str, sentence: str) -> float | None:
    """The number in ``sentence`` that ``question`` asks about: an age, or what follows their last common word."""
    if _AGED.search(question) and (age := _AGE.search(sentence)):
        return _float(age[1] or age[2])
    wanted = stems(question)
    last = None
    for word in re.finditer(r"[^\W\d_]+", sentence):
        if word[0].lower()[:_STEM] in wanted and (number := _VALUE.match(sentence, word.end())):
            last = _float(number[1])
    return last


def sex_agrees(question: str, sentence: str) -> int:
    """1 where both name the same sex only, -1 where they name different ones, 0 where either names none or both."""
    return _sex(question) * _sex(sentence)


def _sex(text: str) -> int:
    return bool(_FEMALE.search(text)) - bool(_MALE.search(text))


def _float(text: str) -> float:
    return float(text.replace(",", ""))
