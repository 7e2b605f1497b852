"""Chains that a model writes for training cases: kept only where right, shown with the case, never a test case."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from sampling_theory import answered, assert_share, items, put
from scripted import QUESTION, Scripted

from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import BudgetError, ModelError, OslerError, PrivacyError, SpecError
from osler.core.types import Demo, Prompt, Reply
from osler.models.simulated import Simulated
from osler.prompting.cases import Cases
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.few_shot import FewShot
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

OWN = ChainOfThought(self_generated=True, inner=ZeroShot(by="generate", max_tokens=64))


def train(n: int) -> list[tuple[Prompt, str]]:
    return [(QUESTION.replace(id=f"t{i}", question=f"Question {i}?"), "AB"[i % 2]) for i in range(n)]


def fit(strategy: Any, cases: Any, model: Any) -> Any:
    return asyncio.run(strategy.fit(cases, model))


def test_a_chain_is_kept_only_where_its_answer_is_the_gold_answer() -> None:
    model = Scripted("Zero is even.\nAnswer: A", "So it is.\nAnswer: A", "Hm.", "Three is odd.\nAnswer: B", "Answer: A")
    fitted = fit(OWN, train(5), model)
    # t0 right, t1 wrong, t2 unreadable, t3 right, t4 right but without a word of reasoning.
    assert fitted.rationales == {"t0": "Zero is even.", "t3": "Three is odd."}
    assert from_spec(to_spec(fitted)) == fitted
    assert len(model.asked) == 5 == OWN.fitting(5)


def test_chains_are_written_without_demonstrations_and_as_the_test_case_will_be_asked() -> None:
    model = Scripted("It is.\nAnswer: A")
    cases = [(prompt.replace(demos=(Demo(question="?", answer="A"),)), gold) for prompt, gold in train(2)]
    fitted = fit(OWN, cases, model)
    assert [role for role, _ in model.said(0)] == ["system", "user"]
    asyncio.run(fitted.predict(cases[0][0].replace(demos=()), model, seed=0))
    assert model.said(2) == model.said(0)


def test_few_shot_shows_kept_chains_and_no_other_case() -> None:
    model = Scripted("Zero is even.\nAnswer: A", "So it is.\nAnswer: A", "Two is even.\nAnswer: A", "Answer: B")
    fitted = fit(FewShot(k=5, inner=OWN), train(4), model)
    assert {demo.id: demo.rationale for demo in fitted.pool} == {"t0": "Zero is even.", "t2": "Two is even."}
    asyncio.run(fitted.predict(QUESTION, model, seed=0))
    shown = [text for role, text in model.said(4) if role == "assistant"]
    assert sorted(shown) == ["Two is even.\nAnswer: A", "Zero is even.\nAnswer: A"]


def test_a_model_that_is_never_right_is_shown_nothing() -> None:
    model = Scripted("Hm.")
    fitted = fit(FewShot(k=5, inner=OWN), train(4), model)
    assert fitted.pool == ()
    asyncio.run(fitted.predict(QUESTION, model, seed=0))
    assert [role for role, _ in model.said(4)] == ["system", "user"]


def test_without_self_generation_fit_makes_no_call_and_shows_bare_answers() -> None:
    model = Scripted("Answer: A")
    strategy = FewShot(k=2, inner=ChainOfThought())
    fitted = fit(strategy, train(4), model)
    assert model.asked == []
    assert {demo.rationale for demo in fitted.pool} == {""}
    assert ChainOfThought().fitting(100) == 0


def test_the_share_kept_is_the_skill() -> None:
    cases = items(400)
    model = Simulated(skill=0.7, thought_gain=0.5).keyed(cases, lettered=True)
    fitted = fit(FewShot(inner=OWN), [(put(case), case.target) for case in cases], model)
    with_thought = 0.7 * 2.718281828**0.5 / (0.3 + 0.7 * 2.718281828**0.5)
    assert_share(len(fitted.pool), 400, with_thought)
    assert all(demo.rationale for demo in fitted.pool)


def test_keep_works_so_many_cases_drawn_by_the_seed() -> None:
    def worked(seed: int) -> list[str]:
        model = Scripted("It is.\nAnswer: A")
        fit(replace(OWN, keep=5), Cases(train=tuple(train(40)), seed=seed), model)
        assert {given["seed"] for _, given in model.asked} == {seed}
        return [messages[-1].parts[0].id for messages, _ in model.asked]

    assert len(worked(0)) == 5 == replace(OWN, keep=5).fitting(40)
    assert worked(0) == worked(0) == sorted(worked(0), key=lambda name: int(name[1:]))
    assert worked(0) != worked(1)
    assert replace(OWN, keep=5).fitting(3) == 3
    assert replace(OWN, keep=5, extract=True).fitting(40) == 10


def test_json_answers_are_held_against_gold_whatever_the_order_of_their_keys() -> None:
    prompt = Prompt(id="j", question="Which?", schema={"type": "object"})
    model = Scripted('Thinking.\n{"b": 1, "a": 2}')
    fitted = fit(
        replace(OWN, extract=True), [(prompt, '{"a": 2, "b": 1}'), (prompt.replace(id="k"), '{"a": 3}')], model
    )
    assert list(fitted.rationales) == ["j"]


class Failing(Scripted):
    """Raises ``error`` on every call, or on those whose number is in ``at``."""

    def __init__(self, error: OslerError, at: tuple[int, ...] = ()) -> None:
        super().__init__("It is.\nAnswer: A")
        self.error, self.at = error, at

    async def generate(self, *args: Any, **settings: Any) -> Reply:
        reply = await super().generate(*args, **settings)
        if not self.at or len(self.asked) in self.at:
            raise self.error
        return reply


def test_a_failing_call_costs_that_case_and_no_more() -> None:
    fitted = fit(OWN, train(6), Failing(ModelError("too long", kind="context"), at=(1, 3)))
    assert list(fitted.rationales) == ["t4"]  # t0 and t2 failed, the odd ones are wrong


def test_when_every_call_fails_it_is_told() -> None:
    with pytest.raises(ModelError, match="no such host"):
        fit(OWN, train(3), Failing(ModelError("no such host")))


@pytest.mark.parametrize("error", [BudgetError("spent"), PrivacyError("a name"), SpecError("wrong")])
def test_other_errors_end_the_fitting(error: OslerError) -> None:
    with pytest.raises(type(error)):
        fit(OWN, train(6), Failing(error, at=(2,)))


def test_the_case_itself_is_not_shown_though_its_chain_was_kept() -> None:
    cases = items(8)
    model = Simulated(skill=1.0).keyed(cases, lettered=True)
    fitted = fit(FewShot(k=8, inner=OWN), [(put(case), case.target) for case in cases], model)
    spy = Scripted("Answer: A")
    asyncio.run(fitted.predict(put(cases[0]), spy, seed=0))
    ids = [part.id for message in spy.asked[0][0][:-1] for part in message.parts if part.name == "question"]
    assert sorted(ids) == [f"q{i}" for i in range(1, 8)]


def test_no_test_case_is_asked_while_fitting_whatever_stands_around() -> None:
    cases = items(12)
    asked = Scripted("It is.\nAnswer: A")
    for strategy in (
        ChoiceShuffle(inner=FewShot(inner=OWN)),
        SelfConsistency(k=3, inner=FewShot(select="balanced", inner=OWN)),
    ):
        asked.asked.clear()
        fit(strategy, [(put(case), case.target) for case in cases[:8]], asked)
        ids = {part.id for messages, _ in asked.asked for m in messages for part in m.parts if part.name == "question"}
        assert ids == {f"q{i}" for i in range(8)}
        assert len(asked.asked) == 8


def test_around_few_shot_it_is_refused_and_so_is_a_negative_number() -> None:
    with pytest.raises(SpecError, match="stands around few_shot") as caught:
        ChainOfThought(self_generated=True, inner=FewShot())
    assert caught.value.hint == "turn them round: few_shot with inner = chain_of_thought"
    with pytest.raises(SpecError, match="keep must be 0 or more, got -1"):
        ChainOfThought(keep=-1)


def test_the_same_seed_gives_the_same_chains_and_answers() -> None:
    cases = items(60)
    model = Simulated(skill=0.6, demo_gain=0.5).keyed(cases, lettered=True)
    strategy = FewShot(k=3, inner=OWN)
    first = answered(strategy, model, cases[40:], cases[:40], seed=2)
    assert answered(strategy, model, cases[40:], cases[:40], seed=2) == first
