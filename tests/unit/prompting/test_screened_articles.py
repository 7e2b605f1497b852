"""Screened articles: queries, relevance, summaries, an answer whose citations open the articles."""

from __future__ import annotations

import asyncio
import json

import pytest
from scripted import LABELLED, QUESTION, Scripted, predict

from osler.core.errors import SpecError
from osler.core.types import Passage, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageList
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.screened_articles import ScreenedArticles

ITEMS = (
    Passage(id="a1", text="Zelvarine is given at 40 mg once daily. Patients were followed for a year."),
    Passage(id="a2", text="Doses of heparin are given by weight."),
    Passage(id="a3", text="Zelvarine was given to mice."),
)
METHOD = ScreenedArticles(index=BM25(collection=PassageList(items=ITEMS)), queries=2, k=3, articles=3, most=2)
CASE = Prompt(id="c1", question="At what dose is Zelvarine given?")


def said(**fields: object) -> str:
    return json.dumps(fields)


def test_the_steps_in_their_order() -> None:
    model = Scripted(
        said(queries=["Zelvarine given", "Zelvarine dose", "more"]),
        said(relevant=True),
        said(relevant=False),
        "hm",
        said(summary="Zelvarine is given at 40 mg once daily."),
        "?",
        "Zelvarine is given at 40 mg once daily [a1].",
    )
    found = predict(METHOD, model, CASE)
    assert (found.answer, found.evidence) == ("Zelvarine is given at 40 mg once daily [a1].", ("a1",))
    assert len(found.replies) == 7
    assert METHOD.calls(CASE) == 1 + 3 + 2 + 1
    shown = [[(p.id, p.text) for p in messages[-1].parts if p.name == "evidence"] for messages, _ in model.asked]
    order = [names[0][0] for names in shown[1:4]]
    assert sorted(order) == ["a1", "a2", "a3"]
    last = dict(shown[6])
    assert set(last) == {order[0], order[2]}  # the relevant one, then the one whose relevance was not readable
    assert last[order[0]] == f"[{order[0]}] Zelvarine is given at 40 mg once daily."
    assert last[order[2]].endswith(next(item.text for item in ITEMS if item.id == order[2]))
    assert found.rationale.splitlines()[:2] == ["searched: Zelvarine given", "searched: Zelvarine dose"]


def test_a_simulated_reader_is_cited_and_an_unknown_drug_is_not_answered() -> None:
    key = {"c1": {"answer": "40 mg", "subject": "zelvarine is given"}, "c2": {"answer": "?", "subject": "qualorin"}}
    model = SimulatedSources(knows=1.0, key=key)
    found = asyncio.run(METHOD.predict(CASE, model, seed=0))
    assert (found.answer, found.evidence) == ("Zelvarine is given at 40 mg once daily [a1].", ("a1",))
    unknown = asyncio.run(METHOD.predict(Prompt(id="c2", question="What is Qualorin given for?"), model, seed=0))
    assert (unknown.answer, unknown.evidence, unknown.parsed) == ("not enough information", (), True)


def test_the_articles_themselves_may_be_shown() -> None:
    method = ScreenedArticles(index=METHOD.index, queries=1, k=3, articles=3, most=1, show="articles")
    model = Scripted(said(queries=["Zelvarine"]), *([said(relevant=True)] * 2), "Zelvarine was given to mice [a3].")
    found = predict(method, model, CASE)
    assert len(found.replies) <= method.calls(CASE) == 5
    (evidence,) = [part for part in model.asked[-1][0][-1].parts if part.name == "evidence"]
    assert evidence.text.removeprefix(f"[{evidence.id}] ") in {item.text for item in ITEMS}


def test_labels_and_what_is_refused() -> None:
    assert predict(METHOD, Scripted("Answer: B"), QUESTION.replace(question="Zelvarine heparin?")).answer == "B"
    with pytest.raises(SpecError, match="a label of the case"):
        predict(METHOD, Scripted(), LABELLED)
    with pytest.raises(SpecError, match="of 1 or more"):
        ScreenedArticles(most=0)
