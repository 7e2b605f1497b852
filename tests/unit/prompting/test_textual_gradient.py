"""Textual gradients: all features are found, the score on validation cases never falls, no field stands in another's place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_optimise import PAIRS, cases, keyed

from osler.core.errors import ModelError
from osler.core.types import Message, Prompt, Reply
from osler.models.simulated_features import FEATURES, SimulatedCritic, SimulatedFeatures
from osler.prompting.optimise import feedback
from osler.prompting.optimise.textual_gradient import START, TextualGradient, _batches


def fit(made: TextualGradient, model: Any) -> tuple[Any, list[Mapping[str, Any]]]:
    rows: list[Mapping[str, Any]] = []
    return asyncio.run(made.fit(cases(rows), model)), rows


def test_it_reaches_every_feature_and_stops_when_nothing_is_left() -> None:
    fitted, rows = fit(TextualGradient(backward=SimulatedCritic()), keyed(SimulatedFeatures(skill=0.4)))
    text = fitted.winner.instruction
    assert text.startswith(START)
    assert all(feature in text.lower() for feature in FEATURES)
    assert rows[-1]["reason"] == "3 steps in a row improved nothing"
    assert [row["kept"] for row in rows if "variant" in row] == [True] * 4 + [False] * 3


@given(harm=st.floats(0, 1), seed=st.integers(0, 10_000), skill=st.floats(0.2, 0.8))
@settings(max_examples=20)
def test_the_score_on_validation_cases_never_falls(harm: float, seed: int, skill: float) -> None:
    model = keyed(SimulatedFeatures(skill=skill, seed=seed, features={**FEATURES, "exclude options": -1.0}))
    rows: list[Mapping[str, Any]] = []
    made = TextualGradient(backward=SimulatedCritic(harm=harm), steps=8, patience=8, minibatch=2, most_valid=20)
    fitted: Any = asyncio.run(made.fit(cases(rows, seed=seed), model))
    kept = [row["score"] for row in rows if row.get("kept")]
    assert kept == sorted(kept)
    assert len(set(kept)) == len(kept)
    assert rows[-1]["score"] == max(row["score"] for row in rows if row.get("score") is not None)
    assert fitted.winner.instruction == rows[-1]["change"] or len(kept) == 1


def test_a_harmful_edit_is_reverted_and_the_next_step_starts_from_the_best() -> None:
    fitted, rows = fit(TextualGradient(backward=SimulatedCritic(harm=1.0)), keyed(SimulatedFeatures(skill=0.4)))
    assert fitted.winner.instruction == START
    tried = [row for row in rows if "variant" in row]
    assert [row["kept"] for row in tried] == [True, False, False, False]
    assert all(row["parent"] == tried[0]["variant"] for row in tried[1:])


class Clerk:
    """Keeps the named parts of every call; as critic it writes an edit without marks."""

    supports = frozenset({"generate"})

    def __init__(self, edit: str = "no marks here") -> None:
        self.calls: list[dict[str, list[str]]] = []
        self.edit = edit

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        held: dict[str, list[str]] = {}
        for message in messages:
            for part in message.parts:
                held.setdefault(part.name, []).append(part.text)
        self.calls.append(held)
        text = self.edit if "edit_task" in held else "said of it"
        return Reply(text=text, texts=(text,))

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise NotImplementedError


def test_every_field_of_the_loss_stands_where_it_belongs() -> None:
    """The released code shifts them by one: response as question, gold as response, explanation as gold."""
    prompt = Prompt(id="q", question="THE QUESTION", choices=("aspirin", "heparin"), lettered=True)
    system, user = feedback.loss(prompt=prompt, response="THE RESPONSE", gold="B", explanation="THE REASON")
    held = {part.name: part.text for part in user.parts}
    assert system.parts[0].name == "loss_task"
    assert held["question"] == "THE QUESTION"
    assert held["response"].endswith("THE RESPONSE")
    assert held["gold"] == "The correct answer:\nB. heparin"
    assert held["explanation"].endswith("THE REASON")
    with pytest.raises(TypeError):
        feedback.loss(prompt, "THE RESPONSE", "B", "THE REASON")  # type: ignore[call-arg]


def test_a_step_criticises_each_answer_and_an_unreadable_edit_changes_nothing() -> None:
    from osler.prompting.cases import Cases

    critic = Clerk()
    why = Cases(train=tuple(PAIRS[:60]), valid=tuple(PAIRS[60:]), explanation=lambda name: f"why {name}")
    made = TextualGradient(backward=None, minibatch=4, steps=1)

    class Both(SimulatedFeatures):
        async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
            if any(part.name.endswith("_task") for message in messages for part in message.parts):
                return await critic.generate(messages, **settings)
            return await super().generate(messages, **settings)

    plain = keyed(SimulatedFeatures(skill=0.5))
    model = Both(**{name: getattr(plain, name) for name in ("skill", "key", "features")})
    fitted: Any = asyncio.run(made.fit(why, model))
    assert fitted.winner.instruction == START
    kinds = [next(name for name in call if name.endswith("_task")) for call in critic.calls]
    assert sorted(kinds) == ["backward_task"] * 4 + ["edit_task"] + ["loss_task"] * 4
    losses = [call for call in critic.calls if "loss_task" in call]
    for call in losses:
        assert "Answer: " in call["response"][0]
        assert call["explanation"][0].startswith("Explanation of the correct answer:\nwhy o")
    backwards = [call for call in critic.calls if "backward_task" in call]
    assert all(call["current"][0].endswith(START) and call["critique"][0].endswith("said of it") for call in backwards)
    assert len(critic.calls[-1]["gradient"]) == 4


def test_a_critic_that_does_not_answer_ends_the_fit() -> None:
    class Down(Clerk):
        async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
            raise ModelError("no answer", kind="timeout")

    made = TextualGradient()
    with pytest.raises(ModelError):
        asyncio.run(made._edited(_search(), made._with(START, made.inner), PAIRS[:2]))


def _search() -> Any:
    from osler.prompting.optimise.trials import Search

    class Half(Clerk):
        async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
            if any(part.name == "loss_task" for message in messages for part in message.parts):
                raise ModelError("no answer", kind="timeout")
            return Reply(text="Answer: A")

    return Search(cases([]), Half(), by=TextualGradient())


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<INSTRUCTION> Be kind. </INSTRUCTION>", "Be kind."),
        ("I think:\n<INSTRUCTION>a\nb</INSTRUCTION> done", "a\nb"),
        ("<INSTRUCTION>a</INSTRUCTION> or <INSTRUCTION>b</INSTRUCTION>", ""),
        ("<INSTRUCTION></INSTRUCTION>", ""),
        ("Be kind.", ""),
    ],
)
def test_an_instruction_is_read_between_its_marks_or_not_at_all(text: str, read: str) -> None:
    assert feedback.instruction_in(text) == read


@given(size=st.integers(1, 9), steps=st.integers(1, 20), many=st.integers(1, 25), seed=st.integers(0, 99))
def test_minibatches_go_through_all_training_cases_before_any_comes_again(
    size: int, steps: int, many: int, seed: int
) -> None:
    batches = _batches(PAIRS[:many], size, steps, seed)
    assert len(batches) == steps
    assert all(len(batch) == min(size, many) for batch in batches)
    first = [pair[0].id for batch in batches[: many // min(size, many)] for pair in batch]
    assert len(set(first)) == len(first)
