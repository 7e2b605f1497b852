"""Self-chat and self-instruct: what is kept, what is dropped, and what the simulated writer plants."""

from __future__ import annotations

import asyncio

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import Scripted

from osler.core.errors import SpecError
from osler.core.types import Prompt
from osler.evaluation.metrics.text.tokens import words
from osler.models.simulated_writer import SimulatedWriter
from osler.prompting.self_chat import AI, HUMAN, SelfChat, Turn, ask_rate, ended, fault, turns, written
from osler.prompting.self_instruct import SelfInstruct, novel, rouge_l, tasks

SEED = Prompt(id="s", question="gout")


def test_turns_of_a_transcript() -> None:
    found = turns("Sure:\n[Human] Hi!\n[AI] Hello.\nHow are you?\n[Human] Bye.")
    assert [turn.role for turn in found] == [HUMAN, AI, HUMAN]
    assert found[1].text == "Hello.\nHow are you?"


@given(st.lists(st.text("abc ?.", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=9))
def test_what_is_written_is_read_back(texts: list[str]) -> None:
    talk = tuple(Turn(HUMAN if at % 2 == 0 else AI, text) for at, text in enumerate(texts))
    assert turns(written(talk)) == talk


@pytest.mark.parametrize(
    ("transcript", "why"),
    [
        ("no marks", "does not begin with a person"),
        ("[AI] Hi\n[Human] Hi", "does not begin with a person"),
        ("[Human] a\n[AI]\n[Human] b\n[AI] c", "a turn is empty"),
        ("[Human] a\n[AI] b\n[AI] c", "twice in a row"),
        ("[Human] a\n[AI] b", "fewer than 2"),
    ],
)
def test_what_is_no_conversation(transcript: str, why: str) -> None:
    assert why in fault(turns(transcript))
    found = asyncio.run(SelfChat().predict(SEED, Scripted(transcript), seed=0))
    assert (found.answer, found.parsed) == (None, False)
    assert why in found.rationale


def test_a_talk_ends_with_the_assistant_and_drops_the_greeting() -> None:
    said = "[Human] Hello!\n[AI] Hi! How can I help?\n[Human] Gout?\n[AI] A joint.\n[Human] Diet?\n[AI] Less beer.\n[Human] Bye"
    found = asyncio.run(SelfChat().predict(SEED, Scripted(said), seed=0))
    assert found.answer == "[Human] Gout?\n[AI] A joint.\n[Human] Diet?\n[AI] Less beer."
    assert ask_rate(turns(said)) == pytest.approx(1 / 3)
    assert ask_rate(()) is None
    assert ended(turns(said), greeting=True)[0].text == "Hello!"


def test_the_filter_drops_what_is_alike() -> None:
    made = [{"instruction": text} for text in ("Explain gout to a child", "Explain gout to a nurse", "List drugs", " ")]
    kept, dropped = novel(made, against=["1. List some drugs now"], most=0.7)
    assert [task["instruction"] for task in kept] == ["Explain gout to a child", "List drugs"]
    assert dropped == 2
    assert rouge_l(words("a b c"), words("a c d")) == pytest.approx(2 / 3)


@given(st.lists(st.sampled_from(["explain gout now", "explain gout today", "list drugs", "write a plan"]), max_size=8))
def test_no_two_kept_tasks_are_alike(texts: list[str]) -> None:
    kept, dropped = novel([{"instruction": text} for text in texts], against=[], most=0.6)
    assert len(kept) + dropped == len(texts)
    for at, one in enumerate(kept):
        for other in kept[:at]:
            assert rouge_l(words(one["instruction"]), words(other["instruction"])) <= 0.6


def test_tasks_are_read_out_of_a_list_or_an_object() -> None:
    assert [one["instruction"] for one in tasks('{"tasks": [{"instruction": "a"}, {"x": 1}, "b"]}')] == ["a"]
    assert tasks("nothing") == []


def test_each_kept_task_is_answered_and_a_failed_one_is_left_out() -> None:
    written_tasks = orjson.dumps([{"instruction": "List drugs"}, {"instruction": "Draw a plan for us"}]).decode()
    model = Scripted(written_tasks, "Aspirin.", "")
    strategy = SelfInstruct(per_call=2)
    found = asyncio.run(strategy.predict(Prompt(id="t", question="Explain gout"), model, seed=0))
    assert [task["output"] for task in orjson.loads(found.answer or "[]")] == ["Aspirin."]
    assert len(found.replies) == strategy.calls(SEED) == 3


def test_an_unreadable_list_is_no_answer() -> None:
    found = asyncio.run(SelfInstruct().predict(SEED, Scripted("I would rather not."), seed=0))
    assert (found.answer, found.parsed) == (None, False)


def test_the_writer_is_the_same_for_the_same_seed_and_refuses_bad_knobs() -> None:
    first, second, other = (
        asyncio.run(SelfChat().predict(SEED, SimulatedWriter(seed=seed), seed=0)).answer for seed in (1, 1, 2)
    )
    assert first == second != other
    with pytest.raises(SpecError):
        SimulatedWriter(broken=2)
    with pytest.raises(SpecError):
        SimulatedWriter(kinds=99)
