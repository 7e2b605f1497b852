"""Scores of choices from the first token of an answer."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ModelError
from osler.core.types import Prompt
from osler.models.endpoint import Endpoint
from osler.models.stub_server import running
from osler.models.wire_score import choice_logprobs


def answered(**probabilities: float) -> dict[str, Any]:
    top = [{"token": token, "logprob": math.log(p)} for token, p in probabilities.items()]
    return {"choices": [{"logprobs": {"content": [{"token": "?", "logprob": 0.0, "top_logprobs": top}]}}]}


def test_an_endpoint_scores_letters_and_labels() -> None:
    async def run(url: str) -> None:
        endpoint = Endpoint(model="m", base_url=url, api_key_env="", logprobs=True)
        assert "score" in endpoint.supports
        for lettered in (True, False):
            prompt = Prompt(id="1", question="Eligible?", choices=("yes", "no", "maybe"), lettered=lettered)
            said = await endpoint.generate(prompt.messages(), max_tokens=1)
            scored = await endpoint.score(prompt.messages(), prompt.labels)
            assert scored.text == said.text
            assert scored.logprobs is not None
            assert set(scored.logprobs) == set(prompt.labels)
            assert sum(map(math.exp, scored.logprobs.values())) == pytest.approx(1.0)
        await endpoint.aclose()

    with running() as stub:
        asyncio.run(run(stub.url))


def test_a_server_without_logprobs_does_not_score() -> None:
    endpoint = Endpoint(model="m", api_key_env="")
    assert "score" not in endpoint.supports
    with pytest.raises(ModelError, match="does not score"):
        asyncio.run(endpoint.score((), ("A", "B")))
    with pytest.raises(ModelError, match="listed no log-probabilities"):
        choice_logprobs({"choices": [{}]}, ("A", "B"))


def test_spellings_of_a_token_are_added_and_other_words_are_not() -> None:
    payload = answered(**{"A": 0.4, " A": 0.1, "a": 0.05, "(B": 0.2, "Answer": 0.1, "\n": 0.05})
    found = choice_logprobs(payload, ("A", "B", "C"))
    assert math.exp(found["A"]) == pytest.approx(0.5)
    assert math.exp(found["B"]) == pytest.approx(0.2)
    assert math.exp(found["C"]) == pytest.approx(0.05)  # not listed: at most the smallest that is


def test_the_beginning_of_a_label_is_enough() -> None:
    found = choice_logprobs(answered(Y=0.2, Yes=0.3, no=0.4, may=0.1), ("yes", "no", "maybe"))
    assert [round(math.exp(found[name]), 6) for name in ("yes", "no", "maybe")] == [0.5, 0.4, 0.1]


@pytest.mark.parametrize(
    ("payload", "choices"),
    [
        (answered(not_=0.5, no=0.5), ("not_included", "not_excluded")),
        (answered(Yes=1.0), ("yes", "Yes ")),
        (answered(Yes=1.0), ("yes", "")),
        (answered(The=0.9, Well=0.1), ("A", "B")),
    ],
    ids=["common beginning", "same word", "empty", "none listed"],
)
def test_choices_that_cannot_be_told_apart_are_an_error(payload: Any, choices: tuple[str, ...]) -> None:
    with pytest.raises(ModelError) as caught:
        choice_logprobs(payload, choices)
    assert caught.value.kind == "choices"
    assert not caught.value.retryable
    assert not [choice for choice in choices if choice and choice in str(caught.value)]


@given(weights=st.lists(st.floats(0.01, 1.0), min_size=2, max_size=20))
def test_listed_letters_get_their_own_probability(weights: list[float]) -> None:
    letters = "ABCDEFGHIJKLMNOPQRST"[: len(weights)]
    shares = {letter: weight / sum(weights) for letter, weight in zip(letters, weights, strict=True)}
    found = choice_logprobs(answered(**shares), tuple(letters))
    assert {name: pytest.approx(math.exp(value)) for name, value in found.items()} == shares
