"""Does a claim deny what a sentence affirms, or affirm what it denies? Negation words with what they deny."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from osler.evaluation.grounding.lines import Mismatch, alike
from osler.evaluation.metrics.faithfulness.negation import negated, within
from osler.evaluation.metrics.faithfulness.spoken_numbers import digits
from osler.evaluation.metrics.faithfulness.words import Word, content, nfkc, words

_HARD = re.compile(
    r"\b(?:can ?not|can't|not|never|without|no|neither|nor|none|nobody|nothing|\w+n't|"
    r"nunca|sin|tampoco|jamás|ningun[oa]?|ningún)\b(?!\s+only\b)|不(?![仅断同良])|未(?!来)|[没无勿]|禁[止用忌]|否认",
    re.IGNORECASE,
)
# Words that deny in their own way: they answer a denial of the other text, and prove none by themselves.
_SOFT = re.compile(
    r"\b(?:avoid\w*|unable|lack\w*|absen\w*|fail\w*|free of|rarely|seldom|hardly|scarcely|refrain\w*|contraindicat\w*|"
    r"instead|rather than|prohibit\w*|prevent\w*|exclud\w*|devoid|discourag\w*|discontinu\w*|"
    r"un(?:able|likely|safe|known|clear|common|usual|necessary|affected|related|treated|controlled|stable|willing|aware)|"
    r"in(?:ability|effective|sufficient|complete|capable|active|adequate)\w*|non[a-z-]{3,}|except\w*|other than|little|few|less)\b",
    re.IGNORECASE,
)
_END = re.compile(r"[,;:()—–]|\b(?:but|however|although|though|because|whereas|while|unless)\b", re.IGNORECASE)
_REACH = 3
_LITTLE = frozenset(["any", "all", "other", "more", "also", "thing", "way", "only", "be", "used", "use"])


# "Not more than 4 g" sets a limit and denies nothing.
_LIMIT = re.compile(
    r"(?:\s+[a-z]+){0,3}?\s+(?:(?:more|less|greater|higher|lower|older|longer|later) than|exceed(?:ing)?|above|below|over|under)\s+"
    r"(?:a (?:total|maximum) of\s+)?\d",
    re.IGNORECASE,
)


class Denial(NamedTuple):
    """A negation word and the stems that it denies: the next ones of its clause, else the last ones before it."""

    cue: str
    about: tuple[str, ...]
    soft: bool
    start: int
    end: int


@functools.lru_cache(maxsize=8192)
def denials(text: str) -> tuple[Denial, ...]:
    """The negation words of a text in order."""
    said = nfkc(text)
    held = [word for word in content(said) if word.text not in _LITTLE]
    found = [(match, False) for match in _HARD.finditer(said)] + [(match, True) for match in _SOFT.finditer(said)]
    out = []
    for match, soft in sorted(found, key=lambda pair: pair[0].start()):
        if not soft and _LIMIT.match(digits(said[match.end() :])):
            continue
        about = _after(said, held, match.end()) or _before(held, match.start())
        if soft:
            about += tuple(alike(word.stem) for word in held if match.start() <= word.start < match.end())
        if about:
            out.append(Denial(match[0].casefold(), about, soft, *match.span()))
    return tuple(out)


def _after(text: str, held: list[Word], place: int) -> tuple[str, ...]:
    end = _END.search(text, place)
    last = end.start() if end else len(text)
    return tuple(dict.fromkeys(alike(word.stem) for word in held if place <= word.start < last))[:_REACH]


def _before(held: list[Word], place: int) -> tuple[str, ...]:
    return tuple(alike(word.stem) for word in held if word.end <= place)[-_REACH:]


def denied(claim: str, sentence: str, line: str) -> list[Mismatch]:
    """Denials that stand in one of the two only, while the other speaks of the same thing without one.

    ``sentence``: the whole sentence of the claim. Nothing is found where each text denies something that the other does
    not: it may be the same said in other words.
    """
    more, less = _unanswered(claim, line), _unanswered(line, sentence)
    if bool(more) == bool(less):
        return []
    out = [
        Mismatch("negation", True, f"the claim denies ({one.cue}) what the source affirms")
        for one in more
        if not one.soft
    ]
    out += [
        Mismatch("negation", True, f"the source denies ({one.cue}) what the claim affirms")
        for one in less
        if not one.soft and _speaks(_blanked(claim, denials(line)), one)
    ]
    return out[:1]


def _unanswered(text: str, other: str) -> list[Denial]:
    """Denials of ``text`` whose matter stands in ``other`` and is not denied there.

    The same word about the same matter in both answers itself and nothing else.
    """
    mine, theirs = list(denials(text)), list(denials(other))
    plain = _blanked(other, denials(text))
    for one in tuple(mine):
        twin = next((two for two in theirs if _same(one, two)), None)
        if twin is not None:
            mine.remove(one)
            theirs.remove(twin)
    return [one for one in mine if _speaks(plain, one) and not any(set(one.about) & set(two.about) for two in theirs)]


def _blanked(text: str, held: Sequence[Denial]) -> str:
    """``text`` without the negation words that ``held`` has too: how far each reaches is the same in both."""
    out = nfkc(text)
    for one in denials(text):
        if any(_same(one, two) for two in held):
            out = out[: one.start] + " " * (one.end - one.start) + out[one.end :]
    return out


def _same(one: Denial, other: Denial) -> bool:
    alike = one.cue == other.cue or not (one.soft or other.soft)
    return alike and len(set(one.about) & set(other.about)) >= min(2, len(one.about), len(other.about))


def _speaks(text: str, one: Denial) -> bool:
    """Whether a text speaks of what is denied, and does so outside of every negation."""
    no = negated(text)
    affirmed = {alike(word.stem) for word in words(text) if not within(word.start, no)}
    there = sum(stem in affirmed for stem in one.about)
    return there >= max(min(2, len(one.about)), 0.6 * len(one.about))
