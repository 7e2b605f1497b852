"""Self-consistency: what it asks, how it votes, and that its accuracy is what the multinomial says."""

from __future__ import annotations

import asyncio

import pytest
from sampling_theory import answered, assert_share, items, plurality_of, put, right
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.block import from_spec, to_spec
from osler.core.errors import BudgetError, SpecError
from osler.core.types import Prompt
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.few_shot import FewShot
from osler.prompting.sampling import Sampled, together
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

QUICK = ZeroShot(by="generate", max_tokens=16)
CASES = items(800)


@pytest.mark.parametrize("skill", [0.4, 0.6, 0.8])
@pytest.mark.parametrize("k", [1, 2, 5, 11])
def test_accuracy_follows_the_multinomial(skill: float, k: int) -> None:
    model = Simulated(skill=skill, seed=k).keyed(CASES, lettered=True)
    found = answered(SelfConsistency(k=k, inner=QUICK), model, CASES)
    assert_share(right(found, CASES), len(CASES), plurality_of(k, skill))


def test_theory_agrees_with_what_can_be_counted_by_hand() -> None:
    assert plurality_of(1, 0.4) == pytest.approx(0.4)
    # Two draws: both right, or one right and one wrong in either order, a tie that is won half the time.
    assert plurality_of(2, 0.4) == pytest.approx(0.4)
    # Three draws of two labels: the binomial majority.
    assert plurality_of(3, 0.6, choices=2) == pytest.approx(0.6**3 + 3 * 0.6**2 * 0.4)
    assert plurality_of(11, 0.6) > plurality_of(5, 0.6) > plurality_of(1, 0.6)


def test_it_hurts_where_the_right_answer_is_not_the_likeliest() -> None:
    """With two labels and skill 0.4 the vote makes it worse, as the binomial says."""
    assert plurality_of(11, 0.4, choices=2) < 0.25
    cases = items(300)
    two = [Prompt(id=case.id, question="?", choices=("yes", "no")) for case in cases]
    model = Simulated(skill=0.4, key={case.id: "yes" for case in cases})

    async def go() -> int:
        strategy = SelfConsistency(k=11, inner=QUICK)
        return sum([(await strategy.predict(prompt, model, seed=0)).answer == "yes" for prompt in two])

    assert_share(asyncio.run(go()), 300, plurality_of(11, 0.4, choices=2))


def test_each_sample_is_asked_with_a_seed_of_its_own_and_the_same_words() -> None:
    model = Scripted("Answer: A", "Answer: B", "Answer: B")
    found = predict(SelfConsistency(k=3, temperature=0.6, inner=QUICK), model, seed=2)
    assert [given["seed"] for _, given in model.asked] == [2000, 2001, 2002]
    assert {given["temperature"] for _, given in model.asked} == {0.6}
    assert len({messages for messages, _ in model.asked}) == 1
    assert (found.answer, found.votes) == ("B", {"A": 1 / 3, "B": 2 / 3})
    assert [reply.key for reply in found.replies] == ["k1", "k2", "k3"]


def test_temperatures_are_shared_out_evenly_over_the_samples() -> None:
    model = Scripted("Answer: A")
    predict(SelfConsistency(k=6, temperatures=(0.5, 0.51, 0.52), inner=QUICK), model)
    assert [given["temperature"] for _, given in model.asked] == [0.5, 0.5, 0.51, 0.51, 0.52, 0.52]
    with pytest.raises(SpecError, match="7 samples over 3 temperatures") as caught:
        SelfConsistency(k=7, temperatures=(0.5, 0.51, 0.52))
    assert caught.value.hint == "k = 6"


def test_samples_show_the_same_demonstrations() -> None:
    train = [(QUESTION.replace(id=f"t{i}", question=f"Question {i}?"), "AB"[i % 2]) for i in range(20)]
    model = Scripted("Answer: A")
    strategy = SelfConsistency(k=4, inner=FewShot(k=3, inner=ChainOfThought()))

    async def go() -> None:
        await (await strategy.fit(train, model)).predict(QUESTION, model, seed=1)

    asyncio.run(go())
    assert len({messages for messages, _ in model.asked}) == 1
    assert len(model.asked[0][0]) == 1 + 2 * 3 + 1


def test_unreadable_samples_have_no_vote_and_are_kept() -> None:
    found = predict(SelfConsistency(k=3, inner=QUICK), Scripted("It is hard to say.", "Answer: B", "Hm."))
    assert (found.answer, len(found.replies)) == ("B", 3)
    assert found.votes == pytest.approx({"B": 1 / 3})
    none = predict(SelfConsistency(k=3, inner=QUICK), Scripted("It is hard to say."))
    assert (none.answer, none.parsed, len(none.replies), none.votes) == (None, False, 3, {})


def test_labels_texts_and_json_are_voted() -> None:
    labelled = predict(SelfConsistency(k=3, inner=QUICK), Scripted("Answer: no", "Answer: yes"), LABELLED)
    assert (labelled.answer, labelled.votes) == ("yes", {"yes": 2 / 3, "no": 1 / 3})
    free = Prompt(id="f", question="How many mg?")
    assert predict(SelfConsistency(k=3, inner=QUICK), Scripted("40 mg", "20 mg"), free).answer == "20 mg"
    schema = free.replace(schema={"type": "object"})
    model = Scripted('{"a": 2, "b": 1}', '{"b": 1, "a": 2}', '{"a": 3}')
    assert predict(SelfConsistency(k=3, inner=QUICK), model, schema).answer == '{"a":2,"b":1}'


def test_the_same_seed_gives_the_same_answer_and_another_another() -> None:
    model = Simulated(skill=0.5).keyed(CASES, lettered=True)
    strategy = SelfConsistency(k=3, inner=QUICK)
    first = answered(strategy, model, CASES[:60])
    assert answered(from_spec(to_spec(strategy)), model, CASES[:60]) == first
    assert [one.answer for one in answered(strategy, model, CASES[:60], seed=1)] != [one.answer for one in first]


def test_samples_inside_samples_keep_seeds_apart() -> None:
    model = Scripted("Answer: A")
    predict(SelfConsistency(k=3, inner=ChoiceShuffle(n=2, inner=QUICK)), model, seed=1)
    assert len({given["seed"] for _, given in model.asked}) == 6


def test_calls_are_counted_and_what_cannot_be_is_refused() -> None:
    assert SelfConsistency(k=11, inner=ChainOfThought(extract=True)).calls(put(CASES[0])) == 22
    with pytest.raises(SpecError, match=r"self_consistency.k must be from 1 to 1000, got 0"):
        SelfConsistency(k=0)
    with pytest.raises(SpecError, match=r"self_consistency.temperature must be above 0"):
        SelfConsistency(temperature=0.0)
    with pytest.raises(SpecError, match="ZeroShot scores the choices and is the same each time"):
        SelfConsistency(inner=ZeroShot(by="score"))
    assert SelfConsistency(inner=ZeroShot()).needs == {"generate|score", "generate"}


class _Dear(Scripted):
    async def generate(self, *args: object, **settings: object) -> object:  # type: ignore[override]
        reply = await super().generate(*args, **settings)  # type: ignore[arg-type]
        if len(self.asked) == 2:
            raise BudgetError("the budget is spent")
        return reply


def test_a_failing_sample_fails_the_case_once_all_have_ended() -> None:
    model = _Dear("Answer: A")
    with pytest.raises(BudgetError):
        predict(SelfConsistency(k=4, inner=QUICK), model)
    assert len(model.asked) == 4
    assert asyncio.run(together([])) == []


def test_a_view_of_a_model_says_what_the_model_says() -> None:
    class Counting(Scripted):
        context = 4096

    view = Sampled(Counting(), 0, 0.7)
    assert view.context == 4096
    assert not hasattr(view, "absent")
    assert view.supports == {"generate", "score"}
