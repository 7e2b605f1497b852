"""Claims that go further than their source: "even if ...", "always"; and claims in another language than it."""

from __future__ import annotations

import functools
import re

from osler.evaluation.grounding.lines import Mismatch, stems
from osler.evaluation.metrics.faithfulness.words import word_set

_EVEN = re.compile(
    r"\beven (?:when|if|in|for|with|though|during|after|while|by|where)\b|\b(?:regardless of|irrespective of|no matter)\b",
    re.IGNORECASE,
)
_GRANTS = re.compile(r"\beven\b|\b(?:regardless|irrespective|no matter|although|despite|whether)\b", re.IGNORECASE)
_SURE = re.compile(
    r"\b(?:always|certainly|definitely|guarantee[sd]?|invariably|completely safe|perfectly safe|without exception)\b",
    re.IGNORECASE,
)
_SCRIPTS = (
    ("Japanese", re.compile(r"[\u3040-\u30ff]")), ("Chinese", re.compile(r"[\u3400-\u9fff]")), ("Russian", re.compile(r"[\u0400-\u04ff]")),
    ("Arabic", re.compile(r"[\u0600-\u06ff]")), ("Korean", re.compile(r"[\uac00-\ud7af]")), ("Hindi", re.compile(r"[\u0900-\u097f]")),
    ("Greek", re.compile(r"[\u0370-\u03ff]")),
)  # fmt: skip
_LITTLE = {
    "English": word_set("the of and to in is are with for not be or by from on at this that should may must can a an it if when than take no were was has have it its"),
    "Spanish": word_set("el la los las de que y en se con para por una es al del su lo más debe como cada son"),
    "French": word_set("le la les des du et en est une un pour par avec dans ne pas que qui sur au aux ce doit être"),
    "German": word_set("der das und ist nicht mit für ein eine den dem von zu im auf bei nicht wird werden oder sollte"),
    "Portuguese": word_set("os de que em se com para por uma um é ao da não sua deve cada dos das"),
    "Italian": word_set("il gli di che si per una è del della non deve ogni nel dei"),
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_MOST = 0.3  # share of letters of a script from which a text is in its language
STRICT = 0.8  # share of words that a sentence in another language than English must have: its drugs are on no list


_NO_MATTER = re.compile(
    r"\b(?:without regard to|regardless of|irrespective of|independent(?:ly)? of|with or without)\s+(?P<of>[^.,;]*)",
    re.IGNORECASE,
)
_DEMANDS = re.compile(r"\b(?:must|only|(?:has|have|needs?) to|should|always|never)\b", re.IGNORECASE)


def overstated(claim: str, line: str) -> list[Mismatch]:
    """What the claim adds in reach: it may be true, but the source does not say it."""
    even, sure = _EVEN.search(claim), _SURE.search(claim)
    if even and not _GRANTS.search(line):
        return [Mismatch("other", False, f'the claim says "{even[0].casefold()}", the source names no such exception')]
    if sure and not _SURE.search(line):
        return [Mismatch("other", False, f'the claim says "{sure[0].casefold()}", the source does not')]
    free = _NO_MATTER.search(line)
    if free and _DEMANDS.search(claim) and not _NO_MATTER.search(claim) and stems(free["of"]) & stems(claim):
        return [
            Mismatch("other", True, f'the claim makes a condition of what the source says holds "{free[0].casefold()}"')
        ]
    return []


@functools.lru_cache(maxsize=8192)
def language(text: str) -> str:
    """The language of a sentence by its script, or by its little words; "" where it cannot be told."""
    letters = [letter for letter in text if letter.isalpha()]
    for name, script in _SCRIPTS:
        if letters and len(script.findall(text)) >= _MOST * len(letters):
            return name
    said = [word.casefold() for word in _WORD.findall(text)]
    counts = {name: sum(word in little for word in said) for name, little in _LITTLE.items()}
    first, second = sorted(counts.values(), reverse=True)[:2]
    return max(counts, key=lambda name: counts[name]) if first >= 2 and first > second else ""


def foreign(claim: str, line: str) -> bool:
    """Whether the two are in languages that are known and not the same."""
    one, other = language(claim), language(line)
    return bool(one and other and one != other)
