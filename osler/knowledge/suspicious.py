"""Text in documents that speaks to a model instead of its readers: instructions, forged turns and calls, hidden text.

A second line only. What Osler guarantees does not rest on it: passages stand in evidence parts, nothing reads a call,
a policy or an instruction out of them. A finding is a reason for a person to look at a document before it is used.
Attacks of this kind: Greshake et al. 2023, arXiv:2302.12173; in collections: Zou et al. 2024, arXiv:2402.07867.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import urllib.parse
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from osler.knowledge.suspicious_rules import AI, RULES, Kind

_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\u3164\ufeff"
_UNSEEN = re.compile(f"[{_INVISIBLE}\u202a-\u202e\u2066-\u2069\ufe00-\ufe0f\U000e0000-\U000e007f]")
_BETWEEN = re.compile("[A-Za-z\u4e00-\u9fff][\u200b\u2060\ufeff\u2062\u2063\u2064]+(?=[A-Za-z\u4e00-\u9fff])")
_RUN = re.compile(
    "[\u200b\u200c\u200d\u2060\ufeff\u2062\u2063\u2064]{4,}|[\u202d\u202e]|[\U000e0001\U000e0020-\U000e007e]{4,}"
)
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])(?:[A-Za-z0-9+/_-]{4}){8,}(?:[A-Za-z0-9+/_-]{2,3})?={0,2}(?![A-Za-z0-9+/=])")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}[ :]?){24,}\b")
_PERCENT = re.compile(r"[\w+.~-]{0,40}%[0-9A-Fa-f]{2}[\w+.~%-]{10,}")
_PERCENTS = re.compile(r"%[0-9A-Fa-f]{2}\w{0,30}%[0-9A-Fa-f]{2}")
_ENTITY = re.compile(r"(?:&#x?[0-9A-Fa-f]{2,6};){6,}")
_ESCAPE = re.compile(r"(?:\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}){8,}")
_SPACED = re.compile(r"\b(?:[A-Za-z][ .\-_*·]){9,}[A-Za-z]\b")
_CONCEALED = re.compile(
    r"""<[a-z][\w-]*\b[^>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?!\.?[1-9\d])|opacity\s*:\s*0(?!\.?[1-9])
    |text-indent\s*:\s*-\d{3,}|left\s*:\s*-\d{4,}|(?<![\w-])color\s*:\s*(?:white|\#fff(?:fff)?)\b|\shidden(?=[\s>=])|aria-hidden\s*=\s*.?true)[^>]*>
    (?P<text>[^<]{12,})""",
    re.IGNORECASE | re.VERBOSE,
)
_COMMENT = re.compile(r"<!--(?P<text>.*?)-->", re.DOTALL)
_LETTERS = str.maketrans("013457@$!|", "oieastasil")
# Letters of other scripts that look like Latin ones, where they stand in a word with Latin letters.
_TWINS = str.maketrans("авеікмнорсѕтухԁһјАВЕІКМНОРСЅТУХαεικνορτυχɡıӏ", "abeikmhopcstyxdhjABEIKMHOPCSTYXaeikvoptuxgil")
_AI = re.compile(r"\ba\.?i\b")
_WORDS = ("ignor", "disregard", "forget", "instruct", "prompt", "system")


class Finding(NamedTuple):
    """Characters ``start`` to ``end`` of the text (end exclusive) that look like an instruction, and why."""

    kind: Kind
    start: int
    end: int
    rule: str


def suspicious(text: str) -> bool:
    """Whether anything in ``text`` looks as if it spoke to a model."""
    return bool(findings(text))


def findings(text: str) -> tuple[Finding, ...]:
    """All that looks like an instruction to a model in ``text``, in order; overlapping findings of a kind are one.

    Looked at are the text as it reads without its invisible characters, and what is written in base64, hexadecimal,
    percent signs, entities, escapes, spaced letters, digits for letters and look-alike letters.
    """
    found = list(_hidden(text))
    plain, places = _visible(text)
    found += _ruled(plain, places)
    for start, end, decoded in _decoded(plain):
        if _ruled(decoded, None):
            found.append(Finding("encoded", places[start], places[end - 1] + 1, "instruction in other writing"))
    return _merged(found)


def _ruled(text: str, places: Sequence[int] | None) -> list[Finding]:
    at = places if places is not None else range(len(text) + 1)
    lowered = text.lower()
    if _AI.search(lowered):
        lowered += AI
    return [
        Finding(rule.kind, at[match.start()], at[max(match.start(), match.end() - 1)] + 1, rule.name)
        for rule in RULES
        if any(word in lowered for word in rule.words)
        for match in rule.pattern.finditer(text)
    ]


def _visible(text: str) -> tuple[str, Sequence[int]]:
    """``text`` in NFKC without invisible characters, and where each of its characters stood."""
    if text.isascii() or (unicodedata.is_normalized("NFKC", text) and not _UNSEEN.search(text)):
        return text, range(len(text) + 1)
    chars: list[str] = []
    places: list[int] = []
    for place, char in enumerate(text):
        if _UNSEEN.match(char):
            continue
        for shown in char if char.isascii() else unicodedata.normalize("NFKC", char):
            chars.append(shown)
            places.append(place)
    places.append(len(text))
    return "".join(chars), places


def _hidden(text: str) -> Iterator[Finding]:
    """Characters that cannot be seen, and markup that hides a sentence."""
    if not text.isascii():
        for match in _RUN.finditer(text):
            yield Finding("hidden", match.start(), match.end(), "invisible characters")
        words = list(_BETWEEN.finditer(text))
        if len(words) >= 3:
            yield Finding("hidden", words[0].start(), words[-1].end(), "invisible characters in words")
    if "<" in text:
        for match in _CONCEALED.finditer(text):
            yield Finding("hidden", *match.span("text"), "text that markup hides")
        for match in _COMMENT.finditer(text):
            if _ruled(match["text"], None):
                yield Finding("hidden", *match.span("text"), "instruction in a comment")


def _decoded(text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of ``text`` in another writing, each with what it says."""
    for match in _BASE64.finditer(text):
        yield from _said(match.start(), match.end(), _of_base64(match[0]))
    for match in _HEX.finditer(text):
        yield from _said(match.start(), match.end(), _of_hex(match[0]))
    if _PERCENTS.search(text):
        for match in _PERCENT.finditer(text):
            yield match.start(), match.end(), urllib.parse.unquote_plus(match[0])
    if "&#" in text and (entities := _ENTITY.search(text)):
        yield entities.start(), entities.end(), html.unescape(text)
    if "\\" in text:
        for match in _ESCAPE.finditer(text):
            escaped = re.sub(r"\\[ux]([0-9A-Fa-f]{4}|[0-9A-Fa-f]{2})", lambda one: chr(int(one[1], 16)), match[0])
            yield match.start(), match.end(), escaped
    spaced = list(_SPACED.finditer(text))
    if spaced:
        yield from _closed(text, spaced)
    yield from _retyped(text)


def _retyped(text: str) -> Iterator[tuple[int, int, str]]:
    """Words of which letters are written as digits, signs or look-alikes of other scripts, as they would read."""
    lowered = text.lower()
    for table in (_LETTERS,) if text.isascii() else (_LETTERS, _TWINS):
        changed = text.translate(table)
        read = changed.lower()
        if any(read.count(word) > lowered.count(word) for word in _WORDS):
            before = _ruled(text, None)
            for one in _ruled(changed, None):
                if one not in before:
                    yield one.start, one.end, changed[one.start : one.end]


def _said(start: int, end: int, decoded: str) -> Iterator[tuple[int, int, str]]:
    if decoded:
        yield start, end, decoded


def _closed(text: str, spaced: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
    """Letters with signs between them, closed up. Where one word ends is lost, so the commonest order is looked for."""
    for match in spaced:
        letters = re.sub(r"[^A-Za-z]", "", match[0]).lower()
        parts = re.search(
            r"(ignore|disregard|forget|override)(all|any|the)?(previous|prior|above|earlier)(instructions?|prompts?|rules)",
            letters,
        )
        if parts:
            yield match.start(), match.end(), " ".join(part for part in parts.groups() if part)


def _of_base64(text: str) -> str:
    padded = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return _readable(base64.b64decode(padded + "=" * (-len(padded) % 4), validate=True))
    except (binascii.Error, ValueError):
        return ""


def _of_hex(text: str) -> str:
    digits = re.sub(r"[ :]", "", text)
    return _readable(bytes.fromhex(digits[: len(digits) // 2 * 2]))


def _readable(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if sum(char.isprintable() or char.isspace() for char in text) >= 0.95 * len(text) else ""


def _merged(found: list[Finding]) -> tuple[Finding, ...]:
    out: list[Finding] = []
    for one in sorted(found, key=lambda item: (item.kind, item.start, item.end)):
        if out and out[-1].kind == one.kind and one.start < out[-1].end:
            out[-1] = out[-1]._replace(end=max(out[-1].end, one.end))
        else:
            out.append(one)
    return tuple(sorted(out, key=lambda item: (item.start, item.end, item.kind)))
