"""Looking up in a graph: what is asked for is shown, what is not there changes nothing, and every reply is counted."""

from __future__ import annotations

import asyncio

import pytest

from osler.core.errors import SpecError
from osler.core.types import Example
from osler.experiments.exam import EXAM
from osler.knowledge.graph.knowledge_graph import KnowledgeGraph
from osler.knowledge.graph.sources import TripleList
from osler.models.simulated_lookup import SimulatedLookup
from osler.prompting.graph_lookup import GraphLookup, lookups
from osler.prompting.zero_shot import ZeroShot

ROWS = (
    {"head": "d1", "head_name": "Zelvarine", "relation": "treats", "tail": "x", "tail_name": "amber anaemia"},
    {"head": "d2", "head_name": "Tarrimab", "relation": "treats", "tail": "x", "tail_name": "amber anaemia"},
)
CASE = Example(
    id="q",
    input={"question": "What does Zelvarine treat?"},
    target="B",
    choices=("coastal fever", "amber anaemia"),
    meta={"learned": "coastal fever", "thing": "Zelvarine", "relation": "treats"},
)
GRAPH = KnowledgeGraph(sources=(TripleList(rows=ROWS),))


def lookup(**settings: int) -> GraphLookup:
    return GraphLookup(graph=GRAPH, inner=ZeroShot(by="generate"), **settings)


def test_what_is_looked_up_overrides_what_was_learned() -> None:
    model = SimulatedLookup(memory=1.0, fills=1.0).keyed([CASE], lettered=True)
    prompt = EXAM.prompt(CASE)
    learned = asyncio.run(ZeroShot(by="generate").predict(prompt, model, seed=0))
    found = asyncio.run(lookup().predict(prompt, model, seed=0))
    assert (learned.answer, found.answer) == ("A", "B")
    assert len(found.replies) == lookup().calls(prompt) == 2
    assert found.rationale.startswith("Looked up: 1, found: 1.")


def test_a_wrong_parameter_finds_nothing_and_leaves_the_memory() -> None:
    model = SimulatedLookup(memory=1.0, fills=0.0).keyed([CASE], lettered=True)
    found = asyncio.run(lookup().predict(EXAM.prompt(CASE), model, seed=0))
    assert found.answer == "A"
    assert found.rationale.startswith("Looked up: 1, found: 0.")


def test_a_relation_is_tried_both_ways_its_own_first() -> None:
    assert [item.text for item in lookup().looked_up("Zelvarine", "treats")] == [
        "Zelvarine is a treatment that changes the course of amber anaemia."
    ]
    assert len(lookup().looked_up("amber anaemia", "treats")) == 2
    assert len(lookup(shown=1).looked_up("amber anaemia", "~treats")) == 1
    assert lookup().looked_up("Zelvarine and Tarrimab", "treats") == ()  # which of both is meant is not guessed
    assert lookup().looked_up("Zelvarine", "cures") == ()
    assert lookup().looked_up("", "treats") == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"lookups": [{"thing": " gout ", "relation": "treats"}, {"thing": "gout", "relation": "treats"}]}', [("gout", "treats")]),
        ('{"lookups": [{"thing": 3, "relation": "treats"}, "x", {"thing": "", "relation": "r"}]}', []),
        ('{"lookups": "gout"}', []),
        ("[1]", []),
        ("no JSON", []),
    ],
)  # fmt: skip
def test_what_cannot_be_read_looks_up_nothing(text: str, wanted: list[tuple[str, str]]) -> None:
    assert lookups(text) == wanted


def test_bounds_are_checked() -> None:
    with pytest.raises(SpecError, match="at least 1"):
        lookup(most=0)
