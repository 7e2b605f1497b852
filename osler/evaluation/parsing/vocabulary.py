"""What may be answered, compiled once: labels, letters and option texts, and how the start of a statement is read."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

EMPTY = "empty"
NOTHING = "no answer found"
REFUSAL = "refusal"
SEVERAL = "several answers"
OUTSIDE = "outside the labels"
CUT = "cut off"
CONFLICT = "letter/text conflict"

_EDGE = " \t\r\n.,:;!?\"'`*_()[]{}<>«»“”‘’。，：；！？、（）【】"
_OPTION_LETTERS = frozenset("ABCDEFGHJ")  # an "E" may be an option that was not offered; the N of "N/A" is none
_WINDOW = 1000  # characters in which a statement's answer must begin
_COMMON = frozenset(
    ("yes", "no", "maybe", "none", "all", "both", "other", "true", "false", "not", "a", "i", "can", "may")
)
_HEAD = re.compile(
    r"""[\s"'“”‘’*_`:=]*
        (?:the\s+)?(?:(?:option|choice|answer|letter|选项|選項)s?\s*[:：]?\s*)?
        (?P<open>["'“‘*]*[(\[{【]?["'“‘*]*)\s*
        (?P<letter>[A-Za-z])
        (?P<close>\s*[)\]}】]?["'”’*]*[)\]}】]?)(?![A-Za-z0-9_'’])""",
    re.VERBOSE | re.IGNORECASE,
)
_STOP = re.compile(r"\s*(?:$|[\n.,:;!?(。，：；！？、/|&+<>…\"'”]|[-–—](?:\s|$)|\s[-–—])|\s*[一-鿿]")
_CONNECTIVE = re.compile(
    r"\s+(?:because|since|as|and|or|which|is|was|for|due|based|given|from|with|according|rather|but|not|only|if|would)\b"
)
_JOINED = re.compile(
    r"""[\s)\]"'*]*(?:(?P<comma>[,、;])|(?P<word>/|&|\+|>|和|或|及|与|(?:and|or|as\ well\ as)\b))+\s*
        (?:(?:and|or|both|either|possibly|even)\s+)*(?:(?:option|choice)s?\s*)?[("'\[*]*(?P<letter>[A-Z])(?![A-Za-z0-9_'’-])""",
    re.VERBOSE,
)
_LATER = re.compile(r"(?:\band/or|\band|\bor|/|&|;|和|或)\s*(?:option\s*)?[(\[]?([A-Z])[.):\]]")
_BELONGING = re.compile(r"[\s.):\-]*(?:both|either|neither|all|only|none)\b", re.IGNORECASE)


class Reading(NamedTuple):
    """``rule`` says how ``label`` was read or why it is None; an empty rule means: nothing decided here."""

    label: str | None
    rule: str


UNDECIDED = Reading(None, "")


def plain(text: str) -> str:
    """Compatibility characters folded (full-width letters, ligatures), markdown emphasis removed, runs of white
    space shortened (also so that no pattern meets thousands of blanks)."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[^\S\n]+", " ", re.sub(r"\*\*|__|`", "", text))
    return re.sub(r"(?: ?\n){3,}", "\n\n", text)


def normal(text: str) -> str:
    """The form in which labels are compared: folded case, single spaces, no punctuation at either end."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().strip(_EDGE).split())


@dataclass(frozen=True)
class Vocabulary:
    """Labels by their compared form. ``texts`` leads from an option's text to its letter, where only one has it."""

    labels: tuple[str, ...]
    lettered: bool
    exact: Mapping[str, str]
    texts: Mapping[str, str]
    option: Mapping[str, str]

    @cached_property
    def names(self) -> re.Pattern[str]:
        """Labels (of a lettered prompt: option texts) as whole words, the longest first."""
        known = self.texts if self.lettered else self.exact
        words = [r"\s+".join(map(re.escape, name.split())) for name in sorted(known, key=len, reverse=True) if name]
        if not words:
            return re.compile(r"(?!)")
        return re.compile(
            r"(?<![\w-])(?<!\d[.,])(?P<name>" + "|".join(words) + r")(?![\w%])(?!-\w)(?![.,]\d)", re.IGNORECASE
        )

    def named(self, found: str) -> str:
        """The label whose compared form is ``found``."""
        key = normal(found)
        return self.texts[key] if self.lettered and key in self.texts else self.exact[key]


def isolated(known: Vocabulary, name: str) -> bool:
    """Whether a name is a common word ("no evidence", "may be") or one letter, so that it must stand alone."""
    return normal(name) in _COMMON or (known.lettered and len(name) == 1)


@lru_cache(maxsize=8192)
def vocabulary(labels: tuple[str, ...], choices: tuple[str, ...], lettered: bool) -> Vocabulary:
    exact = {normal(label): label for label in labels}
    option = {label: normal(text) for label, text in zip(labels, choices, strict=False)} if lettered else {}
    held = list(option.values())
    texts = {text: label for label, text in option.items() if held.count(text) == 1 and text}
    return Vocabulary(labels=labels, lettered=lettered, exact=exact, texts=texts, option=option)


def alone(known: Vocabulary, value: str) -> Reading:
    """A short value that should be nothing but the answer: a JSON field, a line, what follows "Answer:"."""
    key = normal(value)
    if key in known.exact:
        return Reading(known.exact[key], "label")
    if known.lettered and key in known.texts:
        return Reading(known.texts[key], "option text")
    letters = value.strip(_EDGE)
    if known.lettered and 1 < len(letters) <= len(known.labels) and set(letters) <= set(known.labels):
        return Reading(None, SEVERAL)
    value = value[:_WINDOW]
    reading = lead(known, value)
    if known.lettered and reading.label is not None and _listed(known, reading.label, value):
        return Reading(None, SEVERAL)
    return reading


def _listed(known: Vocabulary, label: str, value: str) -> bool:
    """Whether another option stands in the value too, letter and own text: "A. Buccal groove. B. Lingual groove"."""
    for match in re.finditer(r"(?:\\n|[\s.;(])([A-Z])[).:]\s*", value):
        text = known.option.get(match[1], "")
        if (
            match[1] != label
            and text
            and normal(value[match.end() : match.end() + 2 * len(text) + 20]).startswith(text)
        ):
            return True
    return False


def lead(known: Vocabulary, statement: str) -> Reading:
    """What the statement begins with: "B", "(B) text", "B. text", "option B because", "not included, as ..."."""
    named = _lead_name(known, statement)
    head = _HEAD.match(statement) if known.lettered else None
    if head is None:
        return named
    # "C. difficile" and "B cells" are option texts before they are letters
    if named.rule and not _own(known, head, statement):
        return named
    return _lead_letter(known, head, statement)


def _own(known: Vocabulary, head: re.Match[str], statement: str) -> bool:
    """Whether the option's own text follows its letter."""
    text = known.option.get(head["letter"].upper(), "")
    rest = normal(statement[head.end() : head.end() + 3 * len(text) + 40])
    return bool(text) and rest.startswith(text) and not rest[len(text) : len(text) + 1].isalnum()


def _lead_letter(known: Vocabulary, head: re.Match[str], statement: str) -> Reading:
    letter, rest = head["letter"], statement[head.end() :]
    bracketed = bool(re.search(r"[)\]}】]", head["close"]))
    own = _own(known, head, statement)
    if letter.islower():
        clear = bracketed or not rest.strip(_EDGE) or (own and rest[:1] in ".:)")
    else:
        clear = bracketed or own or bool(_STOP.match(rest)) or bool(_CONNECTIVE.match(rest))
    if not clear:
        return UNDECIDED
    label = known.exact.get(letter.casefold())
    if label is None:
        return Reading(None, OUTSIDE) if letter in _OPTION_LETTERS else UNDECIDED
    if _more(known, label, rest, own):
        return Reading(None, SEVERAL)
    if not own and known.texts.get(normal(rest.split("\n", 1)[0]), label) != label:
        return Reading(label, CONFLICT)
    return Reading(label, "letter")


def _more(known: Vocabulary, label: str, rest: str, own: bool) -> bool:
    """Whether another letter is answered beside ``label``."""
    tail = rest
    if own:
        words = known.option[label].split()
        ended = re.search(r"\s+".join(map(re.escape, words)), rest, re.IGNORECASE)
        tail = rest[ended.end() :] if ended else ""
    joined = _JOINED.match(tail)
    if joined and joined["letter"] != label:
        after = tail[joined.end() :]
        if joined["word"] or _STOP.match(after) or re.match(r"\s*[)\]]", after):
            return True
    if own or _BELONGING.match(tail):
        joined_later = _LATER.match(tail.lstrip()) if own else None
    else:
        joined_later = _LATER.search(tail.split("\n", 1)[0])
    return bool(joined_later and joined_later[1] != label and joined_later[1] in known.labels)


def _lead_name(known: Vocabulary, statement: str) -> Reading:
    start = re.match(r"[\s\"'“”‘’*_`:=(\[{【]*(?:(?:an|a|the)\s+(?=\S))?", statement)
    begin = start.end() if start else 0
    found = known.names.match(statement, begin)
    if found is None and begin:
        bare = re.match(r"[\s\"'“”‘’*_`:=(\[{【]*", statement)
        found = known.names.match(statement, bare.end() if bare else 0)
    if found is None:
        return UNDECIDED
    label = known.named(found["name"])
    tail = statement[found.end() :]
    if isolated(known, found["name"]) and not (_STOP.match(tail) or _CONNECTIVE.match(tail) or tail[:1] in "*)]}"):
        return UNDECIDED
    joined = re.match(r"[\s\"'”’*)]*(?:,\s*(?:and|or)\b|/|&|and\b|or\b|,|和|或)\s*(?:[A-Z][.)]\s*)?[\"'“]*", tail)
    second = known.names.match(tail, joined.end()) if joined else None
    if second and known.named(second["name"]) != label:
        return Reading(None, SEVERAL)
    return Reading(label, "option text" if known.lettered else "label")
