"""Words as spans, in texts with and without spaces between them, and how a long stretch is cut between words."""

from __future__ import annotations

import re

# Ideographs and kana: scripts in which any two characters may be parted. Hangul has spaces.
IDEOGRAPHS = r"\u2e80-\u2fff\u3041-\u30ff\u3105-\u312f\u31a0-\u31bf\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "([{（「『《〈【〔“‘"
_CLOSING = r")\]}）」』》〉】〕”’、。，．！？；：…·～％"
_JOINED = r"\u0300-\u036f\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"  # marks that belong to the character before
_WORD = re.compile(
    rf"[{re.escape(_OPENING)}]*[{IDEOGRAPHS}][{_JOINED}]*[{_CLOSING}]*"
    rf"|[^\s{IDEOGRAPHS}]+"  # what stands between white space, with its punctuation
)
_CLAUSE = re.compile(r"[;:,)\]–—；：，、）][\"'”’]*$")
_NUMBERED = re.compile(r"\d[,:]$")  # "1,": may be the half of a number set with a space


def words(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Start and end of each word with the punctuation that touches it; every ideograph is a word of its own.

    Together they hold every character that is no white space.
    """
    return [found.span() for found in _WORD.finditer(text, start, len(text) if end is None else end)]


def cut(text: str, start: int, end: int, most: int) -> list[tuple[int, int]]:
    """The stretch in pieces of at most ``most`` characters, cut after a clause in a piece's second half where one ends
    there, between words otherwise. A single word that is longer stays whole."""
    if end - start <= most:
        return [(start, end)]
    held = words(text, start, end)
    pieces: list[tuple[int, int]] = []
    first = 0
    while first < len(held):
        begin = held[first][0]
        last = first
        while last + 1 < len(held) and held[last + 1][1] - begin <= most:
            last += 1
        if last + 1 < len(held):
            last = _clause(text, held, first, last, begin + most // 2)
        pieces.append((begin, held[last][1]))
        first = last + 1
    return pieces


def _clause(text: str, held: list[tuple[int, int]], first: int, last: int, half: int) -> int:
    """The last word from ``first`` to ``last`` that ends a clause beyond ``half``; ``last`` without one."""
    for number in range(last, first, -1):
        begin, end = held[number]
        if end <= half:
            break
        word = text[begin:end]
        if _CLAUSE.search(word) and not _NUMBERED.search(word):
            return number
    return last
