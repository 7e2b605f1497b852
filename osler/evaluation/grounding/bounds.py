"""Limits and courses of numbers: at least for at most, "from 1.9 to 1.1" for "from 1.1 to 1.9"."""

from __future__ import annotations

import functools
import re
from typing import Literal, NamedTuple

from osler.evaluation.grounding.denials import denials
from osler.evaluation.grounding.lines import Mismatch
from osler.evaluation.metrics.faithfulness.numbers import equal
from osler.evaluation.metrics.faithfulness.quantities import Quantity, quantities
from osler.evaluation.metrics.faithfulness.spoken_numbers import digits
from osler.evaluation.metrics.faithfulness.words import nfkc, stem, word_set

Bound = Literal["at least", "at most"]
_LEAST_BEFORE = re.compile(
    r"(?:\b(?:above|over|(?:more|greater|higher|older|longer|larger|heavier) than|exceed(?:s|ing|ed)?|at least|(?:a )?minimum(?: of)?|"
    r"weighing more than)|>=?|≥)\s*$",
    re.IGNORECASE,
)
_MOST_BEFORE = re.compile(
    r"(?:\b(?:below|under|(?:less|lower|younger|fewer|shorter|smaller|lighter) than|up to|at most|within|(?:the )?maximum(?: \w+){0,2}(?: of| is)?|"
    r"limit(?:ed)?(?: of| to| is)?)|<=?|≤)\s*$",
    re.IGNORECASE,
)
_LEAST_AFTER = re.compile(
    r"\s*(?:or|and) (?:higher|more|above|older|greater|over|longer|later)\b|\s*(?:at (?:a )?minimum)\b", re.IGNORECASE
)
_MOST_AFTER = re.compile(
    r"\s*(?:or|and) (?:less|lower|below|under|younger|fewer|shorter|earlier)\b|\s*(?:at most|maximum)\b", re.IGNORECASE
)
_TURNS = re.compile(r"(?:\b(?:not|no|never|without|cannot)\b|n't\b)(?:\s+[a-z]+){0,3}\s*$", re.IGNORECASE)
_FROM = re.compile(
    r"\bfrom (?P<a>\d+(?:[.,]\d+)*)(?: ?[A-Za-z%µ°/]+)? to (?P<b>\d+(?:[.,]\d+)*)(?![\d])", re.IGNORECASE
)
# Words of comparison, which say nothing of their own where a number's limit is compared.
_COMPARING = frozenset(
    map(stem, word_set("more less above below over under higher lower greater fewer older younger most least maximum minimum"))
)  # fmt: skip
_AHEAD, _BEHIND = 48, 24  # characters in which words of a limit are looked for


class Limits(NamedTuple):
    """``found``: mismatches. ``compared``: whether any number has a limit in both, so that its words need no comparing.

    ``open``: the limits are each other's opposite and so is the polarity: it may be the same said the other way round.
    """

    found: tuple[Mismatch, ...] = ()
    compared: bool = False
    open: bool = False


def limited(claim: str, line: str) -> Limits:
    """The limits of the numbers that both texts name, held against each other."""
    reversed_ = _reversed(claim, line)
    held = [(item, bound(line, item)) for item in quantities(line)]
    found, compared = list(reversed_), False
    turned = bool(denials(claim)) != bool(denials(line))
    for item in quantities(claim):
        mine = bound(claim, item)
        theirs = {limit for other, limit in held if limit is not None and equal(item, other)}
        if mine is None or not theirs:
            continue
        compared = True
        if mine not in theirs:
            reason = f"the claim says {mine} {item.text}, the source {theirs.pop()}"
            found.append(Mismatch("direction", not turned, reason))
    return Limits(tuple(found), compared, turned and any(not item.contradicts for item in found))


def settled(found: tuple[Mismatch, ...], limits: Limits) -> tuple[Mismatch, ...]:
    """What the other rules found, less what is only the words of a limit, plus the limits' own mismatches."""
    if limits.open:
        found = tuple(item for item in found if item.kind not in ("negation", "direction", "side"))
    elif limits.compared:
        found = tuple(
            item
            for item in found
            if not (item.kind in ("direction", "side") and item.words and item.words <= _COMPARING)
        )
    return (*found, *limits.found)


@functools.lru_cache(maxsize=8192)
def bound(text: str, item: Quantity) -> Bound | None:
    """Whether a number of ``text`` is said to be a least or a most; None where it is neither. "Not more than" is a most."""
    said = digits(nfkc(text))
    before = said[max(0, item.start - _AHEAD) : item.start]
    after = said[item.start + len(item.text) :][:_BEHIND]
    for pattern, one, other in ((_LEAST_BEFORE, "at least", "at most"), (_MOST_BEFORE, "at most", "at least")):
        match = pattern.search(before)
        if match:
            turned = match[0].strip().casefold() not in ("at least", "at most", "up to") and _TURNS.search(
                before[: match.start()]
            )
            return _bound(other if turned else one)
    if _LEAST_AFTER.match(after):
        return "at least"
    return "at most" if _MOST_AFTER.match(after) else None


def _bound(name: str) -> Bound:
    return "at least" if name == "at least" else "at most"


def _reversed(claim: str, line: str) -> list[Mismatch]:
    """ "From 1.9 to 1.1" where the source has "from 1.1 to 1.9"."""
    there = {(match["a"], match["b"]) for match in _FROM.finditer(line)}
    return [
        Mismatch("direction", True, f"the claim says {match[0]}, the source from {match['b']} to {match['a']}")
        for match in _FROM.finditer(claim)
        if match["a"] != match["b"] and (match["b"], match["a"]) in there and (match["a"], match["b"]) not in there
    ]
