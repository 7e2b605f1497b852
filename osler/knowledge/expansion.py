"""Queries widened by other names of what they ask for: of diseases, by the Disease Ontology, and of abbreviations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

from osler.core.block import block, digest
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.data.published import require, resolved, rows
from osler.knowledge.abbreviations import MEANINGS
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_LONGEST = 8  # words of a name
_CODE = 5  # capitals and digits of a name that is told from a word by its case alone ("AIDS", "ALL")


@runtime_checkable
class Names(Protocol):
    """A block that knows other names of what a query speaks of."""

    def others(self, query: str) -> list[str]:
        """The other names, those of what stands first in the query first; none twice and none that stands there."""
        ...


@block
class OntologyNames:
    """The names and synonyms of each disease that a query names, by the Disease Ontology (Schriml et al. 2022).

    The longest name at a place counts; names that several terms share are passed over, and names in capitals of up to
    five letters must be written so. ``most``: how many names of one disease are given, its preferred name first.
    ``path``: JSON lines with id, name and synonyms; "$OSLER_DATA/..." is taken from the folder of that variable.
    """

    path: str = "$OSLER_DATA/disease_ontology/doid_terms.jsonl.gz"
    most: int = 4

    def others(self, query: str) -> list[str]:
        """DataError where the file is missing or is none of an ontology."""
        held: dict[str, tuple[str, ...]] | None = self.__dict__.get("_names")
        if held is None:
            held = self.__dict__["_names"] = _ontology(self.path)
        found: list[str] = []
        for said in mentions(query, held):
            found += [name for name in held[said] if key(name) != said][: self.most]
        return fresh(found, query)

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        return digest(resolved(self.path, what="the ontology").read_bytes())


@block
class Abbreviations:
    """What common clinical abbreviations of one meaning stand for, and the abbreviation where its meaning is written out.

    ``more`` adds some, or replaces those of the table ({"GDM": "gestational diabetes mellitus"}); "" takes one out.
    """

    more: Mapping[str, str] = {}

    def others(self, query: str) -> list[str]:
        held: dict[str, tuple[str, ...]] = {}
        for short, meaning in {**MEANINGS, **self.more}.items():
            if meaning:
                held[key(short)] = (*held.get(key(short), ()), meaning)
                held[key(meaning)] = (*held.get(key(meaning), ()), short)
        return fresh((name for said in mentions(query, held) for name in held[said]), query)


@block
class Expanded:
    """A search for the words of the query and, with the smaller weight ``weight``, for other names of what it names.

    Over an index of words (BM25) each new word counts ``weight`` times, whatever the number of names that hold it. Other
    indexes are asked for the query with the names behind it, in brackets. A query of which ``names`` know nothing is
    searched as it is. It is no sure gain: on BioASQ nDCG@10 was 0.747 without and 0.748 with a weight of 0.1 (0.743 with 0.5);
    what it is for is a collection in other words than its readers use.
    """

    inner: Index = BM25()
    names: tuple[Names, ...] = (OntologyNames(), Abbreviations())
    weight: float = 0.1

    def check(self) -> None:
        if self.weight < 0:
            raise SpecError(f"expanded.weight must be 0 or more, got {self.weight}")

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        others = fresh((name for source in self.names for name in source.others(query)), query)
        if not others or not self.weight:
            return await self.inner.search(query, k)
        if not isinstance(self.inner, BM25):
            return await self.inner.search(f"{query} ({'; '.join(others)})", k)
        asked: dict[str, float] = dict(self.inner.asked(query))
        for term in dict.fromkeys(term for name in others for term in self.inner.terms(name)):
            asked.setdefault(term, self.weight)
        return await self.inner.weighed(asked, k)


def key(name: str) -> str:
    """How a name is looked up: its words, folded; short ones in capitals as they are."""
    code = len(name) <= _CODE and name.upper() == name
    return name if code else " ".join(_WORD.findall(name.casefold()))


def mentions(query: str, known: Mapping[str, object]) -> list[str]:
    """The keys of ``known`` that stand in ``query``, from left to right, the longest at each place."""
    words = [found[0] for found in _WORD.finditer(query)]
    found: list[str] = []
    place = 0
    while place < len(words):
        for size in range(min(_LONGEST, len(words) - place), 0, -1):
            said = key(" ".join(words[place : place + size]))
            if said in known:
                found.append(said)
                place += size - 1
                break
        place += 1
    return list(dict.fromkeys(found))


def fresh(names: Iterable[str], query: str) -> list[str]:
    """``names`` without twins and without what the query says already."""
    said = f" {key(query.casefold())} "
    return [name for name in dict.fromkeys(names) if f" {key(name).casefold()} " not in said]


def _ontology(path: str) -> dict[str, tuple[str, ...]]:
    """Key of each name that one term alone has -> all names of that term, the preferred one first."""
    what = "the ontology"
    found = rows(resolved(path, what=what), what=what)
    for number, row in enumerate(found, 1):
        require(row, ("id", "name", "synonyms"), what=what, number=number)
    of: dict[str, tuple[str, ...]] = {}
    shared: set[str] = set()
    for names in _names(found):
        for said in {key(name) for name in names}:
            if said in of:
                shared.add(said)
            of[said] = names
    return {said: names for said, names in of.items() if said and said not in shared}


def _names(found: Sequence[Mapping[str, object]]) -> Iterator[tuple[str, ...]]:
    for row in found:
        synonyms = row["synonyms"] if isinstance(row["synonyms"], list) else []
        yield tuple(dict.fromkeys(str(name) for name in (row["name"], *synonyms)))
