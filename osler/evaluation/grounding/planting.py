"""Errors planted in true sentences: ten times the dose, another unit, a dropped denial, the wrong side, another drug.

Each planter gives the sentence with one error of its kind, or None where the sentence offers none. They use none of the
rules that the checker uses: plain patterns and, for drugs, a lexicon.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

ERRORS = ("dose", "unit", "negation", "side", "drug", "citation", "direction")
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_DOSE = re.compile(
    rf"(?<![\w.,$])(?P<low>{_NUMBER})(?P<to>\s?(?:–|-|to)\s?)?(?P<high>(?<=[–\s-]){_NUMBER})?(?= ?(?:mg|mcg|g|mL|L|units?|mEq|mmol|IU|milligrams|micrograms|milliliters|grams)\b)"
)
_UNITS: Mapping[str, str] = {
    "mg": "mcg", "mcg": "mg", "g": "mg", "mL": "L", "L": "mL", "hours": "days", "days": "weeks", "minutes": "hours", "weeks": "months",
    "months": "years", "hour": "day", "mmol/L": "mg/dL", "mg/dL": "mmol/L", "mEq/L": "mg/dL", "milligrams": "micrograms", "micrograms": "milligrams",
    "milliliters": "liters", "kg": "g", "cm": "mm", "mm": "cm", "seconds": "minutes",
}  # fmt: skip
_UNIT = re.compile(
    rf"(?<=\d)(?P<gap> ?)(?P<unit>{'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})\b(?!/|[a-z]| ?Hg)"
)
_DENIED: tuple[tuple[str, str], ...] = (
    (r"\bdoes not\b", "does"), (r"\bdo not\b", "do"), (r"\bis not\b", "is"), (r"\bare not\b", "are"), (r"\bwas not\b", "was"),
    (r"\bwere not\b", "were"), (r"\bcannot\b|\bcan not\b", "can"), (r"\bshould not\b", "should"), (r"\bmust not\b", "must"),
    (r"\bmay not\b", "may"), (r"\bwill not\b", "will"), (r"\bhas not\b", "has"), (r"\bhave not\b", "have"), (r"\bdid not\b", "did"),
    (r"\bdoesn't\b", "does"), (r"\bdon't\b", "do"), (r"\bisn't\b", "is"), (r"\baren't\b", "are"), (r"\bshouldn't\b", "should"),
    (r"\bwithout\b|\bwith no\b", "with"), (r"\bnever\b", "always"), (r"\b(?:has|have) no\b", "has a"), (r"\bis no\b", "is a"), (r"\bare no\b", "are"),
)  # fmt: skip
_NO_DENIAL = re.compile(r"\bnot only\b|\bnot (?:necessarily|always|just)\b|\bor not\b|\bif not\b", re.IGNORECASE)
_SIDES = (
    ("left", "right"), ("superior", "inferior"), ("anterior", "posterior"), ("proximal", "distal"), ("medial", "lateral"),
    ("upper", "lower"), ("dorsal", "ventral"), ("internal", "external"),
)  # fmt: skip
_NO_SIDE = re.compile(
    r"\b(?:left|right) (?:to|the|for|and left|and right|at|on|out|after|before|now|by)\b|\b(?:have|has|had|is|are|was|were|be|been) left\b|"
    r"\brights\b|\bright of\b|\blower(?:s|ed|ing)?(?= (?:the|blood|risk|levels?|rates?|cost|income|dose|cholesterol|serum|than|mortality|intra))",
    re.IGNORECASE,
)
_DIRECTIONS = (
    ("increases", "decreases"), ("increase", "decrease"), ("increased", "decreased"), ("raises", "lowers"),
    ("higher", "lower"), ("stimulates", "inhibits"), ("constriction", "dilation"), ("vasoconstriction", "vasodilation"),
    ("hyperkalemia", "hypokalemia"), ("hypertension", "hypotension"), ("more", "fewer"), ("before", "after"),
)  # fmt: skip
_WORD = re.compile(r"[A-Za-z][A-Za-z-]{4,}")


def tenfold(text: str, rng: random.Random) -> str | None:
    """One dose (or both ends of its range) ten times as high."""
    found = list(_DOSE.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    high = match["high"] or ""
    told = _times_ten(match["low"]) + (f"{match['to']}{_times_ten(high)}" if high else match["to"] or "")
    return _unlike(text, text[: match.start()] + told + text[match.end() :], told)


def _times_ten(number: str) -> str:
    value = float(number.replace(",", "")) * 10
    return f"{value:,.0f}" if value == int(value) else f"{value:g}"


def other_unit(text: str, rng: random.Random) -> str | None:
    """One number with another unit of its kind."""
    found = list(_UNIT.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    return text[: match.start("unit")] + _UNITS[match["unit"]] + text[match.end("unit") :]


def undenied(text: str, rng: random.Random) -> str | None:
    """One denial dropped. Sentences with "not only" and the like are passed over."""
    if _NO_DENIAL.search(text):
        return None
    found = [(match, other) for pattern, other in _DENIED for match in re.finditer(pattern, text)]
    if len(found) != 1:
        return None
    match, other = found[0]
    return text[: match.start()] + other + text[match.end() :]


def wrong_side(text: str, rng: random.Random) -> str | None:
    """One side for its opposite, where the sentence names the pair once."""
    return None if _NO_SIDE.search(text) else _swapped(text, _SIDES, rng)


def wrong_direction(text: str, rng: random.Random) -> str | None:
    """One increase for a decrease, and the like."""
    return _swapped(text, _DIRECTIONS, rng)


def _swapped(text: str, pairs: Sequence[tuple[str, str]], rng: random.Random) -> str | None:
    options: list[tuple[re.Match[str], str]] = []
    for one, other in pairs:
        found = list(re.finditer(rf"\b(?:{one}|{other})\b", text, re.IGNORECASE))
        if len(found) == 1:
            said = found[0][0]
            turned = other if said.casefold() == one else one
            options.append((found[0], turned.capitalize() if said[0].isupper() else turned))
    if not options:
        return None
    match, turned = rng.choice(options)
    return text[: match.start()] + turned + text[match.end() :]


def other_drug(text: str, rng: random.Random, names: frozenset[str], pool: Sequence[str]) -> str | None:
    """One drug of the lexicon ``names``, wherever it stands in the text, for one of ``pool`` that the text does not name."""
    there = sorted({match[0] for match in _WORD.finditer(text) if match[0].casefold() in names})
    options = [name for name in pool if name.casefold() not in text.casefold()]
    if not there or not options:
        return None
    old, new = rng.choice(there), rng.choice(options)

    def put(match: re.Match[str]) -> str:
        return new.capitalize() if match[0][0].isupper() else new.casefold()

    return re.sub(rf"\b{re.escape(old)}\b", put, text, flags=re.IGNORECASE)


def _unlike(text: str, changed: str, told: str) -> str | None:
    """``changed``, unless what was put in stands in the text already."""
    return None if re.search(rf"(?<![\d.,]){re.escape(told.strip())}(?![\d])", text) else changed


PLANTERS: Mapping[str, Callable[[str, random.Random], str | None]] = {
    "dose": tenfold,
    "unit": other_unit,
    "negation": undenied,
    "side": wrong_side,
    "direction": wrong_direction,
}
