"""Optimisers: every variant is written down, nothing is spent beyond the allowance, and what is there is found."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Scripted

from osler.core.block import block_id, from_spec, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.store import Store
from osler.core.types import Demo, Example, Message, Model, Prediction, Prompt, Reply, Score
from osler.models.cache import Cached
from osler.models.simulated import Simulated
from osler.models.simulated_features import FEATURES, SimulatedCritic, SimulatedFeatures
from osler.models.view import beside
from osler.prompting.cases import Cases, Pair
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.optimise.allowance import Allowance, AllowanceSpent, Metered
from osler.prompting.optimise.bootstrap_demos import BootstrapDemos
from osler.prompting.optimise.instructed import Instructed
from osler.prompting.optimise.instruction_search import InstructionSearch
from osler.prompting.optimise.optimise import optimise
from osler.prompting.optimise.paired import interval, paired
from osler.prompting.optimise.shown import Shown
from osler.prompting.optimise.textual_gradient import TextualGradient
from osler.prompting.optimise.trials import Search, drawn, fitting_of
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

TASK = Template(
    title="Organs", capability="knowledge and reasoning", question="{question}", lettered=True, instruction="Answer."
)
EXAMPLES = [
    Example(
        id=f"o{i}",
        input={"question": f"Which organ is number {i}?"},
        target="ABC"[i % 3],
        choices=("heart", "liver", "kidney"),
    )
    for i in range(120)
]
PAIRS: list[Pair] = [(TASK.prompt(example), example.target) for example in EXAMPLES]


def keyed(model: Simulated) -> Simulated:
    return model.keyed(EXAMPLES, lettered=True)


def cases(rows: list[Mapping[str, Any]], *, train: int = 60, **more: Any) -> Cases:
    return Cases(train=tuple(PAIRS[:train]), valid=tuple(PAIRS[train:]), log=rows.append, **more)


class Failing:
    """Answers A; calls about the cases of ``fails`` fail."""

    supports = frozenset({"generate"})

    def __init__(self, *fails: str) -> None:
        self.fails = fails

    async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
        case = next(part.id for part in messages[-1].parts if part.name == "question")
        if case in self.fails:
            raise ModelError("no answer", kind="timeout")
        return Reply(text="Answer: A", tokens_in=10, tokens_out=2, cost_usd=0.01)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise NotImplementedError


def test_the_search_as_a_function_improves_a_strategy_and_logs_every_variant() -> None:
    rows: list[Mapping[str, Any]] = []
    by = InstructionSearch(proposer=SimulatedCritic(), steps=3, proposals=2)
    model = keyed(SimulatedFeatures(skill=0.4))
    inner = ZeroShot(by="generate")
    found: Any = asyncio.run(optimise(inner, PAIRS[:60], PAIRS[60:], model=model, by=by, log=rows.append))
    assert isinstance(found, Instructed)
    assert all(feature in found.instruction.lower() for feature in FEATURES)
    trials = [row for row in rows if "variant" in row]
    assert [row["step"] for row in trials] == sorted(row["step"] for row in trials)
    assert all(row["split"] == "valid" and row["n"] == 50 and row["failures"] == 0 for row in trials)
    assert all(row["spec"]["block"] == "Instructed" and row["reason"] for row in trials)
    assert rows[-1]["chosen"] == block_id(found)
    assert rows[-1]["tried"] == len({row["variant"] for row in trials})
    assert rows[-1]["calls"] == sum(row["calls"] for row in trials) + 3 * 2


def test_a_case_in_train_and_valid_is_refused() -> None:
    with pytest.raises(SpecError, match="stand in train and valid"):
        asyncio.run(optimise(ZeroShot(), PAIRS[:10], PAIRS[5:20], model=keyed(Simulated())))


@pytest.mark.parametrize(
    "made",
    [TextualGradient(), InstructionSearch(steps=1), BootstrapDemos(candidates=2)],
    ids=lambda b: type(b).__name__,
)
def test_what_is_not_fitted_answers_nothing(made: Any) -> None:
    with pytest.raises(SpecError, match="has searched nothing yet"):
        asyncio.run(made.predict(PAIRS[0][0], keyed(Simulated()), seed=0))


@pytest.mark.parametrize(
    "made",
    [
        TextualGradient(backward=SimulatedCritic(), steps=3),
        InstructionSearch(proposer=SimulatedCritic(), steps=2, proposals=2),
        BootstrapDemos(candidates=4),
    ],
    ids=lambda b: type(b).__name__,
)
def test_the_fitted_block_is_the_frozen_winner(made: Any) -> None:
    model = keyed(SimulatedFeatures(skill=0.5, demo_gain=1.0))
    rows: list[Mapping[str, Any]] = []
    metered = Metered(model)
    fitted = asyncio.run(made.fit(cases(rows), metered))
    assert from_spec(to_spec(fitted)) == fitted
    assert metered.used.calls <= made.fitting(60)
    prompt = PAIRS[0][0]
    own = asyncio.run(fitted.predict(prompt, model, seed=1))
    assert own == asyncio.run(fitted.winner.predict(prompt, model, seed=1))
    assert len(own.replies) <= fitted.calls(prompt)
    again: list[Mapping[str, Any]] = []
    assert asyncio.run(made.fit(cases(again), model)) == fitted
    assert again == rows
    assert rows[-1]["chosen"] == block_id(fitted.winner)


def test_no_search_sees_a_case_that_it_was_not_given() -> None:
    model = SimulatedFeatures(skill=0.5).keyed(EXAMPLES[:80], lettered=True)  # any other case raises no_key
    given_cases = Cases(train=tuple(PAIRS[:40]), valid=tuple(PAIRS[40:80]))
    fitted: Any = asyncio.run(BootstrapDemos(candidates=3).fit(given_cases, model))
    train = {prompt.id for prompt, _ in PAIRS[:40]}
    assert {demo.id for demo in fitted.winner.demos} <= train


@given(most=st.integers(1, 400))
@settings(max_examples=15)
def test_a_search_stays_within_its_allowance_of_calls(most: int) -> None:
    model = Metered(keyed(SimulatedFeatures(skill=0.4)))
    made = TextualGradient(backward=SimulatedCritic(), budget=Allowance(calls=most), most_valid=20)
    rows: list[Mapping[str, Any]] = []
    fitted = asyncio.run(made.fit(cases(rows), model))
    assert model.used.calls + (rows[-1]["calls"] - model.used.calls) <= most
    assert fitted.winner is not None
    assert rows[-1]["calls"] <= most


def test_a_variant_that_the_allowance_of_money_broke_off_is_not_kept() -> None:
    rows: list[Mapping[str, Any]] = []
    made = InstructionSearch(proposer=SimulatedCritic(cost_usd=1.0), steps=2, proposals=3, budget=Allowance(usd=2.5))
    fitted: Any = asyncio.run(made.fit(cases(rows), keyed(SimulatedFeatures(skill=0.4))))
    assert fitted.winner.instruction == ""
    assert "allowance of 2.5 USD" in rows[-1]["reason"]


def test_an_allowance_counts_replies_of_the_store_as_when_they_were_paid() -> None:
    class Stored(Scripted):
        async def generate(self, messages: Sequence[Message], **settings: Any) -> Reply:
            return dataclasses.replace(await super().generate(messages, **settings), cached=True, cost_usd=0.5)

    model = Metered(Stored(), Allowance(usd=1.0))
    for _ in range(2):
        asyncio.run(model.generate(PAIRS[0][0].messages()))
    assert (model.used.calls, model.used.usd, model.used.fresh, model.used.paid) == (2, 1.0, 0, 0.0)
    with pytest.raises(AllowanceSpent, match="1 USD"):
        asyncio.run(model.generate(PAIRS[0][0].messages()))


def test_failed_calls_are_left_out_and_many_of_them_disqualify() -> None:
    few = Search(cases([]), Failing("o61", "o62"), by=TextualGradient())
    trial = asyncio.run(few.tried(ZeroShot(), step=0, change="x"))
    assert (trial.failures, len(trial.known), trial.fault) == (2, 58, "")
    assert trial.mean == pytest.approx(20 / 58)
    many = Search(cases([]), Failing(*(f"o{i}" for i in range(60, 70))), by=TextualGradient())
    assert asyncio.run(many.tried(ZeroShot(), step=0, change="x")).fault == "10 of 60 calls failed"


def test_a_metric_where_less_is_better_turns_the_search_round() -> None:
    rows: list[Mapping[str, Any]] = []
    held = cases(
        rows,
        higher_is_better=False,
        metric="error",
        judge=lambda name, one: Score(value=float(one.answer != _gold(name))),
    )
    made = TextualGradient(backward=SimulatedCritic(), steps=6)
    asyncio.run(made.fit(held, keyed(SimulatedFeatures(skill=0.4))))
    kept = [row["score"] for row in rows if row.get("kept")]
    assert kept == sorted(kept, reverse=True)
    assert kept[-1] < kept[0]


def _gold(name: str) -> str:
    return EXAMPLES[int(name[1:])].target


def test_bootstrapped_demonstrations_are_right_answers_with_their_reasoning() -> None:
    rows: list[Mapping[str, Any]] = []
    model = keyed(SimulatedFeatures(skill=0.6, demo_gain=2.0))
    fitted: Any = asyncio.run(BootstrapDemos(candidates=6, labelled=0).fit(cases(rows), model))
    demos = fitted.winner.demos
    assert 1 <= len(demos) <= 4
    assert all(demo.answer == _gold(demo.id) and demo.rationale for demo in demos)
    assert rows[0]["change"] == "no demonstrations"
    assert "labelled" not in str([row["change"] for row in rows])


def test_nothing_is_shown_where_demonstrations_gain_nothing() -> None:
    fitted: Any = asyncio.run(BootstrapDemos(candidates=5).fit(cases([]), keyed(Simulated(skill=0.6))))
    assert fitted.winner.demos == ()


def test_a_strategy_with_its_own_demonstrations_is_refused() -> None:
    with pytest.raises(SpecError, match="chooses its own"):
        BootstrapDemos(inner=ChainOfThought(inner=FewShot()))


def test_a_demonstration_that_is_the_case_is_left_out() -> None:
    model = Scripted("Answer: A")
    prompt = PAIRS[0][0]
    demos = (Demo(id="o0", question="other", answer="A"), Demo(id="x", question="kept?", answer="B"))
    asyncio.run(Shown(demos=demos).predict(prompt, model, seed=0))
    assert "kept?" in str(model.said())
    assert "other" not in str(model.said())


@pytest.mark.parametrize(("mode", "said"), [("extend", "Be brief.\nAnswer."), ("replace", "Be brief.")])
def test_an_instruction_extends_or_replaces_the_tasks_own(mode: Any, said: str) -> None:
    model = Scripted("Answer: A")
    asyncio.run(Instructed(instruction="Be brief.", mode=mode).predict(PAIRS[0][0], model, seed=0))
    assert model.said()[0] == ("system", said)


def test_validation_cases_are_drawn_by_seed_and_keep_their_order() -> None:
    held = drawn(PAIRS, 10, 3)
    assert len(held) == 10
    assert held == drawn(PAIRS, 10, 3) != drawn(PAIRS, 10, 4)
    places = [PAIRS.index(pair) for pair in held]
    assert places == sorted(places)
    assert drawn(PAIRS, 0, 1) == tuple(PAIRS)


def test_fitting_calls_are_counted_wherever_a_search_stands() -> None:
    search = TextualGradient(most_valid=10, minibatch=2, steps=3)
    assert fitting_of(search, 100) == 10 + 3 * (2 * 3 + 1 + 10)
    assert fitting_of(Instructed(inner=search), 100) == fitting_of(search, 100)
    assert fitting_of(FewShot(), 100) == 0


def test_another_model_goes_through_the_guards_of_the_first() -> None:
    class Guarded(Scripted):
        lent: list[Any] = []

        def beside(self, other: Model) -> Model:
            self.lent.append(other)
            return other

    guarded, other = Guarded(), Scripted("critique")
    metered = Metered(guarded)
    assert beside(metered, None) is metered
    view = beside(metered, other)
    asyncio.run(view.generate(PAIRS[0][0].messages()))
    assert guarded.lent == [other]
    assert metered.used.calls == 1


def test_the_cache_lends_its_guards_and_keeps_what_the_other_model_says(tmp_path: Path) -> None:
    class Critic(Scripted):
        """Another model than the first, so that its replies are kept under its own name."""

    with Store(tmp_path / "s.sqlite") as store:
        first, critic = Cached(Scripted("one"), store, study="s"), Critic("two")
        for _ in range(2):
            asyncio.run(beside(Metered(first), critic).generate(PAIRS[0][0].messages()))
        assert len(critic.asked) == 1
        assert store.spent("s").calls == 1
        guarded = Scripted("guarded")
        first.lend = lambda other: guarded
        assert asyncio.run(beside(first, critic).generate(PAIRS[0][0].messages())).text == "guarded"


def test_paired_tests_and_intervals() -> None:
    first: dict[str, float | None] = {f"c{i}": float(i % 2) for i in range(40)}
    better: dict[str, float | None] = dict.fromkeys(first, 1.0)
    same = paired(first, first, str)
    assert (same.difference, same.p) == (0.0, 1.0)
    found = paired(first, better, str)
    assert found.difference == 0.5
    assert found.p == pytest.approx(2 * 0.5**20)
    assert found.low is not None
    assert found.low > 0.3
    by_two = paired(first, better, lambda name: str(int(name[1:]) // 2))
    assert "20 clusters" in by_two.method
    assert by_two.p is not None
    assert by_two.p >= 2.0**-19
    assert paired(first, better, lambda name: name[-1:]).p is not None
    assert paired(first, better, lambda name: "one").p is None
    assert paired({"a": None}, {"a": 1.0}, str).n == 0
    low, high = interval(first, str)
    assert low is not None
    assert high is not None
    assert low < 0.5 < high
    assert interval({"a": 1.0}, str) == (None, None)


def test_a_case_without_a_score_from_both_is_left_out_of_the_pair() -> None:
    first: dict[str, float | None] = {f"c{i}": 1.0 for i in range(12)}
    assert paired(first, {**first, "c0": None}, str).n == 11


def test_prompts_with_labels_and_without_and_with_json_work() -> None:
    texts = [Prompt(id=f"t{i}", question=f"Sum up note {i}.") for i in range(12)]
    model = Simulated(skill=1.0, key={prompt.id: "All is well." for prompt in texts})
    held = Cases(train=tuple((prompt, "All is well.") for prompt in texts))
    fitted: Any = asyncio.run(TextualGradient(backward=SimulatedCritic(), steps=2).fit(held, model))
    found: Prediction = asyncio.run(fitted.predict(texts[0], model, seed=0))
    assert found.answer == "All is well."
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    objects = [prompt.replace(schema=schema) for prompt in texts]
    model = Simulated(skill=1.0, key={prompt.id: '{"a": "b"}' for prompt in objects})
    held = Cases(train=tuple((prompt, '{"a":"b"}') for prompt in objects))
    fitted = asyncio.run(BootstrapDemos(inner=ZeroShot(), candidates=3).fit(held, model))
    assert asyncio.run(fitted.predict(objects[0], model, seed=0)).parsed
