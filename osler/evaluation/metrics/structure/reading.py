"""What a JSON answer holds: its list of items, the names in them, and texts in one spelling for comparing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from osler.evaluation.parsing.texts import structure

NAME_KEYS = (
    "id",
    "code",
    "label",
    "name",
    "diagnosis",
    "disease",
    "concept",
    "answer",
    "result",
    "value",
    "text",
    "term",
)
# An article stands before a word. A capital A elsewhere than at the beginning is a name: hepatitis A virus, group A.
_ARTICLES = re.compile(r"(?:\b(?:a|an|[Aa]n|[Tt]he|THE)|^\s*A)(?=\s+\w)")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-"})


def json_of(text: str) -> Any:
    """The JSON value of an answer or a target; None where it holds none. A bare word or number is no JSON here."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = structure(text)
        value = None if found is None else orjson.loads(found)
    return value if isinstance(value, (list, dict)) else None


def listed(value: Any, *keys: str) -> list[Any] | None:
    """The list that an answer gives: the value itself, the one under the first of ``keys``, or its only list."""
    if isinstance(value, list):
        return value
    if not isinstance(value, Mapping):
        return None
    for key in keys:
        if isinstance(value.get(key), list):
            return list(value[key])
    lists = [item for item in value.values() if isinstance(item, list)]
    return lists[0] if len(lists) == 1 else None


def name_of(item: Any) -> str | None:
    """The name in an item of a list: the item itself, or the first of its usual fields that holds a text."""
    if isinstance(item, (str, int, float)) and not isinstance(item, bool):
        return str(item)
    if isinstance(item, Mapping):
        for key in NAME_KEYS:
            if isinstance(item.get(key), (str, int, float)):
                return str(item[key])
    return None


# A sign that stands between digits belongs to the number, and so does a minus before one that no word runs into.
_SIGNS = re.compile(r"(?!(?<![\w)])-\d)(?:(?<!\d)[^\w\s]|[^\w\s](?!\d))")


def plain(text: str, *, articles: bool = False, punctuation: bool = False) -> str:
    """A text for comparing: NFKC, case folded, typographic quotes and dashes made plain, one space between words.

    ``articles``: a, an and the before a word are taken out, not the A of "hepatitis A". ``punctuation``: signs become spaces, except within numbers and the minus before one.
    """
    said = unicodedata.normalize("NFKC", text).translate(_QUOTES)
    if punctuation:
        said = _SIGNS.sub(" ", said)
    if articles:
        said = _ARTICLES.sub(" ", said)
    return " ".join(said.casefold().split()).strip(" .;,")


def names(text: str, *keys: str) -> list[str] | None:
    """The names that an answer or target lists, in order: a JSON list, else lines or parts between ; or |.

    None for a JSON object without a list. Items that hold no name are empty texts, so that they still count as said.
    """
    value = json_of(text)
    if value is None:
        if text.lstrip()[:1] in ("{", "["):
            return None
        return [part for part in map(_bullet, re.split(r"[\n;|]", text)) if part]
    found = listed(value, *keys)
    if found is None:
        single = name_of(value)
        return None if single is None else [single]
    return [name_of(item) or "" for item in found]


def _bullet(line: str) -> str:
    return re.sub(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+", "", line).strip()


def texts_in(value: Any) -> Iterator[str]:
    """Every text within a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from texts_in(item)
