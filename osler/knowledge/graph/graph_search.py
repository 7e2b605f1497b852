"""Search in a knowledge graph: what it says of the things that a question names, as passages in words.

Paths between the things named are what Dr. Knows puts before a model (Gao et al. 2023, arXiv:2308.14321: it learns which
paths to keep; here they are ranked by length, weight and, where an encoder is named, nearness to the question).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.graph.graph import Graph
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.triple import Path, Step, passage_of, triple_ids
from osler.models.embedding import embed_with
from osler.models.encoder import Encoder

_PAIRS = 200  # pairs of things named in one question whose paths are looked for


@block
class GraphSearch:
    """Passages made of paths and triples about the nodes whose names stand in the query, best first.

    longest: triples of a path between two of them (0: no paths). relations: which may be used ("~treats" backwards only);
    () is all. around: whether single triples of each thing are given, too. encoder: orders what is found by the cosine of
    its words with the query; None keeps paths before triples, short before long, surer before less sure. pool: how many
    candidates are ordered. A passage's id is ``kg/``, the ids of its triples and the spans of a store that they were read
    from (``kg/1a2b3c4d5e..zelvarine/v2/0-34``), so that an answer can be told from whose document it is; ``about`` gives
    their provenance.
    """

    graph: KnowledgeGraph = KnowledgeGraph()
    longest: int = 3
    relations: tuple[str, ...] = ()
    around: bool = True
    encoder: Encoder | None = None
    pool: int = 200

    def check(self) -> None:
        if self.longest < 0 or self.pool < 1 or not (self.longest or self.around):
            raise SpecError("graph_search needs longest of 0 or more, a pool, and paths or triples to give")

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """At most ``k`` passages; the score is the cosine, or falls with the place where no encoder is named."""
        if k < 1:
            return []
        graph = self.graph.graph()
        found = [passage_of(path, graph.names) for path in self._candidates(query, graph)]
        if self.encoder is None or not found:
            return [(passage, 1.0 / (place + 1)) for place, passage in enumerate(found[:k])]
        vectors = (await embed_with(self.encoder, [query, *(passage.text for passage in found)])).vectors
        near = vectors[1:] @ vectors[0]
        order = sorted(range(len(found)), key=lambda at: (-float(near[at]), at))[:k]
        return [(found[at], float(near[at])) for at in order]

    def about(self, passage: str) -> Mapping[str, Any]:
        """Where the triples of a passage are from: {"source", "triples": [{head, relation, tail, source, where}, ...]}."""
        graph = self.graph.graph()
        path = [graph.triple(name) for name in triple_ids(passage)]
        triples = [triple._asdict() for triple in path if triple is not None]
        if not triples or len(triples) != len(path):
            return {}
        return {"source": "; ".join(dict.fromkeys(one["source"] for one in triples)), "triples": triples}

    def named(self, text: str) -> tuple[str, ...]:
        """The nodes whose names stand in a text, in order, each once."""
        return tuple(dict.fromkeys(node for found in self.graph.linker().mentions(text) for node in found.nodes))

    def _candidates(self, query: str, graph: Graph) -> list[Path]:
        wanted = self._wanted(graph)
        if self.relations and not wanted:
            return []
        named = self.named(query)
        paths: list[Path] = []
        if self.longest:
            for start, end in list(combinations(named, 2))[:_PAIRS]:
                paths += graph.paths(start, end, longest=self.longest, relations=wanted, most=5)
        paths.sort(key=lambda path: (len(path), -_weight(path)))
        if self.around:
            single = [(step,) for node in named for step in graph.steps(node, _both_ways(wanted))]
            paths += sorted(single, key=lambda path: -_weight(path))
        once: dict[frozenset[str], Path] = {}
        for path in paths:
            once.setdefault(frozenset(step.triple.id for step in path), path)
        return list(once.values())[: self.pool]

    def _wanted(self, graph: Graph) -> tuple[str, ...]:
        """The relations that may be used. A graph that changes may have lost one; elsewhere an unknown one is a mistake."""
        if not self.graph.changes:
            return self.relations
        return tuple(name for name in self.relations if name.removeprefix("~") in graph.relations)


def _both_ways(relations: Sequence[str]) -> tuple[str, ...]:
    return tuple(each for name in relations for each in ((name,) if name[0] == "~" else (name, f"~{name}")))


def _weight(path: Sequence[Step]) -> float:
    product = 1.0
    for step in path:
        product *= step.triple.weight
    return product
