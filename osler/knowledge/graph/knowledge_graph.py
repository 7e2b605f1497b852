"""A graph as a block: its sources joined, and read once."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import SpecError
from osler.knowledge.graph.graph import Graph
from osler.knowledge.graph.linking import Linker
from osler.knowledge.graph.sources import DiseaseHierarchy, GraphSource, Indications, Phenotypes
from osler.knowledge.graph.triple import Node, forget


@runtime_checkable
class Changing(Protocol):
    """A source whose triples may change while it is in use."""

    def generation(self) -> int:
        """A number that grows with every change."""
        ...


@block
class KnowledgeGraph:
    """``sources`` as one graph. Of a node that several sources name, the first name stands and all others are synonyms."""

    sources: tuple[GraphSource, ...] = (DiseaseHierarchy(), Phenotypes(), Indications())

    def check(self) -> None:
        if not self.sources:
            raise SpecError("a knowledge graph needs a source", hint='sources = [{ use = "disease_hierarchy" }]')

    def graph(self) -> Graph:
        """The graph, built on the first call, and again when a source that changes has changed."""
        held: Graph | None = self.__dict__.get("_graph")
        state = self._state()
        if held is None or self.__dict__.get("_built") != state:
            parts = [source.part() for source in self.sources]
            nodes: dict[str, Node] = {}
            for part in parts:
                for node in part.nodes:
                    nodes[node.id] = _joined(nodes[node.id], node) if node.id in nodes else node
            forget()
            held = Graph(nodes.values(), (triple for part in parts for triple in part.triples))
            self.__dict__.update(_graph=held, _built=state, _linker=None)
        return held

    @property
    def changes(self) -> bool:
        """Whether what it holds, its relations included, may be other things tomorrow."""
        return any(isinstance(source, Changing) for source in self.sources)

    def linker(self) -> Linker:
        """Finds the names of the graph's nodes in texts."""
        graph = self.graph()
        held: tuple[Graph, Linker] | None = self.__dict__.get("_linker")
        if held is None or held[0] is not graph:
            held = self.__dict__["_linker"] = graph, Linker(graph.nodes.values())
        return held[1]

    def _state(self) -> tuple[int, ...]:
        return tuple(source.generation() for source in self.sources if isinstance(source, Changing))


def _joined(first: Node, other: Node) -> Node:
    names = dict.fromkeys((*first.synonyms, other.name, *other.synonyms))
    names.pop(first.name, None)
    return Node(first.id, first.kind, first.name, tuple(names))
