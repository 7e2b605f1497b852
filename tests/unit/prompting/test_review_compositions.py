"""Strategies inside strategies: bounds that hold, replies that are all there, guards and letters that are not lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Example, Model, Prompt
from osler.models.heard import Heard
from osler.models.simulated import Simulated
from osler.models.view import View, beside
from osler.prompting.abstain import Abstain
from osler.prompting.around import fitting_of
from osler.prompting.cases import Cases
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.compress import Compress
from osler.prompting.ensemble_refinement import EnsembleRefinement
from osler.prompting.few_shot import FewShot
from osler.prompting.model_vote import ModelVote
from osler.prompting.multi_turn import MultiTurn
from osler.prompting.optimise.allowance import Metered
from osler.prompting.prompt_vote import PromptVote
from osler.prompting.retrieve import Retrieve
from osler.prompting.role_panel import Role, RolePanel
from osler.prompting.sampling import SPACING, Sampled
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.self_critique import SelfCritique
from osler.prompting.structured import Structured
from osler.prompting.turns import Beside, user
from osler.prompting.zero_shot import ZeroShot

QUICK = ZeroShot(by="generate")
ROLES = (Role(name="one"), Role(name="two"))
WRAPPERS: dict[str, Callable[[Any], Any]] = {
    "self_consistency": lambda inner: SelfConsistency(k=2, inner=inner),
    "choice_shuffle": lambda inner: ChoiceShuffle(n=2, inner=inner),
    "chain": lambda inner: ChainOfThought(inner=inner),
    "extract": lambda inner: ChainOfThought(inner=inner, extract=True),
    "own_chains": lambda inner: ChainOfThought(inner=inner, self_generated=True, keep=2),
    "few_shot": lambda inner: FewShot(k=2, inner=inner),
    "abstain": lambda inner: Abstain(coverage=0.5, cases=3, inner=inner),
    "multi_turn": lambda inner: MultiTurn(inner=inner),
    "refinement": lambda inner: EnsembleRefinement(first=2, second=1, inner=inner),
    "compress": lambda inner: Compress(keep_tokens=5_000, inner=inner),
    "prompt_vote": lambda inner: PromptVote(strategies=(inner, ChainOfThought(cue="Hm.", inner=inner))),
    "panel": lambda inner: RolePanel(roles=ROLES, inner=inner, moderator=inner),
    "critique": lambda inner: SelfCritique(inner=inner),
}
SCHEMA = {"type": "object", "properties": {"drug": {"type": "string"}}, "required": ["drug"]}


def _example(kind: str, at: int) -> Example:
    if kind == "lettered":
        return Example(id=f"c{at}", input={}, target="ABC"[at % 3], choices=("heart", "liver", "kidney"))
    if kind == "labelled":
        return Example(id=f"c{at}", input={}, target=("yes", "no")[at % 2], choices=("yes", "no"))
    target = orjson.dumps({"drug": f"d{at}"}).decode() if kind == "json" else f"Drug {at} it is. Take it. Rest."
    return Example(id=f"c{at}", input={}, target=target)


def _prompt(kind: str, example: Example) -> Prompt:
    asked = Prompt(id=example.id, question=f"What of case {example.id}?", choices=example.choices)
    return asked.replace(lettered=kind == "lettered", schema=SCHEMA if kind == "json" else None)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(sorted(WRAPPERS)), min_size=1, max_size=3),
    st.sampled_from(["lettered", "labelled", "text", "json"]),
    st.sampled_from([0.0, 0.5, 1.0]),
    st.booleans(),
)
def test_in_any_composition_calls_are_bounded_and_every_reply_is_there(
    names: list[str], kind: str, failure: float, structured: bool
) -> None:
    cases = [_example(kind, at) for at in range(8)]
    model = Simulated(skill=0.6, format_failure=failure).keyed(cases, lettered=kind == "lettered")
    pairs = tuple((_prompt(kind, case), case.target) for case in cases[2:])
    prompt = _prompt(kind, cases[0])

    async def go() -> None:
        system: Any = Structured() if structured else QUICK
        for name in names:
            system = WRAPPERS[name](system)
        metered = Metered(model)
        fitted = await system.fit(Cases(train=pairs, seed=2), metered)
        assert metered.used.calls <= fitting_of(system, len(pairs))
        heard = Heard(model)
        found = await fitted.predict(prompt, heard, seed=2)
        assert len(heard.calls) <= fitted.calls(prompt)
        assert Counter(call.reply.text for call in heard.calls) == Counter(reply.text for reply in found.replies)
        assert found == await fitted.predict(prompt, model, seed=2)
        assert found.parsed == (found.answer is not None)
        assert not found.votes or sum(found.votes.values()) <= 1.0 + 1e-9
        if prompt.labels and found.answer is not None:
            assert found.answer in (*prompt.labels, "abstain")

    refused = SpecError("", hint="answered")
    try:
        asyncio.run(go())
    except SpecError as error:  # a composition that cannot be is refused in words
        refused = error
    assert refused.hint


SHUFFLED = ChoiceShuffle(n=2, inner=QUICK)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EnsembleRefinement(inner=SHUFFLED),
        lambda: SelfCritique(inner=PromptVote(strategies=(QUICK, SHUFFLED))),
        lambda: RolePanel(inner=QUICK, moderator=SHUFFLED),
        lambda: ChainOfThought(extract=True, inner=SHUFFLED),
        lambda: ChainOfThought(self_generated=True, inner=SelfConsistency(k=2, inner=SHUFFLED)),
    ],
)
def test_letters_of_shuffled_options_are_never_shown_again(make: Callable[[], Any]) -> None:
    with pytest.raises(SpecError, match="changes their letters") as caught:
        make()
    assert "turn them round" in caught.value.hint


def test_extraction_goes_on_from_one_reply_and_never_from_one_of_several() -> None:
    with pytest.raises(SpecError, match="votes over several"):
        ChainOfThought(extract=True, inner=FewShot(k=1, inner=SelfConsistency(k=2, inner=QUICK)))
    SelfConsistency(k=2, inner=ChainOfThought(extract=True, inner=FewShot(k=1, inner=QUICK)))
    text = Prompt(id="t", question="Which drug?")
    found = predict(ChainOfThought(extract=True), Scripted("It clots.", "I would say.\nAnswer: heparin"), text)
    assert found.answer == "heparin"


def test_multi_turn_and_compress_refuse_what_they_cannot_stand_around() -> None:
    with pytest.raises(SpecError, match="scores choices"):
        MultiTurn(inner=FewShot(k=1, inner=ZeroShot(by="score")))
    with pytest.raises(SpecError, match="stands around few_shot"):
        Compress(inner=ChainOfThought(inner=FewShot(k=1)))
    with pytest.raises(SpecError, match="stands around retrieve"):
        Compress(inner=Retrieve())
    FewShot(k=1, inner=Retrieve(inner=Compress()))


def test_compress_leaves_room_for_what_the_strategy_inside_may_write() -> None:
    long = Prompt(id="l", question=" ".join(f"Day {at} was dull." for at in range(400)) + " Is she ill?")
    model = Simulated(context=2_000)
    cut = asyncio.run(Compress(inner=ChainOfThought()).fitted(long, model))
    assert asyncio.run(model.count(cut.messages())) <= 2_000 - 1_024 - 64
    assert asyncio.run(model.count(asyncio.run(Compress(answer_tokens=10).fitted(long, model)).messages())) > 1_500


class Lending(Scripted):
    """Lends other models behind a guard, as the cache of a study does."""

    def __init__(self, *texts: str, **more: Any) -> None:
        super().__init__(*texts, **more)
        self.lent: list[Model] = []

    def beside(self, other: Model) -> Model:
        self.lent.append(other)
        return self


OTHER = Simulated(skill=1.0)  # it has no key, so that asking it past its guard would fail


@pytest.mark.parametrize(
    ("system", "calls"),
    [
        (RolePanel(roles=ROLES, rounds=0, inner=QUICK, moderator=ModelVote(models=(OTHER,), inner=QUICK)), 4),
        (MultiTurn(inner=ModelVote(models=(OTHER,), inner=QUICK)), 4),
        (SelfConsistency(k=2, inner=ModelVote(models=(OTHER,), inner=QUICK)), 4),
        (EnsembleRefinement(first=1, second=1, inner=ModelVote(models=(OTHER,), inner=QUICK)), 4),
    ],
)
def test_another_model_inside_any_strategy_is_asked_through_guards_and_views(system: Any, calls: int) -> None:
    model = Lending("Answer: A")
    found = predict(system, model)
    assert (found.answer, len(found.replies), len(model.asked)) == ("A", calls, calls)
    assert set(map(id, model.lent)) == {id(OTHER)}


def test_another_model_is_sampled_and_shown_what_the_own_model_is() -> None:
    model = Lending("Answer: A")
    predict(SelfConsistency(k=2, temperature=0.5, inner=ModelVote(models=(OTHER,), inner=QUICK)), model, seed=3)
    assert Counter(given["seed"] for _, given in model.asked) == {3 * SPACING: 2, 3 * SPACING + 1: 2}
    assert {given["temperature"] for _, given in model.asked} == {0.5}
    model = Lending("Answer: A")
    predict(EnsembleRefinement(first=1, second=1, inner=ModelVote(models=(OTHER,), inner=QUICK)), model)
    shown = [any(part.name == "candidate" for part in messages[-1].parts) for messages, _ in model.asked]
    assert shown == [False, False, True, True]
    heard = Heard(Lending("Answer: A"))
    asyncio.run(ModelVote(models=(OTHER,), inner=QUICK).predict(QUESTION, heard, seed=0))
    assert len(heard.calls) == 2


def test_a_view_is_the_model_but_for_what_it_changes() -> None:
    bare = Scripted("x")
    assert beside(bare, OTHER) is OTHER
    view = Beside(Sampled(View(Lending("x")), 2, 0.3), (user("note").parts[0],))
    assert isinstance(view.beside(OTHER), Beside)
    asyncio.run(view.generate(QUESTION.replace(cue="Think.").messages(), seed=1))
    asyncio.run(view.score(QUESTION.messages(), ("A", "B")))
    inner: Any = view.model
    (messages, given), (scored, _) = inner.model.model.asked
    assert (given["seed"], given["temperature"]) == (SPACING + 2, 0.3)
    assert [part.name for part in messages[-1].parts][-2:] == ["turn", "cue"]
    assert scored[-1].parts[-1].text == "note"
