"""Retrieval puts passages before the question: the right ones, as material, and never by the options."""

from __future__ import annotations

import asyncio

import pytest
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Example, Passage, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.retrieve import MATERIAL, Retrieve

ITEMS = (
    Passage(id="h1", text="Heparin stops clotting by way of antithrombin."),
    Passage(id="h2", text="Clotting needs calcium."),
    Passage(id="a1", text="Aspirin acts on platelets."),
    Passage(id="x", text="A drug is a substance. Which drug stops is told elsewhere."),
)
INDEX = BM25(collection=PassageList(items=ITEMS))


def test_passages_stand_before_the_question_with_their_ids() -> None:
    model = Scripted("Answer: B")
    found = predict(Retrieve(index=INDEX, k=2), model)
    assert found.answer == "B"
    (system, user) = model.asked[0][0]
    assert system.text.endswith(MATERIAL)
    assert [(part.name, part.id) for part in user.parts[:3]] == [
        ("evidence", "x"),
        ("evidence", "h1"),
        ("question", "q1"),
    ]
    assert "[h1] Heparin stops clotting" in user.text


def test_the_options_are_never_searched_for() -> None:
    prompt = Prompt(id="q", question="Which substance is meant?", choices=("aspirin", "calcium"), lettered=True)
    assert [item.id for item in Retrieve(index=INDEX, k=3).found(prompt)] == ["x"]


def test_nothing_found_leaves_the_prompt_as_it_was() -> None:
    prompt = Prompt(id="q", question="Qui?", choices=("aspirin", "calcium"), lettered=True)
    assert Retrieve(index=INDEX).extended(prompt) == prompt


def test_order_and_room() -> None:
    best_last = Retrieve(index=INDEX, k=3, order="best_last").found(QUESTION)
    best_first = Retrieve(index=INDEX, k=3).found(QUESTION)
    assert best_last == tuple(reversed(best_first))
    small = Retrieve(index=INDEX, k=3, max_characters=70).found(QUESTION)
    assert [item.id for item in small] == ["x"]  # h1 does not fit beside it, and neither does a part of it
    assert all(item in ITEMS for item in best_first)


def test_the_last_line_alone_may_be_asked() -> None:
    prompt = Prompt(id="q", question="Aspirin was given, aspirin again.\n\nWhat does clotting need?\n")
    assert Retrieve(index=INDEX, k=1).found(prompt)[0].id == "a1"
    assert Retrieve(index=INDEX, k=1, query="last_line").found(prompt)[0].id == "h2"
    assert Retrieve(index=INDEX, query="last_line").found(Prompt(id="q", question=" \n ")) == ()


def test_evidence_of_the_case_stays_and_is_not_put_twice() -> None:
    prompt = QUESTION.replace(evidence=(Passage(id="h1", text="kept"), Passage(id="n", text="note")))
    ids = [item.id for item in Retrieve(index=INDEX, k=2).extended(prompt).evidence]
    assert ids == ["h1", "n", "x", "h2"]
    assert Retrieve(index=INDEX, k=1).extended(LABELLED).evidence[:2] == LABELLED.evidence


def test_it_wraps_other_methods_and_costs_what_they_cost() -> None:
    made = Retrieve(index=INDEX, inner=FewShot(k=1, inner=ChainOfThought()))
    assert from_spec(to_spec(made)) == made
    assert made.calls(QUESTION) == ChainOfThought().calls(QUESTION)
    assert made.needs == ChainOfThought().needs
    model = Scripted("Clotting: heparin.\nAnswer: B")
    fitted = asyncio.run(made.fit([(QUESTION.replace(id="t1", question="What stops a clot?"), "B")], model))
    found = predict(fitted, model)
    assert (found.answer, found.rationale) == ("B", "Clotting: heparin.")
    with pytest.raises(SpecError, match=r"retrieve\.k"):
        Retrieve(index=INDEX, k=0)


def test_free_text_and_json_prompts_work() -> None:
    schema = {"type": "object", "properties": {"drug": {"type": "string"}}}
    for prompt, reply in (
        (Prompt(id="f", question="Which drug stops clotting?"), "Heparin."),
        (Prompt(id="j", question="Which drug stops clotting?", schema=schema), '{"drug":"heparin"}'),
    ):
        found = predict(Retrieve(index=INDEX, k=1), Scripted(reply), prompt)
        assert (found.answer, found.parsed) == (reply, True)


def test_a_model_that_evidence_helps_gains_and_the_unhelped_does_not() -> None:
    """500 items, skill 0.5: a gain of 2 logits should lift accuracy to 0.88, and none should change no answer."""
    cases = [Example(id=f"c{i}", input={}, target="AB"[i % 2], choices=("aspirin", "heparin")) for i in range(500)]
    prompts = [QUESTION.replace(id=case.id) for case in cases]

    def right(gain: float, k: int) -> int:
        model = Simulated(skill=0.5, evidence_gain=gain).keyed(cases, lettered=True)

        async def go() -> int:
            strategy = Retrieve(index=INDEX, k=k)
            asked = prompts if k else []
            got = [await strategy.predict(prompt, model, seed=0) for prompt in asked]
            return sum(one.answer == case.target for one, case in zip(got, cases, strict=True))

        return asyncio.run(go())

    assert 0.84 * 500 <= right(2.0, 1) <= 0.92 * 500
    assert 0.43 * 500 <= right(0.0, 1) <= 0.57 * 500
