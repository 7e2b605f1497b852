"""Self-critique and scripted turns: what is sent, what is kept, when it ends."""

from __future__ import annotations

import asyncio

import pytest
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Prompt
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.multi_turn import MultiTurn
from osler.prompting.self_critique import SelfCritique, approves
from osler.prompting.zero_shot import ZeroShot

TEXT = Prompt(id="t", question="Summarise: she has a cough.")
JSON = Prompt(id="j", question="List the drugs.", schema={"type": "object", "properties": {"drugs": {"type": "array"}}})


def test_it_answers_criticises_and_revises() -> None:
    model = Scripted("Answer: A", "Aspirin is no anticoagulant.\nVerdict: revise", "Heparin is.\nAnswer: B")
    found = predict(SelfCritique(), model)
    assert (found.answer, found.parsed, len(found.replies)) == ("B", True, 3)
    assert [message.role for message in model.asked[2][0]] == [
        "system",
        "user",
        "assistant",
        "user",
        "assistant",
        "user",
    ]
    assert [part.name for message in model.asked[2][0][2:] for part in message.parts] == [
        "draft",
        "turn",
        "critique",
        "turn",
    ]
    assert "Aspirin is no anticoagulant." in found.rationale


def test_it_ends_when_the_critique_finds_nothing() -> None:
    model = Scripted("Answer: A", "Sound.\nVerdict: correct")
    found = predict(SelfCritique(rounds=4), model)
    assert (found.answer, len(model.asked), len(found.replies)) == ("A", 2, 2)
    assert SelfCritique(rounds=4).calls(QUESTION) == 9


def test_an_unreadable_revision_keeps_the_answer_before() -> None:
    model = Scripted("Answer: A", "Verdict: revise", "Answer: B", "Verdict: revise", "I do not know.")
    found = predict(SelfCritique(rounds=3), model)
    assert (found.answer, found.parsed, len(found.replies)) == ("B", True, 5)


def test_an_unread_first_answer_is_not_reviewed() -> None:
    model = Scripted("Hard to say.")
    found = predict(SelfCritique(), model)
    assert (found.answer, found.parsed, len(model.asked)) == (None, False, 1)


@pytest.mark.parametrize(
    ("text", "ok"),
    [
        ("Verdict: correct", True),
        ("**Verdict:** Correct", True),
        ("Verdict: correct\nNo: one error.\nVerdict: revise", False),
        ("The verdict was not correct", False),
        ("", False),
    ],
)
def test_verdicts(text: str, ok: bool) -> None:
    assert approves(text) is ok


def test_texts_and_json_are_revised_whole() -> None:
    model = Scripted("She coughs.", "Verdict: revise", "She has a cough.")
    assert predict(SelfCritique(), model, TEXT).answer == "She has a cough."
    model = Scripted('{"drugs": []}', "Verdict: revise", '{"drugs": ["aspirin"]}')
    assert predict(SelfCritique(), model, JSON).answer == '{"drugs":["aspirin"]}'
    assert [given["schema"] is None for _, given in model.asked] == [False, True, False]


def test_turns_see_the_dialogue_and_the_last_is_read() -> None:
    system = MultiTurn(turns=("Analyse.", "Draft.", "Refine."))
    model = Scripted("It is about clots.", "Answer: A", "No: heparin.\nAnswer: B")
    found = predict(system, model)
    assert (found.answer, len(found.replies), system.calls(QUESTION)) == ("B", 3, 3)
    said = model.said(2)
    assert [role for role, _ in said] == ["system", "user", "assistant", "user", "assistant", "user"]
    assert said[1][1].endswith("B. heparin\nAnalyse.")
    assert [text for role, text in said if role == "assistant"] == ["It is about clots.", "Answer: A"]
    assert said[5][1].startswith("Refine. Finish with one line that reads 'Answer: ' and the letter")
    assert tuple(reply.text for reply in found.replies) == model.texts
    assert "It is about clots." in found.rationale


def test_only_the_last_turn_is_held_to_the_schema() -> None:
    model = Scripted("Aspirin.", '{"drugs": ["aspirin"]}')
    assert predict(MultiTurn(), model, JSON).answer == '{"drugs":["aspirin"]}'
    assert [given["schema"] is None for _, given in model.asked] == [True, False]
    assert predict(MultiTurn(), Scripted("A cough.", "She has a cough."), TEXT).answer == "She has a cough."


def test_turns_stand_around_a_chain_of_thought_and_refuse_scoring() -> None:
    model = Scripted("x", "Answer: no")
    assert predict(MultiTurn(inner=ChainOfThought()), model, LABELLED).answer == "no"
    with pytest.raises(SpecError, match="scores choices"):
        predict(MultiTurn(inner=ZeroShot(by="score")), Scripted(), LABELLED)
    for turns in ((), ("one",), ("one", " ")):
        with pytest.raises(SpecError, match="turn"):
            MultiTurn(turns=turns)
    with pytest.raises(SpecError, match="rounds"):
        SelfCritique(rounds=0)


@pytest.mark.parametrize("system", [SelfCritique(rounds=2), MultiTurn()])
def test_a_simulated_model_plays_them(system: SelfCritique | MultiTurn) -> None:
    model = Simulated(skill=1.0, key={"q1": "heparin"})
    found = asyncio.run(system.predict(QUESTION, model, seed=0))
    assert found.answer == "B"
    assert len(found.replies) <= system.calls(QUESTION)
    assert found == asyncio.run(system.predict(QUESTION, model, seed=0))
