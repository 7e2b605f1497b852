"""The published graphs: their size, what lies between things, and that their paths help a model on real findings."""

from __future__ import annotations

import asyncio

import pytest

from osler import experiments
from osler.experiments.outcome import Outcome
from osler.knowledge.graph.graph_search import GraphSearch
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def joined() -> KnowledgeGraph:
    return KnowledgeGraph()


def test_the_three_graphs_are_joined(joined: KnowledgeGraph) -> None:
    graph = joined.graph()
    count = {relation: sum(one.relation == relation for one in graph.triples) for relation in graph.relations}
    assert count["is_a"] == 8285
    assert count["has_phenotype"] == 27_966
    assert count["has_gene"] == 800
    assert count["treats"] + count["relieves"] + count["does_not_treat"] == 1388
    assert 0 < count["same_as"] <= 800
    kinds = {node.kind for node in graph.nodes.values()}
    assert kinds == {"disease", "finding", "gene", "drug"}
    assert all(triple.source and triple.where for triple in graph.triples)


def test_a_path_runs_from_a_finding_to_a_drug(joined: KnowledgeGraph) -> None:
    graph = joined.graph()
    found = graph.follow("DB00331", ("treats", "is_a"))  # metformin
    assert any(path[-1].end in graph.ancestors("DOID:9352") for path in found)
    finding = next(node.id for node in graph.nodes.values() if node.name == "Seizure")
    paths = graph.follow(finding, ("~has_phenotype", "same_as"), most=50)
    assert paths
    assert all(path[-1].end.startswith("DOID:") for path in paths)


def test_names_are_linked_and_passages_can_be_traced(joined: KnowledgeGraph) -> None:
    search = GraphSearch(graph=joined)
    found = asyncio.run(search.search("Does metformin treat type 2 diabetes mellitus?", 3))
    assert found[0][0].text == "Metformin is a treatment that changes the course of type 2 diabetes mellitus."
    assert search.about(found[0][0].id)["source"] == "PharmacotherapyDB 1.0"
    assert "DOID:5844" in search.named("an old heart attack")


@pytest.mark.timeout(900)  # embeds a thousand passages, on whatever machine
def test_paths_help_on_real_findings() -> None:
    outcome: Outcome = experiments.experiment("dr_knows", quick=True)
    assert not outcome.failed, [claim.seen for claim in outcome.failed]
