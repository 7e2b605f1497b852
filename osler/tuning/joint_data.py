"""Texts with the part of a knowledge graph that they speak of: from a corpus and a graph, or invented."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

from osler.core.block import block, canonical, digest
from osler.core.errors import SpecError
from osler.data.generated.invented_clinic import clinic
from osler.knowledge.graph.graph import Graph
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph


class Grounded(NamedTuple):
    """A text with its subgraph. nodes: names, each once; edges: (head, relation, tail) by places in ``nodes`` and in the
    relations of the source; linked: places of the nodes that the text names."""

    id: str
    text: str
    nodes: tuple[str, ...]
    edges: tuple[tuple[int, int, int], ...]
    linked: tuple[int, ...]


class World(NamedTuple):
    """Grounded texts and all that their graph can be about, in fixed orders."""

    texts: tuple[Grounded, ...]
    nodes: tuple[str, ...]
    relations: tuple[str, ...]

    @property
    def hash(self) -> str:
        return digest(canonical([self.nodes, self.relations, [list(one) for one in self.texts]]))


@runtime_checkable
class GroundedTexts(Protocol):
    """A block that gives texts with their subgraphs, in the same order every time."""

    def world(self) -> World: ...


@block
class LinkedTexts:
    """The texts of a corpus, each with what ``graph`` holds of the things that it names.

    A subgraph has the named things, then what lies between two of them, then their other neighbours, at most ``most``
    nodes, with all edges among these (DRAGON, arXiv:2210.09338, section 2.1: up to 200). Texts that name fewer than
    ``least`` things are left out.
    """

    corpus: Any = None
    graph: KnowledgeGraph = KnowledgeGraph()
    most: int = 200
    least: int = 2

    def check(self) -> None:
        if self.most < 2 or self.least < 1:
            raise SpecError("linked_texts needs most of 2 or more nodes and least of 1 or more")

    def world(self) -> World:
        if self.corpus is None:
            raise SpecError("linked_texts has no corpus", hint='corpus = { use = "open_texts" }')
        graph, linker = self.graph.graph(), self.graph.linker()
        kinds = {name: place for place, name in enumerate(graph.relations)}
        out = []
        for text in self.corpus.texts():
            named = list(dict.fromkeys(node for found in linker.mentions(text.text) for node in found.nodes))
            if len(named) >= self.least:
                out.append(_grounded(text.id, text.text, named[: self.most], graph, kinds, self.most))
        return World(tuple(out), tuple(graph.nodes), graph.relations)


def _grounded(id: str, text: str, named: list[str], graph: Graph, kinds: dict[str, int], most: int) -> Grounded:
    near: dict[str, set[str]] = {}
    for node in named:
        for step in graph.steps(node):
            near.setdefault(step.end, set()).add(node)
    between = [node for node, by in near.items() if len(by) > 1]
    others = [node for node, by in near.items() if len(by) == 1]
    nodes = list(dict.fromkeys((*named, *between, *others)))[:most]
    place = {node: at for at, node in enumerate(nodes)}
    edges = {
        (place[step.triple.head], kinds[step.triple.relation], place[step.triple.tail])
        for node in nodes
        for step in graph.steps(node)
        if step.forward and step.end in place and step.end != node
    }
    return Grounded(id, text, tuple(nodes), tuple(sorted(edges)), tuple(range(len(named))))


_RELATIONS = ("treats", "relieves", "worsens", "shows", "helps")
_WORDINGS = {
    "treats": ("treats", "cures", "heals"),
    "relieves": ("relieves", "soothes", "eases"),
    "worsens": ("worsens", "aggravates", "feeds"),
}
_ACTS = ("blocking", "heating", "binding")
_KINDS = 3  # hidden classes of diseases and of drugs


@block
class InventedGraph:
    """A toy graph and sentences about its edges. Diseases and drugs have one of three hidden kinds each, which decide how a
    drug acts on a disease: treats, relieves or worsens. What kind a disease is can be seen in the graph (its sign), what
    kind a drug is in the text (how it acts). A drug "helps" a sign where it treats the diseases that show it.

    known: share of the pairs of drug and disease that are in the graph and told in sentences; of the others nothing is
    said. part: "train" gives these sentences; "edges" sentences on pairs of the rest, with [MASK] where the relation's
    word is missing and the pair's edge not in the graph; "questions" asks two steps: which sign a drug helps, for the
    drugs of whose help nothing is said, half of all. around: edges of each end that a subgraph shows at most.
    """

    size: int = 24
    known: float = 0.4
    around: int = 4
    part: Literal["train", "edges", "questions"] = "train"
    seed: int = 0

    def check(self) -> None:
        if self.size < 2 * _KINDS or not 0 < self.known < 1 or self.around < 1:
            raise SpecError("invented_graph needs a size of 6 or more, and known between 0 and 1")

    def toy(self) -> Toy:
        """The invented world itself, with what is true in it."""
        return Toy(self)

    def world(self) -> World:
        toy = self.toy()
        texts = {"train": toy.told, "edges": toy.missing, "questions": toy.asked}[self.part]()
        return World(tuple(texts), toy.nodes, _RELATIONS)


def words_of(relation: str) -> tuple[str, ...]:
    """The words that the sentences of InventedGraph have for a relation between a drug and a disease."""
    return _WORDINGS[relation]


class Toy:
    """The invented world: who is of which kind, what is known, and how it is told."""

    def __init__(self, spec: InventedGraph) -> None:
        self.spec, size = spec, spec.size
        self.draw = random.Random(f"invented graph {spec.seed}")
        made = clinic(size, seed=spec.seed)
        self.diseases = [one.name for one in made]
        self.drugs = [one.drug for one in made]
        self.signs = ["redsign", "coldsign", "stiffsign"]
        self.nodes = (*self.diseases, *self.drugs, *self.signs)
        kinds = [place % _KINDS for place in range(size)]
        self.disease_kind = dict(zip(self.diseases, self.draw.sample(kinds, size), strict=True))
        self.drug_kind = dict(zip(self.drugs, self.draw.sample(kinds, size), strict=True))
        pairs = [(drug, disease) for drug in self.drugs for disease in self.diseases]
        self.draw.shuffle(pairs)
        cut = round(spec.known * len(pairs))
        self.known, self.hidden = pairs[:cut], pairs[cut:]
        quiet = set(self.draw.sample(self.drugs, size // 2))
        self.triples = [(drug, self.acts(drug, disease), disease) for drug, disease in self.known]
        self.triples += [(disease, "shows", self.sign_of(disease)) for disease in self.diseases]
        self.helps = [(drug, "helps", self.helped(drug)) for drug in self.drugs]
        self.triples += [edge for edge in self.helps if edge[0] not in quiet]
        self.quiet = [drug for drug in self.drugs if drug in quiet]
        self.at: dict[str, list[tuple[str, str, str]]] = {}
        for edge in self.triples:
            self.at.setdefault(edge[0], []).append(edge)
            self.at.setdefault(edge[2], []).append(edge)

    def acts(self, drug: str, disease: str) -> str:
        return _RELATIONS[(self.drug_kind[drug] + self.disease_kind[disease]) % _KINDS]

    def sign_of(self, disease: str) -> str:
        return self.signs[self.disease_kind[disease]]

    def helped(self, drug: str) -> str:
        return self.signs[-self.drug_kind[drug] % _KINDS]

    def sentence(self, drug: str, word: str, other: str) -> str:
        return f"{drug} , a {_ACTS[self.drug_kind[drug]]} drug , {word} {other} ."

    def told(self) -> list[Grounded]:
        out = []
        for drug, disease in self.known:
            word = self.draw.choice(_WORDINGS[self.acts(drug, disease)])
            out.append(self.grounded(self.sentence(drug, word, disease), (drug, disease)))
        for drug, _, sign in self.helps:
            if drug not in self.quiet:
                out.append(self.grounded(self.sentence(drug, "helps", sign), (drug, sign)))
        return out

    def missing(self) -> list[Grounded]:
        return [self.grounded(self.sentence(drug, "[MASK]", disease), (drug, disease)) for drug, disease in self.hidden]

    def asked(self) -> list[Grounded]:
        """The signs stand in each subgraph, so that each can be compared."""
        return [self.grounded(self.sentence(drug, "helps", "[MASK]"), (drug,), self.signs) for drug in self.quiet]

    def grounded(self, text: str, named: tuple[str, ...], shown: Sequence[str] = ()) -> Grounded:
        """A sentence with a drawn part of the graph: the named, their neighbours, and the signs of those."""
        nodes = dict.fromkeys((*named, *shown))
        for name in named:
            near = [edge for edge in self.at.get(name, ()) if edge[1] != "shows" or name in self.diseases]
            for edge in self.draw.sample(near, min(self.spec.around, len(near))):
                nodes |= dict.fromkeys((edge[0], edge[2]))
        for name in list(nodes):
            if name in self.disease_kind:
                nodes[self.sign_of(name)] = None
        place = {name: at for at, name in enumerate(nodes)}
        edges = sorted(
            (place[head], _RELATIONS.index(relation), place[tail])
            for head, relation, tail in self.triples
            if head in place and tail in place
        )
        return Grounded(f"{named[0]} {text[-12:]}", text, tuple(nodes), tuple(edges), tuple(range(len(named))))
