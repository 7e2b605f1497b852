"""The trained head: what it learns, what its spec holds and what it refuses."""

from __future__ import annotations

import asyncio
import gzip
import json
import math
import os
from pathlib import Path

import pytest

from osler.core.block import block_id, from_spec, replace, to_spec
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Model, Passage, Prompt, Reply, Trainable
from osler.models.encoder import Encoder
from osler.tuning.head import Head
from osler.tuning.majority import Majority

DRUGS = ("metformin", "lisinopril", "warfarin", "albuterol", "sertraline", "insulin", "aspirin", "ibuprofen")
LABELS = ("met", "not met")
FAST = Head(l2=0.001)
Pair = tuple[Prompt, str]


def takes(drug: str, *, yes: bool, note: str) -> Pair:
    line = f"Takes {drug} every morning." if yes else f"Has never taken {drug}, denies any use."
    evidence = tuple(
        Passage(id=str(row), text=text) for row, text in enumerate((f"Visit {note}.", line, "Lives with a dog."))
    )
    prompt = Prompt(id=f"{note}/{drug}", question=f"The patient takes {drug}", choices=LABELS, evidence=evidence)
    return prompt, "met" if yes else "not met"


TRAIN = [takes(drug, yes=yes, note=f"{row}{yes}") for row, drug in enumerate(DRUGS[:6]) for yes in (True, False)] * 2
TEST = [takes(drug, yes=yes, note="t") for drug in DRUGS[6:] for yes in (True, False)]


def score(model: Model, prompt: Prompt) -> Reply:
    return asyncio.run(model.score(prompt.messages(), prompt.labels))


def accuracy(model: Model, pairs: list[Pair]) -> float:
    async def go() -> float:
        replies = await asyncio.gather(*(model.score(prompt.messages(), prompt.labels) for prompt, _ in pairs))
        return sum(reply.text == wanted for reply, (_, wanted) in zip(replies, pairs, strict=True)) / len(pairs)

    return asyncio.run(go())


@pytest.fixture(scope="module")
def head() -> Head:
    return asyncio.run(FAST.train(TRAIN, seed=0))


def test_it_learns_what_holds_for_drugs_it_has_not_seen(head: Head) -> None:
    assert isinstance(head, Model)
    assert isinstance(head, Trainable)
    assert head.supports == {"score", "train"}
    assert accuracy(head, TRAIN) == 1.0
    assert accuracy(head, TEST) == 1.0


def test_its_weights_are_in_the_spec(head: Head) -> None:
    back = from_spec(json.loads(json.dumps(to_spec(head))))
    assert back == head
    assert block_id(back) == block_id(head) != block_id(FAST)
    assert score(back, TEST[0][0]).logprobs == score(head, TEST[0][0]).logprobs
    assert head.labels == tuple(sorted(LABELS))


def test_the_same_data_and_seed_give_the_same_weights(head: Head) -> None:
    assert asyncio.run(FAST.train(TRAIN, seed=0)) == head


def test_probabilities_run_over_the_allowed_labels_only(head: Head) -> None:
    prompt = TEST[0][0]
    reply = score(head, prompt.replace(choices=("not met", "unheard of")))
    assert reply.text == "not met"
    shares = {label: math.exp(value) for label, value in (reply.logprobs or {}).items()}
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["unheard of"] == pytest.approx(1e-6, rel=0.1)
    with pytest.raises(ModelError, match="trained on other labels"):
        score(head, prompt.replace(choices=("x", "y")))
    assert reply.tokens_in > 0


def test_labels_that_a_prompt_does_not_allow_are_no_rivals_in_training() -> None:
    inclusion = [(p.replace(choices=("included", "no")), "included" if y == "met" else "no") for p, y in TRAIN]
    exclusion = [(p.replace(choices=("excluded", "no")), "excluded" if y == "met" else "no") for p, y in TRAIN]
    head = asyncio.run(FAST.train([*inclusion, *exclusion], seed=0))
    assert head.labels == ("excluded", "included", "no")
    assert accuracy(head, [*inclusion, *exclusion]) == 1.0


def test_plain_texts_are_classified_by_their_own_vector() -> None:
    texts = {
        "heart": ("chest pain on effort", "irregular heartbeat", "heart failure with leg swelling", "angina"),
        "skin": ("itchy rash on the arm", "eczema of the hands", "a mole that changes colour", "acne"),
    }
    pairs = [
        (Prompt(id=text, question=text, choices=tuple(texts)), label) for label, held in texts.items() for text in held
    ]
    head = asyncio.run(Head(l2=0.001).train(pairs, seed=0))
    assert score(head, Prompt(id="n", question="palpitations", choices=tuple(texts))).text == "heart"
    assert score(head, Prompt(id="n", question="psoriasis plaques", choices=tuple(texts))).text == "skin"


def test_letters_stand_for_their_texts() -> None:
    pairs = [
        (p.replace(lettered=True, choices=LABELS if row % 2 else LABELS[::-1]), "AB"[(y == "met") != bool(row % 2)])
        for row, (p, y) in enumerate(TRAIN)
    ]
    head = asyncio.run(FAST.train(pairs, seed=0))
    assert head.labels == tuple(sorted(LABELS))
    assert accuracy(head, pairs) == 1.0
    flipped = TEST[0][0].replace(lettered=True, choices=LABELS[::-1])
    assert score(head, flipped).text == "B"


def test_a_grid_is_searched_and_the_choice_is_kept() -> None:
    head = asyncio.run(Head(l2=(0.001, 100.0)).train(TRAIN, seed=3))
    assert head.l2 == 0.001
    assert accuracy(asyncio.run(Head(l2=(0.01,)).train(TRAIN, seed=3)), TEST) == 1.0


def test_balanced_rows_lift_the_rare_label() -> None:
    rare = [*[pair for pair in TRAIN if pair[1] == "met"], TRAIN[1]]
    neutral = TEST[0][0].replace(evidence=(Passage(id="0", text="Nothing is written here."),))

    def share(head: Head) -> float:
        return math.exp((score(asyncio.run(head.train(rare, seed=0)), neutral).logprobs or {})["not met"])

    assert share(Head(l2=0.1, balanced=True)) > share(Head(l2=0.1)) + 0.05


def test_what_is_wrong_is_said(head: Head) -> None:
    with pytest.raises(ModelError, match="has not been trained"):
        score(FAST, TEST[0][0])
    with pytest.raises(ModelError, match="do not fit"):
        score(replace(head, weights=head.weights[:400]), TEST[0][0])
    with pytest.raises(ModelError, match="cannot generate"):
        asyncio.run(head.generate(TEST[0][0].messages()))
    with pytest.raises(DataError, match="no cases"):
        asyncio.run(FAST.train([], seed=0))
    with pytest.raises(DataError, match="'t/aspirin' has an answer"):
        asyncio.run(FAST.train([(TEST[0][0], "maybe")], seed=0))
    many = [(TEST[0][0].replace(choices=tuple(f"c{row}/{i}" for i in range(4))), f"c{row}/0") for row in range(20)]
    with pytest.raises(DataError, match="labels that cases share"):
        asyncio.run(FAST.train(many, seed=0))
    with pytest.raises(SpecError, match="no part 'questions'"):
        Head(features=("questions",))
    with pytest.raises(SpecError, match="l2 must be above 0"):
        Head(l2=(0.1, 0.0))
    with pytest.raises(SpecError, match="gives no embeddings"):
        asyncio.run(Head(base=Majority()).train(TRAIN, seed=0))


@pytest.mark.real
@pytest.mark.slow
def test_it_beats_the_majority_on_trial_gpt_by_patient() -> None:
    """Jin et al. 2024: 1,015 criteria of 53 patients; five folds by patient. Measured 0.73 against 0.65."""
    if not os.environ.get("OSLER_DATA"):
        pytest.skip("OSLER_DATA names no folder with the public data")
    file = Path(os.environ["OSLER_DATA"]) / "trialgpt" / "criterion_annotations.jsonl.gz"
    if not file.is_file():
        pytest.skip("OSLER_DATA has no trialgpt/criterion_annotations.jsonl.gz")
    allowed = {
        "inclusion": ("included", "not included", "not enough information", "not applicable"),
        "exclusion": ("excluded", "not excluded", "not enough information", "not applicable"),
    }
    pairs: list[tuple[str, Pair]] = []
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            notes = [line.partition(". ") for line in row["note"].splitlines() if line.strip()]
            prompt = Prompt(
                id=str(row["annotation_id"]),
                question=f"Trial: {row['trial_title']}\nCriterion ({row['criterion_type']}): {row['criterion_text']}",
                choices=allowed[row["criterion_type"]],
                evidence=tuple(Passage(id=number, text=text) for number, _, text in notes),
            )
            pairs.append((row["patient_id"], (prompt, row["expert_eligibility"])))
    patients = sorted({patient for patient, _ in pairs})
    right = {"head": 0.0, "majority": 0.0}
    for fold in range(5):
        held = set(patients[fold::5])
        train = [pair for patient, pair in pairs if patient not in held]
        test = [pair for patient, pair in pairs if patient in held]
        head = asyncio.run(Head(base=Encoder(), l2=0.003).train(train, seed=0))
        majority = asyncio.run(Majority().train(train, seed=0))
        right["head"] += accuracy(head, test) * len(test)
        right["majority"] += accuracy(majority, test) * len(test)
    assert right["head"] / len(pairs) > 0.70
    assert right["head"] - right["majority"] > 0.05 * len(pairs)
