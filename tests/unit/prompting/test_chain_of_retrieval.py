"""Chain of retrieval: the order of its steps, what is said to whom, and what it does with replies it cannot read."""

from __future__ import annotations

import asyncio
import json

import pytest
from scripted import QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Passage, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.chain_of_retrieval import ChainOfRetrieval
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.material import MATERIAL

ITEMS = (
    Passage(id="d1", text="Zelvarine is given at 40 mg once daily."),
    Passage(id="d2", text="Zelvarine must not be given in pregnancy."),
)
INDEX = BM25(collection=PassageList(items=ITEMS))
METHOD = ChainOfRetrieval(index=INDEX, k=1, claims=3)
CASE = Prompt(id="c1", question="How is Zelvarine given?", instruction="Answer in sentences.")
FIRST = "Zelvarine is given at 400 mg once daily. Zelvarine must not be given in pregnancy. Zelvarine cures gout."


def said(**fields: object) -> str:
    return json.dumps(fields)


def test_the_steps_in_their_order() -> None:
    model = Scripted(
        FIRST,
        said(claims=["Zelvarine is given at 400 mg.", "Xyzzy."]),
        said(queries=["Zelvarine 40 mg daily", "plugh"]),
        said(summary="It is 40 mg [d1]."),
        said(verdict="Contradicted", correction="It is given at 40 mg."),
        "Zelvarine is given at 40 mg [d1].",
    )
    found = predict(METHOD, model, CASE)
    assert (found.answer, found.evidence, len(found.replies)) == ("Zelvarine is given at 40 mg [d1].", ("d1",), 6)
    assert len(found.replies) <= METHOD.calls(CASE) == 10
    assert [line.partition(":")[0] for line in found.rationale.splitlines()] == [
        "first answer",
        "contradicted",
        "unsupported",
    ]
    evidence = [[part.id for part in messages[-1].parts if part.name == "evidence"] for messages, _ in model.asked]
    assert evidence == [[], [], [], ["d1"], ["d1"], ["d1"]]
    assert all(MATERIAL in messages[0].text for messages, _ in model.asked[3:])
    last = [part.text for part in model.asked[5][0][-1].parts if part.name == "finding"]
    assert last == [
        '- "Zelvarine is given at 400 mg.": contradicted; found: "It is 40 mg [d1]."; instead: "It is given at 40 mg."',
        '- "Xyzzy.": unsupported',
    ]


def test_planted_false_claims_are_mended() -> None:
    key = {"c1": {"answer": "40 mg", "subject": "none", "first": FIRST}}
    found = asyncio.run(METHOD.predict(CASE, SimulatedSources(knows=1.0, key=key), seed=0))
    assert found.answer == "Zelvarine is given at 40 mg once daily. Zelvarine must not be given in pregnancy."
    assert found.rationale.count("supported: ") == 2  # "unsupported: " and "supported: "


def test_replies_that_cannot_be_read_settle_nothing() -> None:
    found = predict(METHOD, Scripted("Zelvarine is new.", "hm", "hm", "hm", "hm", "Zelvarine is old."), CASE)
    assert (found.answer, len(found.replies)) == ("Zelvarine is old.", 6)
    assert "unsupported: Zelvarine is new." in found.rationale
    few = predict(METHOD, Scripted(FIRST, said(claims=["a b", "c d"]), said(queries=["one"]), "Done."), CASE)
    assert "(searched: a b; 0 passages)" in few.rationale
    unread = predict(METHOD, Scripted("?"), QUESTION)
    assert (unread.answer, unread.parsed, len(unread.replies)) == (None, False, 1)
    late = predict(METHOD, Scripted("Answer: A", said(claims=["x"]), said(queries=["y"]), "?"), QUESTION)
    assert (late.answer, late.parsed, len(late.replies)) == (None, False, 4)


def test_labels_and_json() -> None:
    found = predict(METHOD, Scripted("It thins.\nAnswer: A", said(claims=[]), said(queries=[]), "Answer: B"), QUESTION)
    assert found.answer == "B"
    prompt = CASE.replace(schema={"type": "object"})
    assert (
        predict(METHOD, Scripted('{"a":1}', said(claims=["x"]), said(queries=["y"]), '{"a":2}'), prompt).answer
        == '{"a":2}'
    )
    with pytest.raises(SpecError, match="choice_shuffle inside"):
        ChainOfRetrieval(inner=ChoiceShuffle())
    with pytest.raises(SpecError, match="of 1 or more"):
        ChainOfRetrieval(claims=0)
