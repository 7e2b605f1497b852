"""The majority baseline."""

from __future__ import annotations

import asyncio
import math

import pytest

from osler.core.block import from_spec, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prompt, Trainable
from osler.tuning.majority import Majority

PROMPT = Prompt(id="1", question="Urgent?", choices=("urgent", "routine", "unclear"))


def trained(answers: str = "urgent routine routine") -> Majority:
    return asyncio.run(Majority().train([(PROMPT, answer) for answer in answers.split()], seed=0))


def test_it_answers_with_the_commonest_allowed_label() -> None:
    majority = trained()
    assert isinstance(majority, Model)
    assert isinstance(majority, Trainable)
    assert majority.counts == {"urgent": 1, "routine": 2}
    reply = asyncio.run(majority.score(PROMPT.messages(), PROMPT.labels))
    assert reply.text == "routine"
    assert {label: round(math.exp(value), 4) for label, value in (reply.logprobs or {}).items()} == {
        "urgent": round(2 / 6, 4),
        "routine": 0.5,
        "unclear": round(1 / 6, 4),
    }
    assert asyncio.run(majority.score(PROMPT.messages(), ("urgent", "unclear"))).text == "urgent"


def test_it_is_a_block_and_the_order_of_cases_makes_no_difference() -> None:
    assert from_spec(to_spec(trained())) == trained("routine urgent routine")
    assert asyncio.run(Majority().score(PROMPT.messages(), PROMPT.labels)).text == "urgent"


def test_prompts_with_other_labels_have_their_own_commonest() -> None:
    inclusion = PROMPT.replace(choices=("included", "unclear"))
    exclusion = PROMPT.replace(choices=("excluded", "unclear"))
    pairs = [(inclusion, "included")] * 4 + [(inclusion, "unclear")] * 3 + [(exclusion, "unclear")] * 3
    majority = asyncio.run(Majority().train(pairs, seed=0))
    assert majority.counts == {"included": 4, "unclear": 6}
    assert from_spec(to_spec(majority)) == majority
    assert asyncio.run(majority.score(inclusion.messages(), ("unclear", "included"))).text == "included"
    assert asyncio.run(majority.score(exclusion.messages(), exclusion.labels)).text == "unclear"
    other = PROMPT.replace(choices=("included", "unclear", "else"))
    assert asyncio.run(majority.score(other.messages(), other.labels)).text == "unclear"


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(SpecError, match="whole number"):
        Majority(counts={"urgent": -1})
    with pytest.raises(ModelError, match="cannot generate"):
        asyncio.run(trained().generate(PROMPT.messages()))
    with pytest.raises(ModelError, match="no choices"):
        asyncio.run(trained().score(PROMPT.messages(), ()))
