"""Nodes, triples and paths of a knowledge graph, and how a triple reads as a sentence."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from osler.core.block import canonical, digest
from osler.core.types import Passage
from osler.knowledge.citation import Span

_BEGIN, _JOIN, _SPANS = "kg/", "-", ".."  # of the ids of passages


@dataclass(frozen=True, slots=True)
class Node:
    """A thing: ``id`` (DOID:162, HP:0000003, drug or gene), ``kind`` (disease, finding, gene, drug, chemical), its names."""

    id: str
    kind: str
    name: str
    synonyms: tuple[str, ...] = ()


class Triple(NamedTuple):
    """``head`` stands in ``relation`` to ``tail`` (ids of nodes).

    ``source`` names where it is from (a data set with its release, or "extracted"), ``where`` the place there: a row, or
    the span of a document's version as ``DOC/v2/10-80``. ``weight`` 0 to 1 is how often or how surely it holds.
    """

    head: str
    relation: str
    tail: str
    source: str = ""
    where: str = ""
    weight: float = 1.0

    @property
    def id(self) -> str:
        """A short name (10 hex characters) that depends on what is said and by whom, not on the rest of the graph."""
        return _name(self.head, self.relation, self.tail, self.source, self.where)


@functools.lru_cache(maxsize=1 << 16)
def _name(*parts: str) -> str:
    return digest(canonical(list(parts)), size=5)


def forget() -> None:
    """Forget the names that were made: what a deleted document said must not stay in memory."""
    _name.cache_clear()


class Step(NamedTuple):
    """A triple as it is walked: from its head to its tail, or (``forward`` False) the other way."""

    triple: Triple
    forward: bool

    @property
    def start(self) -> str:
        return self.triple.head if self.forward else self.triple.tail

    @property
    def end(self) -> str:
        return self.triple.tail if self.forward else self.triple.head


Path = tuple[Step, ...]

# How a relation reads. Those that are not listed read as "{head}: {relation} {tail}".
SENTENCES: Mapping[str, str] = {
    "is_a": "{head} is a kind of {tail}.",
    "same_as": "{head} and {tail} are the same disease.",
    "has_phenotype": "{head} can show {tail}{share}.",
    "has_gene": "{head} can be caused by variants of the gene {tail}.",
    "treats": "{head} is a treatment that changes the course of {tail}.",
    "relieves": "{head} relieves symptoms of {tail}.",
    "does_not_treat": "{head} is not indicated for {tail}.",
    "induces": "{head} can induce {tail}.",
}


def sentence(triple: Triple, names: Mapping[str, str]) -> str:
    """A triple in words. Names begin as they are written, so that abbreviations stay right."""
    head, tail = (names.get(end, end) for end in (triple.head, triple.tail))
    share = f" ({round(100 * triple.weight)} % of recorded patients)" if triple.relation == "has_phenotype" else ""
    form = SENTENCES.get(triple.relation, "{head}: {relation} {tail}.")
    return form.format(head=head, tail=tail, relation=triple.relation.replace("_", " "), share=share)


def passage_of(path: Sequence[Step], names: Mapping[str, str]) -> Passage:
    """A path as a passage. Its id: ``kg/``, the ids of its triples, and the spans of a store that these were read from
    (``kg/1a2b3c4d5e-0f9e8d7c6b..zelvarine/v2/0-34``), so that what was answered with it is found when the document goes."""
    spans = dict.fromkeys(step.triple.where for step in path if Span.maybe(step.triple.where))
    ids = _JOIN.join(step.triple.id for step in path)
    return Passage(id=_BEGIN + _SPANS.join((ids, *spans)), text=told(path, names))


def triple_ids(passage: str) -> list[str]:
    """The ids of the triples of a passage by its id; none where it is not of a graph."""
    if not passage.startswith(_BEGIN):
        return []
    return passage.removeprefix(_BEGIN).partition(_SPANS)[0].split(_JOIN)


def told(path: Sequence[Step], names: Mapping[str, str]) -> str:
    """A path in words: its triples as sentences, in the order in which it is walked."""
    return " ".join(sentence(step.triple, names) for step in path)
