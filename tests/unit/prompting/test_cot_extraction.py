"""Chain-of-thought in two calls: reason freely, then give the answer."""

from __future__ import annotations

import asyncio
from typing import Any

from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.types import Demo, Model, Prediction, Prompt
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.few_shot import FewShot
from osler.prompting.sampling import Sampled
from osler.prompting.self_consistency import SelfConsistency
from osler.prompting.zero_shot import ZeroShot

TWO = ChainOfThought(extract=True, inner=ZeroShot(by="generate", max_tokens=300))
QUESTIONED = "Which drug stops clotting?\nA. aspirin\nB. heparin\nLet's think step by step."


def test_the_second_call_goes_on_from_the_first() -> None:
    model = Scripted("Clots are stopped by heparin or so.", "(B)")
    found = predict(TWO, model, seed=4)
    first = [("system", "Answer with the letter of one option."), ("user", QUESTIONED)]
    assert model.said(0) == first
    assert model.said(1) == [
        *first,
        ("assistant", "Clots are stopped by heparin or so."),
        ("user", "Therefore, among A through B, the answer is"),
    ]
    assert [part.name for part in model.asked[1][0][-2].parts + model.asked[1][0][-1].parts] == [
        "thought",
        "extraction",
    ]
    assert [given["seed"] for _, given in model.asked] == [4, 4]
    assert (found.answer, found.rationale, len(found.replies)) == ("B", "Clots are stopped by heparin or so.", 2)
    assert TWO.calls(QUESTION) == 2


def test_where_the_second_reply_cannot_be_read_a_stated_answer_in_the_first_counts() -> None:
    stated = predict(TWO, Scripted("It binds antithrombin. The answer is B.", "Hm."))
    assert (stated.answer, stated.parsed) == ("B", True)
    nothing = predict(TWO, Scripted("It may be aspirin, or heparin.", "Hm."))
    assert (nothing.answer, nothing.parsed, len(nothing.replies)) == (None, False, 2)


def test_labels_texts_and_json_are_asked_for_in_their_words() -> None:
    model = Scripted("She is 70.", "no")
    assert predict(TWO, model, LABELLED).answer == "no"
    assert model.said(1)[-1][1] == "Therefore, among yes | no | not enough information, the answer is"
    free = Prompt(id="f", question="Which dose?")
    model = Scripted("Weighing.", "5 mg")
    assert predict(TWO, model, free).answer == "5 mg"
    assert model.said(1)[-1][1] == "Therefore, the answer is"
    schema = {"type": "object"}
    model = Scripted("Weighing.", '{"dose": 5}')
    assert predict(TWO, model, free.replace(schema=schema)).answer == '{"dose":5}'
    assert [given["schema"] for _, given in model.asked] == [None, schema]
    assert predict(TWO, Scripted("Weighing.", "five"), free.replace(schema=schema)).answer is None


def test_demonstrations_are_part_of_both_calls() -> None:
    demo = Demo(id="d", question="Which organ pumps?", answer="A", choices=("heart", "skin"), rationale="It beats.")
    model = Scripted("Thinking.", "B")
    predict(FewShot(k=1, pool=(demo,), inner=TWO), model)
    assert model.said(1)[:4] == model.said(0)
    assert model.said(0)[2] == ("assistant", "It beats.\nAnswer: A")
    turned = Scripted("Thinking.", "B")
    predict(ChainOfThought(extract=True, inner=FewShot(k=1, pool=(demo,))), turned)
    assert turned.said(1) == model.said(1)


def test_both_calls_of_a_sample_have_its_temperature_and_seed() -> None:
    model = Scripted("Thinking.")
    predict(SelfConsistency(k=2, temperature=0.5, inner=TWO), model)
    assert sorted(given["seed"] for _, given in model.asked) == [0, 0, 1, 1]
    assert {given["temperature"] for _, given in model.asked} == {0.5}


def test_what_a_model_can_do_beside_is_reached_through_the_views() -> None:
    class Counting(Scripted):
        context = 2048

    seen: list[tuple[Any, Any, frozenset[str]]] = []

    class Asking(ZeroShot):
        async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
            seen.append((getattr(model, "context", None), getattr(model, "absent", None), model.supports))
            return await super().predict(prompt, model, seed=seed)

    strategy = ChainOfThought(extract=True, inner=Asking())
    asyncio.run(strategy.predict(QUESTION, Sampled(Counting("B"), 0), seed=0))
    assert seen == [(2048, None, frozenset({"generate", "score"}))]
