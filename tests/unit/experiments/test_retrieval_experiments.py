"""Experiments on retrieval: their points hold, theory is what counting gives, and the planted world is as it says."""

from __future__ import annotations

import asyncio
import html
import re

import pytest

from osler import experiments
from osler.data.generated.planted_facts import planted
from osler.experiments.measure import Right
from osler.experiments.medrag import near
from osler.experiments.page import render
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.knowledge.simulated_index import SimulatedIndex


@pytest.mark.parametrize("name", ["medrag", "i_medrag", "iterative_retrieval"])
def test_an_experiment_on_retrieval_shows_its_point(name: str) -> None:
    outcome = experiments.experiment(name, quick=True)
    assert outcome.tables
    assert outcome.figures
    assert len(outcome.claims) >= 3
    assert not outcome.failed, [claim.seen for claim in outcome.failed]
    assert outcome.title in html.unescape(render(outcome))


def test_a_share_is_near_theory_or_it_is_not() -> None:
    half = Right((True, False) * 200, 400)
    assert near(half, 0.5)
    assert near(half, 0.57)
    assert not near(half, 0.6)


def top(index: BM25, query: str, k: int = 2) -> list[str]:
    return [passage.id for passage, _ in asyncio.run(index.search(query, k))]


@pytest.mark.parametrize("hops", [2, 3, 4])
def test_a_chain_is_found_link_by_link_and_not_at_once(hops: int) -> None:
    made = planted(30, "chain", hops=hops)
    index = BM25(collection=PassageList(items=made.passages))
    for case in made.cases:
        facts = case.meta["hops"]
        assert len(facts) == hops
        assert case.meta["evidence"][-1] not in top(index, str(case.input["question"]), 10)
        for (question, fact, answer), evidence in zip(facts, case.meta["evidence"], strict=True):
            for hole, (_, _, before) in enumerate(facts, 1):
                question = question.replace(f"#{hole}", before)
            assert evidence in top(index, question)
            assert answer in fact
        assert case.choices["ABCD".index(case.target)] == facts[-1][2]


def test_the_kinds_of_question_differ_in_what_one_search_finds() -> None:
    for kind, found_at_once in (("plain", True), ("other_words", False), ("two_parts", False)):
        made = planted(30, kind)  # type: ignore[arg-type]
        index = BM25(collection=PassageList(items=made.passages))
        hits = [set(case.meta["evidence"]) <= set(top(index, str(case.input["question"]))) for case in made.cases]
        assert set(hits) == {found_at_once}
    assert planted(5, "chain", seed=1) == planted(5, "chain", seed=1) != planted(5, "chain", seed=2)


def test_no_name_stands_in_two_cases() -> None:
    made = planted(400, "plain")
    names = [re.findall(r"of (\w+)\?", str(case.input["question"]))[0] for case in made.cases]
    assert len(set(names)) == len(names)


def test_a_simulated_index_finds_as_often_and_as_high_as_its_knobs_say() -> None:
    made = planted(600)
    gold = {str(case.input["question"]): case.meta["evidence"][0] for case in made.cases}
    index = SimulatedIndex(collection=PassageList(items=made.passages), gold=gold, finds=0.7, top=0.3)

    async def recall(k: int) -> float:
        hits = [await index.search(query, k) for query in gold]
        assert all(len({item.id for item, _ in found}) == len(found) == k for found in hits)
        return (
            sum(wanted in [item.id for item, _ in found] for wanted, found in zip(gold.values(), hits, strict=True))
            / 600
        )

    for k in (1, 3, 10):
        assert abs(asyncio.run(recall(k)) - index.recall(k)) < 3.3 * (0.25 / 600) ** 0.5
    placed = SimulatedIndex(collection=PassageList(items=made.passages), gold=gold, finds=1.0, rank=3)
    query, wanted = next(iter(gold.items()))
    assert [item.id for item, _ in asyncio.run(placed.search(query, 5))].index(wanted) == 2
    assert [item.id for item, _ in asyncio.run(placed.search(query, 2))].count(wanted) == 0
    assert asyncio.run(placed.search("something else", 4)) == asyncio.run(placed.search("something else", 4))
    assert (placed.recall(2), placed.recall(3)) == (0.0, 1.0)
