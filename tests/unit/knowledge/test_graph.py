"""Knowledge graphs: paths equal a search by brute force, names are found in texts, and what is shown can be traced."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.knowledge.citation import Span
from osler.knowledge.document import Document
from osler.knowledge.graph.graph import Graph
from osler.knowledge.graph.graph_search import GraphSearch
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.linking import Linker
from osler.knowledge.graph.sources import TripleFile, TripleList
from osler.knowledge.graph.stored_triples import StoredTriples
from osler.knowledge.graph.triple import Node, Step, Triple, sentence
from osler.knowledge.store import KnowledgeStore

ROWS: tuple[dict[str, Any], ...] = (
    {"head": "D1", "head_name": "Marfan syndrome", "relation": "has_phenotype", "tail": "F1", "tail_name": "tall stature", "weight": 0.8},
    {"head": "D1", "relation": "has_phenotype", "tail": "F2", "tail_name": "lens subluxation", "weight": 0.6},
    {"head": "D2", "head_name": "homocystinuria", "relation": "has_phenotype", "tail": "F2", "weight": 0.9},
    {"head": "D1", "relation": "is_a", "tail": "D3", "tail_name": "connective tissue disease"},
    {"head": "M1", "head_name": "losartan", "relation": "treats", "tail": "D1"},
)  # fmt: skip


def toy() -> KnowledgeGraph:
    return KnowledgeGraph(sources=(TripleList(rows=ROWS),))


edges = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(["r", "s"]), st.sampled_from("abcdef")).filter(
        lambda edge: edge[0] != edge[2]
    ),
    max_size=14,
    unique=True,
)


def _every_path(graph: Graph, start: str, end: str, longest: int) -> Iterator[tuple[Step, ...]]:
    def walk(path: tuple[Step, ...], at: str) -> Iterator[tuple[Step, ...]]:
        if at == end and path:
            yield path
            return
        if len(path) == longest:
            return
        met = {start, *(step.end for step in path)}
        for step in graph.steps(at):
            if step.end not in met:
                yield from walk((*path, step), step.end)

    yield from walk((), start)


@given(edges, st.integers(1, 4))
@settings(max_examples=150)
def test_paths_are_all_paths_shortest_first(held: list[tuple[str, str, str]], longest: int) -> None:
    graph = Graph([Node(name, "thing", name) for name in "abcdef"], [Triple(*edge) for edge in held])
    for start, end in itertools.combinations("abcdef", 2):
        found = graph.paths(start, end, longest=longest, most=10_000)
        assert set(found) == set(_every_path(graph, start, end, longest))
        assert len(found) == len(set(found))
        assert [len(path) for path in found] == sorted(len(path) for path in found)


def test_relations_can_be_walked_one_way_only() -> None:
    graph = toy().graph()
    assert [path[-1].end for path in graph.follow("F2", ("~has_phenotype", "~treats"))] == ["M1"]
    assert graph.follow("F2", ("has_phenotype",)) == []
    assert len(graph.paths("F1", "F2", relations=("has_phenotype",))) == 1
    assert graph.paths("F1", "F2", relations=("~has_phenotype",)) == []
    assert graph.ancestors("D1") == ("D3",)
    with pytest.raises(SpecError, match="no relation 'treat'"):
        graph.follow("D1", ("treat",))


def test_crowded_things_are_not_walked_through() -> None:
    nodes = [Node(name, "thing", name) for name in ("hub", *(f"n{i}" for i in range(9)))]
    graph = Graph(nodes, [Triple("hub", "r", f"n{i}") for i in range(9)])
    assert len(graph.paths("n1", "n2", crowd=20)) == 1
    assert graph.paths("n1", "n2", crowd=5) == []
    assert len(graph.paths("n1", "hub", crowd=5)) == 1


def test_a_triple_needs_its_nodes() -> None:
    with pytest.raises(DataError, match="no node"):
        Graph([Node("a", "thing", "a")], [Triple("a", "r", "b")])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Is it Marfan syndrome or homocystinuria?", ["D1", "D2"]),
        ("MARFAN SYNDROME", ["D1"]),
        ("connective tissue diseases", ["D3"]),
        ("marfan", []),
        ("", []),
    ],
)
def test_names_are_found_in_texts(text: str, named: list[str]) -> None:
    linker = toy().linker()
    assert [node for found in linker.mentions(text) for node in found.nodes] == named
    assert all(text[found.start : found.end] for found in linker.mentions(text))


def test_abbreviations_stand_in_capitals_and_the_longest_name_wins() -> None:
    linker = Linker(
        [Node("a", "disease", "ALL"), Node("b", "disease", "leukemia"), Node("c", "disease", "acute leukemia")]
    )
    assert linker.mentions("all patients") == []
    assert [found.nodes for found in linker.mentions("ALL is an acute leukemia")] == [("a",), ("c",)]
    assert Linker([Node("z", "disease", "高血压")]).mentions("患者有高血压。")[0].nodes == ("z",)


def test_a_search_gives_paths_between_what_is_named_then_what_is_around() -> None:
    search = GraphSearch(graph=toy())
    found = asyncio.run(search.search("lens subluxation and tall stature", 10))
    assert found[0][0].text == (
        "Marfan syndrome can show tall stature (80 % of recorded patients). "
        "Marfan syndrome can show lens subluxation (60 % of recorded patients)."
    ) or found[0][0].text.startswith("Marfan syndrome can show lens subluxation")
    about = search.about(found[0][0].id)
    assert {triple["tail"] for triple in about["triples"]} == {"F1", "F2"}
    assert about["source"] == "given"
    texts = [passage.text for passage, _ in found]
    assert len(texts) == len(set(texts))
    assert any("homocystinuria" in text for text in texts)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert asyncio.run(search.search("nothing of the kind", 10)) == []
    assert search.about("kg/0000000000") == {}
    assert search.about("elsewhere") == {}


def test_relations_bound_what_is_shown() -> None:
    search = GraphSearch(graph=toy(), longest=0, relations=("~treats",))
    assert [passage.text for passage, _ in asyncio.run(search.search("Marfan syndrome", 5))] == [
        "losartan is a treatment that changes the course of Marfan syndrome."
    ]


def test_what_a_passage_says_depends_on_the_triple_alone() -> None:
    more = KnowledgeGraph(sources=(TripleList(rows=(*ROWS, {"head": "x", "relation": "is_a", "tail": "D3"})),))
    first = asyncio.run(GraphSearch(graph=toy()).search("losartan", 1))[0][0]
    again = asyncio.run(GraphSearch(graph=more).search("losartan", 1))[0][0]
    assert first == again == Passage(id=first.id, text=first.text)


def test_an_unknown_relation_is_put_in_words() -> None:
    assert sentence(Triple("a", "binds_to", "b"), {"a": "drug A"}) == "drug A: binds to b."


def test_a_file_of_triples(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"head": "a", "relation": "r", "tail": "b", "weight": 0.5}\n', encoding="utf-8")
    source = TripleFile(path=str(path))
    part = source.part()
    assert part.triples[0].weight == 0.5
    assert part.triples[0].source == "t.jsonl"
    assert part.triples[0].where == "row 1"
    old = source.content_hash()
    path.write_text('{"head": "a", "relation": "r"}\n', encoding="utf-8")
    assert source.content_hash() != old
    with pytest.raises(DataError, match="tail"):
        source.part()
    path.write_text('{"head": "a", "relation": "r", "tail": "b", "weight": 7}\n', encoding="utf-8")
    with pytest.raises(DataError, match="weight"):
        source.part()


def test_triples_of_a_document_go_with_it(tmp_path: Path) -> None:
    with KnowledgeStore(tmp_path, create=True) as store:
        for name, drug in (("one", "lithium"), ("two", "famotidine")):
            text = f"{drug} can cause delirium."
            store.create(Document(id=name, text=text))
            store.put_triples("m", [(str(Span(name, 1, 0, len(text))), [(drug, "induces", "delirium")])])
        block = KnowledgeGraph(sources=(StoredTriples(path=str(tmp_path), maker="m"),))
        search = GraphSearch(graph=block)
        assert len(asyncio.run(search.search("delirium", 5))) == 2
        assert search.about(asyncio.run(search.search("lithium", 5))[0][0].id)["triples"][0]["where"] == "one/v1/0-27"
        store.delete("one", why="test")
        assert [passage.text for passage, _ in asyncio.run(search.search("delirium", 5))] == [
            "famotidine can induce delirium."
        ]
        store.update(Document(id="two", text="famotidine is safe."), why="test")
        assert asyncio.run(search.search("delirium", 5)) == []
