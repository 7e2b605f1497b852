"""Demonstrations: which are shown, in what order, and never the case itself. No strategy ever sees a target."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import QUESTION, Scripted, predict
from test_strategies import needs_weights

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Demo, Example, Passage, Prompt, Strategy
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.structured import Structured
from osler.prompting.zero_shot import ZeroShot
from osler.tasks.template import Template

LABELS = ("urgent", "routine", "spam")


def demo(i: int, answer: str = "") -> Demo:
    return Demo(
        id=f"d{i}", question=f"Message {i}", answer=answer or LABELS[0 if i % 10 < 7 else i % 3], choices=LABELS
    )


POOL = tuple(demo(i) for i in range(60))
ASKED = Prompt(id="m1", question="Message of today", choices=LABELS)


def shown(strategy: FewShot, prompt: Prompt = ASKED, seed: int = 0) -> tuple[Demo, ...]:
    return asyncio.run(strategy.demonstrations(prompt, seed=seed))


def test_demonstrations_stand_before_the_question_with_their_answers() -> None:
    pool = (
        Demo(id="d1", question="Which organ pumps?", answer="A", choices=("heart", "skin")),
        Demo(id="d2", question="Which drug calms?", answer="B", choices=("caffeine", "diazepam")),
    )
    model = Scripted("Answer: B")
    found = predict(FewShot(k=2, pool=pool), model)
    organ = [("user", "Which organ pumps?\nA. heart\nB. skin"), ("assistant", "Answer: A")]
    drug = [("user", "Which drug calms?\nA. caffeine\nB. diazepam"), ("assistant", "Answer: B")]
    system, last = (
        ("system", "Answer with the letter of one option."),
        ("user", "Which drug stops clotting?\nA. aspirin\nB. heparin"),
    )
    assert model.said() in ([system, *organ, *drug, last], [system, *drug, *organ, last])
    assert found.answer == "B"


@given(st.integers(1, 80), st.sampled_from(["random", "balanced"]), st.integers(0, 5))
def test_k_are_shown_each_once_the_same_ones_for_a_seed(
    k: int, select: Literal["random", "balanced"], seed: int
) -> None:
    strategy = FewShot(k=k, select=select, pool=POOL)
    found = shown(strategy, seed=seed)
    assert len(found) == len({d.id for d in found}) == min(k, 60)
    assert found == shown(FewShot(k=k, select=select, pool=POOL), seed=seed)
    assert shown(strategy, ASKED.replace(id="other"), seed) == found  # drawn once per seed, not per case


def test_another_seed_draws_others() -> None:
    draws = {tuple(d.id for d in shown(FewShot(k=5, pool=POOL), seed=seed)) for seed in range(10)}
    assert len(draws) == 10


@given(st.integers(1, 12), st.integers(0, 20))
def test_balanced_draws_as_evenly_as_the_pool_allows(k: int, seed: int) -> None:
    counts = Counter(d.answer for d in shown(FewShot(k=k, select="balanced", pool=POOL), seed=seed))
    have = Counter(d.answer for d in POOL)
    assert set(have) == set(LABELS)
    assert max(counts.values()) - min(counts.get(label, 0) for label in LABELS) <= 1


def test_random_keeps_the_shares_of_the_pool() -> None:
    drawn = Counter(d.answer for seed in range(200) for d in shown(FewShot(k=5, pool=POOL), seed=seed))
    share = Counter(d.answer for d in POOL)["urgent"] / 60
    assert drawn["urgent"] / 1000 == pytest.approx(share, abs=0.06)


@given(st.integers(0, 59), st.sampled_from(["random", "balanced"]), st.integers(1, 70))
def test_the_case_itself_is_never_shown(own: int, select: Literal["random", "balanced"], k: int) -> None:
    by_id = ASKED.replace(id=f"d{own}")
    found = shown(FewShot(k=k, select=select, pool=POOL), by_id)
    assert f"d{own}" not in {d.id for d in found}
    assert len(found) == min(k, 59)
    by_text = ASKED.replace(question=f"Message {own}")
    assert f"Message {own}" not in {d.question for d in shown(FewShot(k=k, select=select, pool=POOL), by_text)}


def test_the_same_question_on_other_evidence_is_another_case() -> None:
    pool = tuple(
        Demo(id=f"d{i}", question="Is she pregnant?", answer="no", evidence=(Passage(id="0", text=f"Note {i}"),))
        for i in range(3)
    )
    prompt = Prompt(id="m", question="Is she pregnant?", evidence=(Passage(id="0", text="Note 1"),))
    assert {d.id for d in shown(FewShot(k=5, pool=pool), prompt)} == {"d0", "d2"}


def test_a_demonstration_with_a_label_that_is_not_offered_is_left_out() -> None:
    pool = (*POOL[:10], Demo(id="odd", question="?", answer="unknown"))
    assert "odd" not in {d.id for d in shown(FewShot(k=11, pool=pool))}


def test_fitting_keeps_the_training_cases_in_the_spec() -> None:
    train = [(QUESTION.replace(id=f"t{i}", question=f"Question {i}?"), "AB"[i % 2]) for i in range(8)]
    fitted = asyncio.run(FewShot(k=3).fit(train, Scripted()))
    assert [d.id for d in fitted.pool] == [f"t{i}" for i in range(8)]
    assert from_spec(to_spec(fitted)) == fitted
    assert shown(from_spec(to_spec(fitted)), QUESTION) == shown(fitted, QUESTION)


def test_without_training_cases_and_with_k_0_it_says_so() -> None:
    with pytest.raises(SpecError, match="few_shot needs training cases"):
        asyncio.run(FewShot().fit([], Scripted()))
    with pytest.raises(SpecError, match="k must be at least 1, got 0") as caught:
        FewShot(k=0)
    assert caught.value.hint == "use zero_shot for none"


@needs_weights
def test_knn_shows_the_nearest_and_the_nearest_last() -> None:
    texts = ("My chest hurts badly", "Chest pain since noon", "I need a repeat of my tablets", "A new pair of shoes")
    pool = tuple(Demo(id=str(i), question=text, answer="urgent", choices=LABELS) for i, text in enumerate(texts))
    prompt = Prompt(id="0", question="My chest hurts badly", choices=LABELS)
    assert [d.id for d in shown(FewShot(k=2, select="knn", pool=pool), prompt)] == ["2", "1"]
    assert [d.id for d in shown(FewShot(k=9, select="knn", pool=pool), prompt)][-1] == "1"


# A strategy never sees a target. The answer is a word that nothing else holds, so it would be seen at once.

TASK = Template(title="t", capability="structurization", question="{text}", evidence="notes", instruction="Label it.")
STRATEGIES: list[Strategy] = [
    ZeroShot(),
    ChainOfThought(),
    Structured(repairs=1),
    FewShot(k=3),
    FewShot(k=3, select="balanced", inner=ChainOfThought()),
    ChainOfThought(inner=FewShot(k=2)),
]


@settings(max_examples=40)
@given(st.data())
def test_the_target_of_a_case_never_occurs_in_what_a_model_is_asked(data: st.DataObject) -> None:
    canary = "zzq" + data.draw(st.text("abcdefgh", min_size=4, max_size=8))
    others = data.draw(st.lists(st.sampled_from(["yes", "no"]), min_size=2, max_size=6))
    notes = [["0", "A note."]]
    given_case = {"text": "Is it so?", "notes": notes}
    case = Example(id="own", input=given_case, target=canary, choices=("yes", "no"), meta={"label": canary})
    train = [
        Example(id=f"t{i}", input={"text": f"Case {i}?"}, target=answer, choices=("yes", "no"))
        for i, answer in enumerate(others)
    ]
    # The worst that can happen: the case itself stands among the training cases, and so does a copy of it.
    train += [case, Example(id="copy", input=given_case, target=canary, choices=("yes", "no"))]
    strategy = data.draw(st.sampled_from(STRATEGIES))
    model = Scripted("unreadable")

    async def go() -> None:
        fitted = await strategy.fit([(TASK.prompt(one), one.target) for one in train], model)
        await fitted.predict(TASK.prompt(case), model, seed=data.draw(st.integers(0, 9)))

    asyncio.run(go())
    assert model.asked
    for messages, given_ in model.asked:
        assert all(canary not in f"{part.text} {part.id} {part.name}" for message in messages for part in message.parts)
        assert canary not in str(given_)
