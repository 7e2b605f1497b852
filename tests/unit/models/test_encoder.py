"""The encoder as a scoring model: what it reads of messages and how demonstrations vote."""

from __future__ import annotations

import asyncio
import math

import numpy as np
import pytest

from osler.core.block import block_id, from_spec, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import Demo, Message, Model, Part, Passage, Prompt, Reply
from osler.models.asked import read_asked, read_demos
from osler.models.embedding import embed_with
from osler.models.encoder import Encoder
from osler.models.minilm import load

DRUGS = Prompt(
    id="q1",
    question="Which of these drugs lowers high blood pressure?",
    choices=("insulin for diabetes", "amlodipine for hypertension", "amoxicillin for infection"),
    lettered=True,
)
LABELS = ("urgent", "routine")


def score(prompt: Prompt, encoder: Encoder = Encoder()) -> Reply:
    return asyncio.run(encoder.score(prompt.messages(), prompt.labels))


def shares(reply: Reply) -> dict[str, float]:
    return {label: math.exp(value) for label, value in (reply.logprobs or {}).items()}


def test_it_is_a_model_and_a_block() -> None:
    encoder = Encoder(temperature=0.1)
    assert isinstance(encoder, Model)
    assert encoder.supports == {"score"}
    assert from_spec(to_spec(encoder)) == encoder
    assert block_id(encoder) != block_id(Encoder())


def test_zero_shot_takes_the_nearest_option() -> None:
    reply = score(DRUGS)
    assert reply.text == "B"
    assert set(reply.logprobs or {}) == {"A", "B", "C"}
    assert math.isclose(sum(shares(reply).values()), 1, abs_tol=1e-9)
    assert reply.model == "minilm"
    assert reply.tokens_in > 10
    assert score(DRUGS).logprobs == reply.logprobs


def test_evidence_moves_the_answer() -> None:
    bare = Prompt(id="q", question="Which problem does the patient have?", choices=("hypertension", "asthma"))
    seen = bare.replace(evidence=(Passage(text="She wheezes and uses a salbutamol inhaler for asthma.", id="3"),))
    assert shares(score(seen))["asthma"] > shares(score(bare))["asthma"] + 0.05
    assert score(seen, Encoder(evidence=0)).logprobs == score(bare).logprobs


def test_demonstrations_vote_by_nearness() -> None:
    demos = (
        Demo(question="Crushing chest pain since an hour", answer="urgent"),
        Demo(question="Repeat prescription of the contraceptive pill", answer="routine"),
        Demo(question="Severe pain in the chest and sweating", answer="urgent"),
        Demo(question="Sick note for work", answer="routine"),
        Demo(question="Flu jab appointment", answer="never seen"),
    )
    prompt = Prompt(id="t", question="Sudden pressure on the chest", choices=LABELS, demos=demos)
    found = shares(score(prompt))
    assert found["urgent"] > 0.8
    assert set(found) == set(LABELS)
    assert shares(score(prompt.replace(question="Needs a new prescription of her pills")))["routine"] > 0.6
    assert score(prompt, Encoder(neighbours=0)).logprobs == score(prompt.replace(demos=())).logprobs


def test_letters_vote_for_the_text_of_the_option_not_for_the_letter() -> None:
    demo = Demo(question=DRUGS.question, answer="A", choices=("Amoxicillin for infection", "x", "y"))
    voted = shares(score(DRUGS.replace(demos=(demo,))))
    assert voted["C"] > 0.5
    other = Demo(question=DRUGS.question, answer="A", choices=("warfarin", "x", "y"))
    assert score(DRUGS.replace(demos=(other,))).text == "B"


def test_concurrent_calls_give_what_single_calls_give() -> None:
    prompts = [
        Prompt(
            id=str(row),
            question=f"Is the temperature of {36 + row % 6} degrees a fever?",
            evidence=(Passage(text=f"Reading number {row * 7919}.", id="1"),),
            choices=("yes", "no"),
        )
        for row in range(12)
    ]
    encoder = Encoder()

    async def together() -> list[Reply]:
        return await asyncio.gather(*(encoder.score(prompt.messages(), prompt.labels) for prompt in prompts))

    replies = asyncio.run(together())
    assert [reply.logprobs for reply in replies] == [score(prompt).logprobs for prompt in prompts]
    assert [reply.tokens_in for reply in replies] == [score(prompt).tokens_in for prompt in prompts]


def test_embed_gives_the_vectors_of_the_forward_pass() -> None:
    texts = ["fever", "cough", "fever"]
    assert np.array_equal(asyncio.run(Encoder().embed(texts)), load().embed(texts))
    assert asyncio.run(Encoder().embed([])).shape == (0, 384)


def test_what_it_cannot_do_is_said() -> None:
    with pytest.raises(ModelError, match="cannot generate") as caught:
        asyncio.run(Encoder().generate(DRUGS.messages()))
    assert not caught.value.retryable
    with pytest.raises(ModelError, match="no choices"):
        asyncio.run(Encoder().score(DRUGS.messages(), ()))
    with pytest.raises(SpecError, match="no embedded encoder is named 'minilmm'") as named:
        Encoder(name="minilmm")
    assert "minilm" in named.value.hint
    with pytest.raises(SpecError, match="temperature must be above 0"):
        Encoder(temperature=0.0)
    with pytest.raises(SpecError, match="gives no embeddings"):
        asyncio.run(embed_with(object(), ["fever"]))


def test_messages_are_read_by_the_names_of_their_parts() -> None:
    prompt = DRUGS.replace(
        instruction="Be brief.",
        demos=(Demo(question="first", answer="A", choices=("x", "y"), evidence=(Passage(text="note", id="9"),)),),
        evidence=(Passage(text="blood pressure 180/110", id="n1"),),
        cue="Think.",
    )
    asked = read_asked(prompt.messages())
    assert asked.question == DRUGS.question
    assert asked.evidence == {"n1": "blood pressure 180/110"}
    assert asked.options == dict(zip("ABC", DRUGS.choices, strict=True))
    assert asked.meaning("B") == "amlodipine for hypertension"
    assert asked.meaning("unknown") == "unknown"
    assert asked.choice(" Insulin for diabetes ") == "A"
    ((demo, answer),) = read_demos(prompt.messages())
    assert (demo.question, answer, demo.meaning(answer)) == ("first", "A", "x")


def test_a_follow_up_question_refers_to_the_case_before_it() -> None:
    follow_up = (Message("assistant", (Part("Thinking."),)), Message("user", (Part("So the answer is?"),)))
    asked = read_asked((*DRUGS.messages(), *follow_up))
    assert asked.question == DRUGS.question
    assert read_asked((Message("user", (Part("plain"),)),)).question == "plain"
    assert read_asked((Message("system", (Part("only"),)),)).question == "only"
