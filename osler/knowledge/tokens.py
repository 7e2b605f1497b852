"""How a text becomes the words that BM25 counts: folding, languages without spaces, light stemming."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from osler.knowledge.porter import plural, stemmed

Tokens = Literal["words", "multilingual"]
Stem = Literal["", "s", "porter"]
Stop = Literal["", "english"]
Cut = Callable[[str], list[str]]

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+")

# Scripts that are written without spaces (Han, kana) or whose words carry endings without one (Hangul).
_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff"
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]")
# Vowel signs of the Indic scripts and of Thai are marks, which \w does not take for parts of a word.
_SIGNS = "\u0900-\u0963\u0966-\u0dff\u0e00-\u0e7f"
_RUN = re.compile(rf"([{_UNSPACED}]+)|(?:[^\W_{_UNSPACED}]|[{_SIGNS}])+")
_LATIN_MARKS = re.compile(r"(?<=[a-zα-ω])[\u0300-\u036f]+")
_ARABIC_SIGNS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670]")  # short vowels and the stretching dash
_ARABIC_LETTERS = str.maketrans({"\u0622": "\u0627", "\u0623": "\u0627", "\u0625": "\u0627", "\u0649": "\u064a"})

ASKING = frozenset(
    [
        "a",
        "about",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "between",
        "but",
        "by",
        "can",
        "could",
        "describe",
        "did",
        "do",
        "does",
        "for",
        "from",
        "had",
        "has",
        "have",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "list",
        "may",
        "me",
        "might",
        "my",
        "name",
        "no",
        "not",
        "of",
        "on",
        "or",
        "our",
        "please",
        "should",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
    ]
)
"""English words that ask and join."""

_SPACES = {code: (chr(code).lower() if chr(code).isalnum() else " ") for code in range(128)}


def terms(text: str) -> list[str]:
    """The words of a text: NFKC, case folded, letters and digits; each Chinese character is a word. No stemming."""
    if text.isascii():  # the same words, four times as fast
        return text.translate(_SPACES).split()
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def multilingual(text: str) -> list[str]:
    """As ``terms``, and: accents of Latin and Greek letters are dropped (a query without them finds the text with them),
    Arabic loses its short vowels, and runs of Chinese, Japanese and Korean give every pair of neighbours, since a pair
    means far more than a character does, besides each Chinese character."""
    if text.isascii():
        return text.translate(_SPACES).split()
    folded = unicodedata.normalize("NFKC", text).casefold()
    folded = _LATIN_MARKS.sub("", unicodedata.normalize("NFD", folded))
    folded = unicodedata.normalize("NFC", _ARABIC_SIGNS.sub("", folded)).translate(_ARABIC_LETTERS)
    found: list[str] = []
    for piece in _RUN.finditer(folded):
        run = piece[1]
        if run is None:
            found.append(piece[0])
            continue
        pairs = list(map("".join, pairwise(run)))
        found += pairs
        found += _HAN.findall(run) if pairs else [run]
    return found


def cutter(tokens: Tokens, stem: Stem = "") -> Cut:
    """The function that cuts a text into terms. ``stem``: "s" takes off the s of English plurals, "porter" all endings."""
    cut = terms if tokens == "words" else multilingual
    if not stem:
        return cut
    shorten = stemmed if stem == "porter" else plural
    return lambda text: list(map(shorten, cut(text)))


def asked(query: str, tokens: Tokens, stem: Stem, stop: Stop) -> Counter[str]:
    """The terms of a query with how often each stands there. ``stop`` = "english" leaves out what asks and joins ("what",
    "is", "the") unless nothing else is left."""
    cut = cutter(tokens)
    words = cut(query)
    telling = [word for word in words if word not in ASKING] if stop else words
    shorten = cutter(tokens, stem)
    return Counter(term for word in telling or words for term in (shorten(word) if stem else (word,)))


def forget() -> None:
    """Forget the words that were stemmed: after a deletion none of them may stay in memory."""
    stemmed.cache_clear()
