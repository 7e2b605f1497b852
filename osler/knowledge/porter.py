"""The stemmer of Porter (1980, Program 14(3), "An algorithm for suffix stripping"), for English words in small letters."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from itertools import pairwise

_VOWELS = frozenset("aeiou")
_STEP_2 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("abli", "able"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
)
_STEP_3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "sion", "tion"),
    *("ou", "ism", "ate", "iti", "ous", "ive", "ize"),
)
_BY_LENGTH_2 = tuple(sorted(_STEP_2, key=lambda pair: -len(pair[0])))
_BY_LENGTH_3 = tuple(sorted(_STEP_3, key=lambda pair: -len(pair[0])))
_BY_LENGTH_4 = tuple(sorted(_STEP_4, key=len, reverse=True))


@functools.lru_cache(maxsize=1 << 18)
def stemmed(word: str) -> str:
    """The stem of an English word; words of one or two letters and what is not written in a-z stay as they are."""
    if len(word) < 3 or not (word.isascii() and word.isalpha()):
        return word
    word = _inflected(word)
    if word.endswith("y") and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _swapped(_swapped(word, _BY_LENGTH_2), _BY_LENGTH_3)
    return _tidied(_derived(word))


def plural(word: str) -> str:
    """Without the s of the plural (Harman 1991, JASIS 42(1), the "S stemmer")."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]


def _consonant(word: str, place: int) -> bool:
    """Whether a letter is a consonant; y is one at the beginning and after a vowel."""
    letter = word[place]
    if letter in _VOWELS:
        return False
    return letter != "y" or place == 0 or not _consonant(word, place - 1)


def _measure(stem: str) -> int:
    """How many times a vowel is followed by a consonant: m of the paper."""
    kinds = [_consonant(stem, place) for place in range(len(stem))]
    return sum(now and not before for before, now in pairwise(kinds))


def _has_vowel(stem: str) -> bool:
    return any(not _consonant(stem, place) for place in range(len(stem)))


def _double(word: str) -> bool:
    return len(word) > 1 and word[-1] == word[-2] and _consonant(word, len(word) - 1)


def _short(word: str) -> bool:
    """Ends in consonant, vowel, consonant, the last of which is not w, x or y: *o of the paper."""
    last = len(word) - 1
    return (
        last >= 2
        and _consonant(word, last)
        and not _consonant(word, last - 1)
        and _consonant(word, last - 2)
        and word[-1] not in "wxy"
    )


def _inflected(word: str) -> str:
    """Step 1a and 1b: plurals, -ed and -ing."""
    if word.endswith(("sses", "ies")):
        word = word[:-2]
    elif word.endswith("s") and not word.endswith("ss"):
        word = word[:-1]
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix):
            stem = word[: -len(suffix)]
            return _restored(stem) if _has_vowel(stem) else word
    return word


def _restored(stem: str) -> str:
    """What -ed and -ing took off: an e comes back, a doubled letter goes."""
    if stem.endswith(("at", "bl", "iz")):
        return stem + "e"
    if _double(stem) and stem[-1] not in "lsz":
        return stem[:-1]
    return stem + "e" if _measure(stem) == 1 and _short(stem) else stem


def _swapped(word: str, pairs: Sequence[tuple[str, str]]) -> str:
    """Steps 2 and 3: the first (longest) ending of ``pairs`` that fits is swapped where something is left before it."""
    for suffix, other in pairs:
        if word.endswith(suffix):
            stem = word[: -len(suffix)]
            return stem + other if _measure(stem) > 0 else word
    return word


def _derived(word: str) -> str:
    """Step 4: endings of derived words."""
    for suffix in _BY_LENGTH_4:
        if word.endswith(suffix):
            stem = word[: -len(suffix)] + ("" if suffix not in ("sion", "tion") else suffix[0])
            return stem if _measure(stem) > 1 else word
    return word


def _tidied(word: str) -> str:
    """Step 5: a last e, and one of two l."""
    if word.endswith("e"):
        stem = word[:-1]
        if _measure(stem) > 1 or (_measure(stem) == 1 and not _short(stem)):
            word = stem
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
