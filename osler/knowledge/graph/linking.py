"""Which nodes of a graph does a text speak of? The longest names that stand in it, word by word."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from osler.knowledge.graph.triple import Node

_WORD = re.compile(r"[\u3400-\u9fff]|[^\W_\u3400-\u9fff]+(?:['’][a-z]+)?")
_SHORTEST = 3  # characters of a name that is found whatever its case; shorter ones must stand as they are written


class Mention(NamedTuple):
    """Characters ``start`` to ``end`` of the text name the ``nodes`` (ids; several where a name is shared)."""

    start: int
    end: int
    nodes: tuple[str, ...]


class Linker:
    """Finds names and synonyms of nodes. Abbreviations (all capitals, up to five letters) must stand in capitals."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._names: dict[tuple[str, ...], list[tuple[str, bool, str]]] = {}
        self._longest = 1
        for node in nodes:
            for said in dict.fromkeys((node.name, *node.synonyms)):
                words = tuple(word for word, _, _ in _words(said))
                if not words or all(word.isdigit() for word in words):
                    continue
                strict = (said.isupper() and len(said) <= 5) or len(said) < _SHORTEST
                self._names.setdefault(words, []).append((node.id, strict, said))
                self._longest = max(self._longest, len(words))

    def mentions(self, text: str) -> list[Mention]:
        """The names in ``text`` from left to right; of overlapping ones the longest that begins first."""
        words = _words(text)
        found: list[Mention] = []
        at = 0
        while at < len(words):
            size = self._match(words, at, text, found)
            at += size or 1
        return found

    def _match(self, words: list[tuple[str, int, int]], at: int, text: str, found: list[Mention]) -> int:
        for size in range(min(self._longest, len(words) - at), 0, -1):
            held = self._names.get(tuple(word for word, _, _ in words[at : at + size]))
            if not held:
                continue
            start, end = words[at][1], words[at + size - 1][2]
            nodes = tuple(dict.fromkeys(node for node, strict, said in held if not strict or text[start:end] == said))
            if nodes:
                found.append(Mention(start, end, nodes))
                return size
        return 0


def _words(text: str) -> list[tuple[str, int, int]]:
    """Casefolded words with their places; "Crohn's" and "Crohn" are one, and so is a plain plural."""
    return [(_plain(match[0]), match.start(), match.end()) for match in _WORD.finditer(text)]


def _plain(word: str) -> str:
    said = re.sub(r"['’]s?$", "", unicodedata.normalize("NFKC", word).casefold())
    return said[:-1] if len(said) > 4 and said.endswith("s") and not said.endswith(("ss", "us", "is")) else said
