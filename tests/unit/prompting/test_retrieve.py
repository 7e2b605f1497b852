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
INDEX = BM25(tokens="words", stem="", stop="", collection=PassageList(items=ITEMS))


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
    assert [item.id for item in asyncio.run(Retrieve(index=INDEX, k=3).found(prompt))] == ["x"]


def test_nothing_found_leaves_the_prompt_as_it_was() -> None:
    prompt = Prompt(id="q", question="Qui?", choices=("aspirin", "calcium"), lettered=True)
    assert asyncio.run(Retrieve(index=INDEX).extended(prompt)) == prompt


def test_order_and_room() -> None:
    best_last = asyncio.run(Retrieve(index=INDEX, k=3, order="best_last").found(QUESTION))
    best_first = asyncio.run(Retrieve(index=INDEX, k=3).found(QUESTION))
    assert best_last == tuple(reversed(best_first))
    small = asyncio.run(Retrieve(index=INDEX, k=3, max_characters=70).found(QUESTION))
    assert [item.id for item in small] == ["x"]  # h1 does not fit beside it, and neither does a part of it
    assert all(item in ITEMS for item in best_first)


def test_the_last_line_alone_may_be_asked() -> None:
    prompt = Prompt(id="q", question="Aspirin was given, aspirin again.\n\nWhat does clotting need?\n")
    assert asyncio.run(Retrieve(index=INDEX, k=1).found(prompt))[0].id == "a1"
    assert asyncio.run(Retrieve(index=INDEX, k=1, query="last_line").found(prompt))[0].id == "h2"
    assert asyncio.run(Retrieve(index=INDEX, query="last_line").found(Prompt(id="q", question=" \n "))) == ()


def test_evidence_of_the_case_stays_and_is_not_put_twice() -> None:
    prompt = QUESTION.replace(evidence=(Passage(id="h1", text="kept"), Passage(id="n", text="note")))
    ids = [item.id for item in asyncio.run(Retrieve(index=INDEX, k=2).extended(prompt)).evidence]
    assert ids == ["h1", "n", "x", "h2"]
    assert asyncio.run(Retrieve(index=INDEX, k=1).extended(LABELLED)).evidence[:2] == LABELLED.evidence


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


def test_citations_are_evidence_only_if_they_were_shown() -> None:
    model = Scripted("Heparin does [h1, zz9].\nAnswer: B")
    found = predict(Retrieve(index=INDEX, k=2), model)
    assert (found.answer, found.evidence) == ("B", ("h1",))
    assert "zz9" in found.rationale  # an invented citation stays where every metric of citations sees it
    assert predict(Retrieve(index=INDEX, k=2), Scripted("Answer: B")).evidence is None
    listed = Scripted('{"rationale": "r", "evidence": ["x", "zz9"], "answer": "B"}')
    told = predict(Retrieve(index=INDEX, k=2), listed)
    assert (told.evidence, told.rationale) == (("x",), "r\nCited, but never shown: [zz9]")
    case = predict(Retrieve(index=INDEX, k=1), Scripted("She is 70 [0].\nAnswer: no"), LABELLED)
    assert case.evidence == ("0",)


def test_numbers_in_place_of_ids_come_back_as_ids() -> None:
    model = Scripted("Heparin does [2], as [1-2] and [7] say [5.5].\nAnswer: B")
    found = predict(Retrieve(index=INDEX, k=2, marks="numbers"), model)
    assert model.asked[0][0][1].text.startswith("[1] A drug is a substance.")
    assert found.evidence == ("h1", "x")
    assert found.rationale == "Heparin does [h1], as [x, h1] and [7] say [5.5]."
    there = LABELLED.replace(question="Is it a drug?", evidence=(Passage(id="1", text="kept"),))
    asked = Scripted("Aspirin [2].\nAnswer: no")
    assert predict(Retrieve(index=INDEX, k=1, marks="numbers"), asked, there).evidence == ("x",)  # 1 is the case's own


def test_numbers_in_a_json_answer_come_back_in_its_texts_alone() -> None:
    prompt = Prompt(id="j", question="Which drug stops clotting?", schema={"type": "object"})
    reply = '{"counts":[1,2],"drug":"heparin [1]"}'
    found = predict(Retrieve(index=INDEX, k=1, marks="numbers"), Scripted(reply), prompt)
    assert found.answer == '{"counts":[1,2],"drug":"heparin [x]"}'


def test_passages_are_clipped_in_tokens_of_the_model_or_of_three_bytes() -> None:
    """Simulated counts a token for four characters of "[id] text": 15 for x, 13 for h1, 7 for h2, 7 for a1."""
    whole = asyncio.run(Retrieve(index=INDEX, k=4).found(QUESTION, Simulated()))
    lengths = [len(f"[{item.id}] {item.text}") for item in whole]
    for most in (1, 10, 20, 30, 40, 1000):
        kept = asyncio.run(Retrieve(index=INDEX, k=4, passage_tokens=most).found(QUESTION, Simulated()))
        joined = [(sum(lengths[:count]) + count - 1) // 4 for count in range(len(whole) + 1)]
        assert kept == whole[: max(count for count in range(len(whole) + 1) if count == 0 or joined[count] <= most)]
        bytewise = asyncio.run(Retrieve(index=INDEX, k=4, passage_tokens=most).found(QUESTION, Scripted()))
        assert kept[: len(bytewise)] == bytewise
    assert asyncio.run(Retrieve(index=INDEX, k=4, passage_tokens=5).found(QUESTION)) == ()
    assert Retrieve(k=32).reads == 8000
    assert Retrieve(k=32, passage_tokens=3000).reads == 3000
