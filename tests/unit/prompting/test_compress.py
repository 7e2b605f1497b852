"""Compression never exceeds its budget, touches nothing that fits, and keeps sentences in their order."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import Scripted

from osler.core.errors import ModelError, OslerError
from osler.core.types import Demo, Passage, Prompt
from osler.models import minilm
from osler.models.simulated import Simulated
from osler.prompting.compress import GAP, Compress, Texts
from osler.prompting.few_shot import FewShot

try:
    minilm.load()
    installed = True
except OslerError:
    installed = False
pytestmark = pytest.mark.skipif(not installed, reason="no embedded encoder is installed")

NOTE = (
    "The patient came by train. She takes warfarin for atrial fibrillation. Her dog is called Rex. "
    "Her anticoagulation was measured: INR 4.5. The weather was fine. She likes tea."
)
CASE = Prompt(
    id="c",
    instruction="Use only the note.",
    question="The visit was on a Monday. It rained. Is her anticoagulation too strong?",
    choices=("yes", "no"),
    evidence=(Passage(id="0", text=NOTE), Passage(id="1", text="The canteen closes at two.")),
    demos=(
        Demo(id="d1", question="Is the football match on?", answer="no"),
        Demo(id="d2", question="Is the anticoagulant dose too high?", answer="yes"),
    ),
)
MODEL = Simulated(skill=1.0, key={"c": "yes"})


def fitted(tokens: int, prompt: Prompt = CASE) -> Prompt:
    return asyncio.run(Compress(keep_tokens=tokens).fitted(prompt, MODEL))


def size(prompt: Prompt) -> int:
    return asyncio.run(MODEL.count(prompt.messages()))


def test_what_fits_is_not_touched() -> None:
    assert fitted(size(CASE)) is CASE
    assert asyncio.run(Compress().fitted(CASE, MODEL)) is CASE  # no context is known


def test_far_demonstrations_go_first_then_far_sentences() -> None:
    assert fitted(size(CASE) - 1) == CASE.replace(demos=CASE.demos[1:])
    bare = CASE.replace(demos=())
    cut = fitted(size(bare) - 25)
    assert cut.demos == ()
    kept = " ".join(passage.text for passage in cut.evidence)
    assert "Her anticoagulation was measured: INR 4.5." in kept
    assert "train" not in kept
    assert GAP in kept
    assert [name for name in ("canteen", "weather") if name in kept] == []
    assert cut.question.endswith("Is her anticoagulation too strong?")
    assert (cut.instruction, cut.choices) == (CASE.instruction, CASE.choices)
    least = fitted(size(CASE.replace(demos=(), evidence=(), question=f"{GAP} Is her anticoagulation too strong?")))
    assert (least.evidence, least.question) == ((), f"{GAP} Is her anticoagulation too strong?")


def test_what_cannot_fit_is_refused_with_the_numbers() -> None:
    with pytest.raises(ModelError, match="may not be cut, and there is room for 5") as caught:
        fitted(5)
    assert caught.value.kind == "context"
    assert "INR" not in str(caught.value)


def test_the_model_s_context_is_the_budget_and_few_shot_stands_around() -> None:
    model = Simulated(skill=1.0, key={"c": "yes"}, context=size(CASE) + 35)
    inner = Compress(answer_tokens=40)
    assert asyncio.run(inner.fitted(CASE, model)).demos == CASE.demos[1:]
    assert size(asyncio.run(inner.fitted(CASE, model))) + 40 <= model.context
    system = FewShot(k=2, inner=inner, pool=CASE.demos)
    found = asyncio.run(system.predict(CASE.replace(demos=()), model, seed=0))
    assert (found.answer, system.calls(CASE)) == ("yes", 1)


def test_without_a_tokenizer_it_stays_on_the_safe_side() -> None:
    cut = asyncio.run(Compress(keep_tokens=120).fitted(CASE, Scripted()))
    text = "".join(message.text for message in cut.messages())
    assert cut != CASE
    assert len(text) / 3 < 120


text = st.lists(
    st.sampled_from(
        ["She coughs.", "INR 4.5!", "Is it late?", "她有发热。", "Dr. Lee came\n\n", "x" * 30, "Rex barks. "]
    ),
    max_size=12,
).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(text, st.lists(text, max_size=3), st.lists(text, max_size=2), st.integers(1, 200))
def test_never_beyond_the_budget_and_always_a_subsequence(
    question: str, notes: list[str], demos: list[str], tokens: int
) -> None:
    prompt = Prompt(
        id="p",
        question=question or "Why?",
        choices=("yes", "no"),
        evidence=tuple(Passage(id=str(at), text=note) for at, note in enumerate(notes)),
        demos=tuple(Demo(id=str(at), question=demo, answer="no") for at, demo in enumerate(demos)),
    )
    try:
        cut = fitted(tokens, prompt)
    except ModelError:
        whole = Texts.of(prompt)
        assert size(whole.shown(prompt.replace(demos=()), ())) > tokens
        return
    assert size(cut) <= tokens
    assert (cut is prompt) == (size(prompt) <= tokens)
    assert cut == fitted(tokens, prompt)
    order = iter(prompt.demos)
    assert all(demo in order for demo in cut.demos)
    held = {passage.id: passage.text for passage in prompt.evidence} | {"": prompt.question}
    for name, shown in [(passage.id, passage.text) for passage in cut.evidence] + [("", cut.question)]:
        place = 0
        for piece in shown.split(GAP):
            for word in piece.split():
                place = held[name].index(word, place) + len(word)
    whole = Texts.of(prompt)
    for at in set(range(len(whole.pieces))) - set(whole.loose):
        assert whole.pieces[at].text in cut.question
