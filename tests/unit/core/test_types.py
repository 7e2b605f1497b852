"""Types: how a prompt becomes messages, and that none of it can hold a target."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.types import (
    LETTERS,
    Demo,
    Example,
    Message,
    Metric,
    Model,
    Part,
    Passage,
    Prediction,
    Prompt,
    Reply,
    Score,
    Strategy,
    Task,
)
from osler.models.simulated import Simulated
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template


def test_a_prompt_has_no_field_for_the_target() -> None:
    names = {field.name for field in dataclasses.fields(Prompt)}
    assert names == {
        "id", "question", "instruction", "choices", "lettered", "demos", "evidence", "schema", "cue",
    }  # fmt: skip


def test_the_order_of_a_prompt_is_instruction_demonstrations_evidence_question_choices_cue() -> None:
    prompt = Prompt(
        id="q1",
        instruction="Answer with a letter.",
        question="Which drug?",
        choices=("aspirin", "heparin"),
        lettered=True,
        demos=(
            Demo(id="d1", question="Which organ?", answer="B", rationale="It pumps.", choices=("liver", "heart")),
            Demo(id="d2", question="Which one?", answer="A"),
        ),
        evidence=(Passage(id="3", text="He bleeds."),),
        cue="Think.",
    )
    said = [(message.role, message.text) for message in prompt.messages()]
    assert said == [
        ("system", "Answer with a letter."),
        ("user", "Which organ?\nA. liver\nB. heart"),
        ("assistant", "It pumps.\nAnswer: B"),
        ("user", "Which one?\nA. aspirin\nB. heparin"),
        ("assistant", "Answer: A"),
        ("user", "[3] He bleeds.\nWhich drug?\nA. aspirin\nB. heparin\nThink."),
    ]
    last = prompt.messages()[-1].parts
    assert [(part.name, part.id) for part in last] == [
        ("evidence", "3"),
        ("question", "q1"),
        ("choice", "A"),
        ("choice", "B"),
        ("cue", ""),
    ]


def test_labels_are_listed_after_the_question_when_they_are_not_letters() -> None:
    prompt = Prompt(id="q", question="Urgent?", choices=("yes", "no"))
    assert prompt.labels == ("yes", "no")
    assert [message.text for message in prompt.messages()] == ["Urgent?\nAnswer with exactly one of: yes | no"]
    assert Prompt(id="q", question="Free text?").messages()[0].text == "Free text?"


@given(st.integers(0, 26))
def test_a_lettered_prompt_answers_in_letters(n: int) -> None:
    choices = tuple(f"option {i}" for i in range(n))
    assert Prompt(id="q", question="?", choices=choices, lettered=True).labels == tuple(LETTERS[:n])


def test_only_text_parts_are_text() -> None:
    message = Message("user", (Part("one"), Part("", kind="image", data=b"\x00"), Part("two")))
    assert message.text == "one\ntwo"


@pytest.mark.parametrize(
    "value",
    [
        Example(id="1", input={}, target="x"),
        Prompt(id="1", question="?"),
        Reply(text="x"),
        Prediction(answer="x"),
        Score(value=None),
        Part("x"),
    ],
)
def test_values_are_frozen(value: object) -> None:
    name = dataclasses.fields(value)[0].name  # type: ignore[arg-type]
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, name, "other")


def test_the_protocols_know_their_own() -> None:
    task = Template(title="t", capability="structurization", question="{text}")
    assert isinstance(task, Task)
    assert isinstance(Simulated(), Model)
    assert isinstance(ZeroShot(), Strategy)
    assert not isinstance(ZeroShot(), (Model, Task, Metric))
