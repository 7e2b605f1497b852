"""Tasks: a case becomes a prompt by values alone, and what is wrong with a case or a template is said by name."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler import recipes
from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import DataError, SpecError
from osler.core.types import Example
from osler.data.files import File
from osler.tasks.template import Template

PLAIN = Template(title="Label", capability="structurization", question="{text}", instruction="One label.")


def case(**changes: Any) -> Example:
    fields: dict[str, Any] = {"id": "m1", "input": {"text": "I cough."}, "target": "secret", "choices": ("a", "b")}
    return Example(**{**fields, **changes})


def test_a_case_becomes_a_prompt_without_its_target() -> None:
    prompt = PLAIN.prompt(case(meta={"patient": "p1"}))
    assert (prompt.id, prompt.question, prompt.instruction, prompt.choices) == (
        "m1",
        "I cough.",
        "One label.",
        ("a", "b"),
    )
    assert "secret" not in str(dataclasses.asdict(prompt))
    assert "p1" not in str(dataclasses.asdict(prompt))


def test_evidence_comes_from_its_field() -> None:
    task = replace(PLAIN, evidence="notes")
    prompt = task.prompt(case(input={"text": "?", "notes": [["0", "One."], [1, "Two."]]}))
    assert [(passage.id, passage.text) for passage in prompt.evidence] == [("0", "One."), ("1", "Two.")]
    assert task.prompt(case()).evidence == ()


def test_a_lettered_task_offers_letters() -> None:
    assert replace(PLAIN, lettered=True).prompt(case()).labels == ("A", "B")


@given(st.dictionaries(st.sampled_from(["text", "age", "note"]), st.text(), min_size=3))
def test_text_with_braces_is_put_as_it_is(values: dict[str, str]) -> None:
    task = replace(PLAIN, question="{note} / {age}: {text}")
    assert task.prompt(case(input=values)).question == f"{values['note']} / {values['age']}: {values['text']}"
    assert PLAIN.prompt(case(input={"text": "{age} {0} {{"})).question == "{age} {0} {{"


def test_a_missing_field_is_named_with_the_nearest() -> None:
    with pytest.raises(DataError, match="the case 'm1' has no field 'text'") as caught:
        PLAIN.prompt(case(input={"texts": "x"}))
    assert caught.value.hint == "did you mean 'texts'?"
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("question", ["{text.secret}", "{text[0][1][2]}", "{0}", "{text!z}", "{text:>x}"])
def test_a_question_that_does_not_fit_a_case_is_a_clear_error(question: str) -> None:
    with pytest.raises((SpecError, DataError)) as caught:
        replace(PLAIN, question=question).prompt(case(input={"text": {}}))
    assert caught.value.hint


@pytest.mark.parametrize("question", ["no field", "", "{{text}}", "{text", "{}"])
def test_a_question_that_names_no_field_is_refused(question: str) -> None:
    with pytest.raises(SpecError, match=r"question of the task 'Label'") as caught:
        replace(PLAIN, question=question)
    assert caught.value.hint


def test_a_task_without_data_says_how_to_name_some() -> None:
    with pytest.raises(SpecError, match="the task 'Label' has no data") as caught:
        PLAIN.examples("test")
    assert "data = { source" in caught.value.hint


def test_an_unknown_capability_is_refused() -> None:
    with pytest.raises(SpecError, match="capability must be one of"):
        replace(PLAIN, capability="guessing")


def test_a_task_with_a_source_is_a_value(workplace: Any) -> None:
    source = File(path="cases.jsonl", target="label", split="split")
    task = replace(PLAIN, data=source)
    assert from_spec(to_spec(task)) == task
    assert len(task.examples("test")) == 30


@pytest.mark.parametrize("name", recipes.names("tasks"))
def test_a_task_recipe_has_a_whole_card(name: str) -> None:
    task: Template = recipes.recipe("tasks", name)
    for field in ("title", "area", "instruction", "input", "output", "intended_use", "users", "oversight"):
        assert getattr(task, field), f"{name} has no {field}"
    assert task.sources
    known = recipes.named_blocks("metric")
    assert set(task.metrics) <= set(known)
    assert set(task.sources) <= set(recipes.named_blocks("source"))
    if task.accept:
        assert task.accept["metric"] in task.metrics
