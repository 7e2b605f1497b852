"""Which demonstrations are chosen and how they are ordered: nearest, diverse, fixed; and what neighbours are worth."""

from __future__ import annotations

import asyncio
import math
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sampling_theory import OPTIONS, answered, right
from scripted import QUESTION, Scripted
from test_strategies import needs_weights

from osler.core.block import from_spec, replace, to_spec
from osler.core.errors import SpecError
from osler.core.types import LETTERS, Demo, Example, Prompt
from osler.models.simulated import Simulated
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.demonstrations import maximal_marginal_relevance, nearest
from osler.prompting.few_shot import FewShot
from osler.prompting.zero_shot import ZeroShot

Vectors = Any
Order = Literal["selected", "reversed", "nearest_last", "nearest_first", "random"]


def unit_vectors(seed: int, n: int) -> tuple[Vectors, Vectors]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n + 1, 4))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows[1:], rows[0]


def by_definition(matrix: Vectors, near: Vectors, k: int, weight: float, banned: set[int]) -> list[int]:
    """Maximal marginal relevance written as the paper defines it, with no state kept."""
    chosen: list[int] = []
    while len(chosen) < k:
        left = [row for row in range(len(near)) if row not in chosen and row not in banned]
        if not left:
            break

        def gain(row: int) -> float:
            likest = max((float(matrix[row] @ matrix[other]) for other in chosen), default=0.0)
            return weight * float(near[row]) - (1 - weight) * likest

        chosen.append(max(left, key=gain))
    return chosen


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 8), st.floats(0, 1), st.sets(st.integers(0, 11)))
def test_diverse_is_maximal_marginal_relevance(seed: int, n: int, k: int, weight: float, banned: set[int]) -> None:
    matrix, question = unit_vectors(seed, n)
    near = matrix @ question
    found = maximal_marginal_relevance(matrix, near, k, weight, lambda row: row not in banned)
    assert found == by_definition(matrix, near, k, weight, banned)


@given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 8), st.sets(st.integers(0, 11)))
def test_with_all_weight_on_nearness_it_is_the_nearest(seed: int, n: int, k: int, banned: set[int]) -> None:
    matrix, question = unit_vectors(seed, n)
    near = matrix @ question

    def allowed(row: int) -> bool:
        return row not in banned

    found = nearest(near, k, allowed)
    assert maximal_marginal_relevance(matrix, near, k, 1.0, allowed) == found
    assert found == sorted((row for row in range(n) if allowed(row)), key=lambda row: -near[row])[:k]


def test_two_of_a_kind_are_not_both_shown() -> None:
    matrix = np.array([[1.0, 0.0], [1.0, 0.0], [0.6, 0.8]])
    near = matrix @ np.array([0.98, 0.199])
    assert nearest(near, 2, lambda row: True) == [0, 1]
    assert maximal_marginal_relevance(matrix, near, 2, 0.5, lambda row: True) == [0, 2]


TEXTS = ("My chest hurts badly", "Chest pain since noon", "I need a repeat of my tablets", "A new pair of shoes")
POOL = tuple(Demo(id=str(i), question=text, answer="A", choices=OPTIONS) for i, text in enumerate(TEXTS))
ASKED = Prompt(id="new", question="There is a pain in my chest", choices=OPTIONS, lettered=True)


def shown(strategy: FewShot, prompt: Prompt = ASKED, seed: int = 0) -> list[str]:
    return [demo.id for demo in asyncio.run(strategy.demonstrations(prompt, seed=seed))]


@needs_weights
def test_orders_are_what_they_say() -> None:
    def ids(order: Order, select: Literal["knn", "random"] = "knn", seed: int = 0) -> list[str]:
        return shown(FewShot(k=4, select=select, order=order, pool=POOL), seed=seed)

    farthest_first = ids("selected")
    assert set(farthest_first[:2]) == {"2", "3"}
    assert ids("nearest_last") == farthest_first
    assert ids("reversed") == ids("nearest_first") == farthest_first[::-1]
    assert ids("nearest_last", "random") == farthest_first
    assert ids("reversed", "random") == ids("selected", "random")[::-1]
    assert sorted(ids("random")) == sorted(farthest_first)
    assert len({tuple(ids("random", seed=seed)) for seed in range(8)}) > 2
    assert ids("random", seed=3) == ids("random", seed=3)


@needs_weights
def test_diverse_leaves_out_the_case_itself_and_ends_with_the_nearest() -> None:
    strategy = FewShot(k=2, select="diverse", pool=POOL)
    own = ASKED.replace(id="1", question=TEXTS[1])
    assert "1" not in shown(strategy, own)
    assert shown(strategy)[-1] == shown(FewShot(k=1, select="knn", pool=POOL))[0]
    assert shown(replace(strategy, mmr_lambda=1.0)) == shown(FewShot(k=2, select="knn", pool=POOL))
    assert shown(FewShot(k=9, select="diverse")) == []


AUTHORED = (
    Demo(id="a1", question="Which organ pumps?", answer="A", choices=("heart", "skin"), rationale="It beats."),
    Demo(id="a2", question="Which drug calms?", answer="B", choices=("caffeine", "diazepam")),
)


def test_fixed_demonstrations_need_no_training_case_and_come_in_their_order() -> None:
    model = Scripted("Answer: B")
    strategy = FewShot(k=1, select="fixed", fixed=AUTHORED, inner=ChainOfThought())

    async def go() -> None:
        fitted = await strategy.fit([], model)
        assert fitted == strategy
        await fitted.predict(QUESTION, model, seed=0)

    asyncio.run(go())
    assert model.said()[1:5] == [
        ("user", "Which organ pumps?\nA. heart\nB. skin"),
        ("assistant", "It beats.\nAnswer: A"),
        ("user", "Which drug calms?\nA. caffeine\nB. diazepam"),
        ("assistant", "Answer: B"),
    ]
    assert from_spec(to_spec(strategy)) == strategy
    assert shown(replace(strategy, order="reversed")) == ["a2", "a1"]


def test_fixed_demonstrations_may_be_training_cases_by_id_with_their_chains() -> None:
    train = [(QUESTION.replace(id=f"t{i}", question=f"Question {i}?"), "AB"[i % 2]) for i in range(6)]
    strategy = FewShot(select="fixed", fixed=("t4", AUTHORED[0], "t1"))
    fitted = asyncio.run(strategy.fit(train, Scripted()))
    assert [demo.id for demo in fitted.pool] == ["t1", "t4"]
    assert shown(fitted, QUESTION) == ["t4", "a1", "t1"]
    assert shown(fitted, QUESTION.replace(id="t4")) == ["a1", "t1"]  # never the case itself
    own = ChainOfThought(self_generated=True, inner=ZeroShot(by="generate"))
    reasoned = asyncio.run(replace(strategy, inner=own).fit(train, Scripted("It is.\nAnswer: A")))
    found = asyncio.run(reasoned.demonstrations(QUESTION, seed=0))
    assert [(demo.id, demo.rationale) for demo in found] == [("t4", "It is."), ("a1", "It beats.")]  # t1 was wrong


def test_fixed_demonstrations_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="select = 'fixed' and 0 fixed"):
        FewShot(select="fixed")
    with pytest.raises(SpecError, match="select = 'knn' and 2 fixed"):
        FewShot(select="knn", fixed=AUTHORED)
    with pytest.raises(SpecError, match="names 't9', which is no training case"):
        asyncio.run(FewShot(select="fixed", fixed=("t9",)).fit([(QUESTION, "A")], Scripted()))
    with pytest.raises(SpecError, match="few_shot needs training cases"):
        asyncio.run(FewShot(select="fixed", fixed=("t9",)).fit([], Scripted()))
    bare = FewShot(select="fixed", fixed=(Demo(id="d", question="?", answer="A"),))
    with pytest.raises(SpecError, match="'d' of few_shot has no choices and the prompt is lettered"):
        shown(bare)
    assert shown(bare, Prompt(id="m", question="Urgent?", choices=("yes", "no"))) == ["d"]
    with pytest.raises(SpecError, match="mmr_lambda must be from 0 to 1"):
        FewShot(mmr_lambda=1.5)


# What neighbours are worth: on a simulated model, exactly what its knob says, and nothing where the knob is 0.

TOPICS = (
    "a swollen leg and clotting",
    "wheezing at night with asthma",
    "throbbing headaches called migraine",
    "an inflamed toe joint from gout",
    "tiredness and pallor of anaemia",
    "scaly red plaques of psoriasis",
    "convulsions caused by epilepsy",
    "raised pressure behind glaucoma",
    "fever after travel and malaria",
    "bleeding gums as in scurvy",
)


def topic_cases(n: int, start: int) -> list[Example]:
    return [
        Example(id=f"c{start + i}", input={}, target=LETTERS[(start + i) % 4], choices=OPTIONS, meta={"i": start + i})
        for i in range(n)
    ]


def asked(case: Example) -> Prompt:
    topic = TOPICS[case.meta["i"] % len(TOPICS)]
    question = f"What helps {topic} in week {case.meta['i']}"
    return Prompt(id=case.id, question=question, choices=case.choices, lettered=True)


def run(strategy: Any, model: Simulated) -> tuple[list[str | None], Any]:
    train, test = topic_cases(50, 1000), topic_cases(200, 0)

    async def go() -> tuple[list[str | None], Any]:
        fitted = await strategy.fit([(asked(case), case.target) for case in train], model)
        return [(await fitted.predict(asked(case), model, seed=0)).answer for case in test], fitted

    return asyncio.run(go())


@needs_weights
def test_neighbours_gain_exactly_what_the_knob_says() -> None:
    test = topic_cases(200, 0)
    keyed = Simulated(skill=0.4).keyed([*test, *topic_cases(50, 1000)], lettered=True)
    near, far = FewShot(k=3, select="knn"), FewShot(k=3, select="random")
    assert run(near, keyed)[0] == run(far, keyed)[0]  # the knob is 0: not one answer differs
    helped = replace(keyed, neighbour_gain=3.0)
    for strategy in (near, far):
        answers, fitted = run(strategy, helped)
        chances = [expected(fitted, asked(case)) for case in test]
        hits = sum(answer == case.target for answer, case in zip(answers, test, strict=True))
        deviation = math.sqrt(sum(chance * (1 - chance) for chance in chances))
        assert abs(hits - sum(chances)) < 4 * deviation
    near_hits = sum(a == c.target for a, c in zip(run(near, helped)[0], test, strict=True))
    far_hits = sum(a == c.target for a, c in zip(run(far, helped)[0], test, strict=True))
    assert near_hits > far_hits


def expected(fitted: FewShot, prompt: Prompt) -> float:
    """Chance of a right answer by the knob: skill 0.4 and 3 logits times the word overlap of the nearest one shown."""
    words = set(prompt.question.lower().split())
    overlaps = []
    for demo in asyncio.run(fitted.demonstrations(prompt, seed=0)):
        other = set(demo.question.lower().split())
        overlaps.append(len(words & other) / len(words | other))
    logit = math.log(0.4 / 0.6) + 3.0 * max(overlaps)
    return 1 / (1 + math.exp(-logit))


@needs_weights
def test_the_ladder_of_medprompt_rises_in_the_published_order_and_each_knob_at_0_takes_its_rung_away() -> None:
    own = ChainOfThought(self_generated=True, inner=ZeroShot(by="generate", max_tokens=64))
    warm = ZeroShot(by="generate", temperature=0.7, max_tokens=64)
    rungs: dict[str, Any] = {
        "zero-shot": ZeroShot(),
        "random": FewShot(k=5),
        "chains": FewShot(k=5, inner=own),
        "nearest": FewShot(k=5, select="knn", inner=own),
        "shuffled": ChoiceShuffle(n=5, inner=FewShot(k=5, select="knn", inner=replace(own, inner=warm))),
    }
    knobs = {"demo_gain": 0.6, "thought_gain": 0.8, "neighbour_gain": 1.6, "position_bias": 0.3}
    test = topic_cases(200, 0)
    keyed = replace(Simulated(skill=0.35, **knobs), seed=1).keyed([*test, *topic_cases(50, 1000)], lettered=True)  # type: ignore[arg-type]

    def hits(name: str, model: Simulated) -> int:
        return sum(a == c.target for a, c in zip(run(rungs[name], model)[0], test, strict=True))

    ladder = [hits(name, keyed) for name in rungs]
    assert ladder == sorted(ladder), ladder
    assert len(set(ladder)) == 5
    plain = replace(keyed, demo_gain=0.0, neighbour_gain=0.0)
    assert hits("zero-shot", plain) == hits("random", plain)
    no_thought = replace(keyed, thought_gain=0.0, neighbour_gain=0.0)
    assert hits("random", no_thought) == hits("chains", no_thought)
    no_neighbour = replace(keyed, neighbour_gain=0.0)
    assert hits("chains", no_neighbour) == hits("nearest", no_neighbour)


def test_answered_helper_fits_before_it_predicts() -> None:
    cases = topic_cases(4, 0)
    model = Simulated(skill=1.0).keyed(cases, lettered=True)
    assert right(answered(FewShot(k=2), model, cases[:2], cases[2:]), cases[:2]) == 2
