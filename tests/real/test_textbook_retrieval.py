"""Retrieval strategies over the real textbooks: the query is the question alone, and documents first finds its module."""

from __future__ import annotations

import asyncio
import os

import pytest

from osler import recipes
from osler.core.types import LETTERS, Example, Prompt
from osler.data.published import locate, rows
from osler.knowledge.bm25 import BM25
from osler.knowledge.documents_first import DocumentsFirst
from osler.models.simulated import Simulated
from osler.prompting.retrieve import Retrieve

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set: these read OpenStax textbooks"),
]


def questions(count: int) -> list[dict[str, object]]:
    found = rows(locate("openstax/mcqa.jsonl.gz", what="the questions"), what="the questions")
    return found[:: max(1, len(found) // count)][:count]


def test_the_module_of_a_question_is_found_and_its_options_change_nothing() -> None:
    """BM25 finds a passage of the question's own module among 8 for nearly every question; so it does documents first, if
    it takes documents enough."""
    modules = {row["_id"]: row["module"] for row in rows(locate("openstax/passages.jsonl.gz", what="p"), what="p")}
    index = BM25()
    asked = questions(150)
    ways = {0: Retrieve(index=index, k=8)}
    ways |= {most: Retrieve(index=DocumentsFirst(index=index, documents=most), k=8) for most in (3, 10)}
    hits = dict.fromkeys(ways, 0)
    for number, row in enumerate(asked):
        options = row["options"]
        assert isinstance(options, dict)
        prompt = Prompt(id=str(number), question=str(row["question"]), choices=tuple(options.values()), lettered=True)
        for name, way in ways.items():
            found = asyncio.run(way.found(prompt))
            assert found == asyncio.run(way.found(prompt.replace(choices=("a", "b"))))
            hits[name] += row["module"] in [modules[item.id] for item in found]
    assert hits[0] / len(asked) > 0.8
    assert abs(hits[10] - hits[0]) / len(asked) < 0.05
    assert hits[3] < hits[10]  # what few documents cost is said in the block


@pytest.mark.parametrize("name", ["i_medrag", "refine_query", "recursive_retrieve", "retrieve_verify"])
def test_tiny_recipes_answer_from_the_real_textbooks_within_their_bound(name: str) -> None:
    system = recipes.recipe("systems", name, preset="tiny")
    cases = []
    for number, row in enumerate(questions(5)):
        options = row["options"]
        assert isinstance(options, dict)
        target = LETTERS[list(options).index(row["answer"])]
        cases.append(
            Example(id=f"q{number}", input={"q": row["question"]}, target=target, choices=tuple(options.values()))
        )
    model = Simulated(skill=1.0).keyed(cases, lettered=True)
    for case in cases:
        prompt = Prompt(id=case.id, question=str(case.input["q"]), choices=case.choices, lettered=True)
        found = asyncio.run(system.predict(prompt, model, seed=0))
        assert found.answer == case.target
        assert len(found.replies) <= system.calls(prompt)
