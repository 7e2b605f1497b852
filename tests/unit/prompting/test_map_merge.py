"""Map and merge: parts are answered apart, nothing of a long text is lost, and unrelated rows change nothing."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import QUESTION, Scripted, predict

from osler.core.block import from_spec, to_spec
from osler.core.errors import SpecError
from osler.core.types import Passage, Prompt
from osler.knowledge.citation import Span
from osler.knowledge.passages import PassageList
from osler.knowledge.term_match import TermMatch
from osler.models.simulated_sources import SimulatedSources
from osler.prompting.choice_shuffle import ChoiceShuffle
from osler.prompting.map_merge import MapMerge, merges, packed, pieces_of
from osler.prompting.material import MATERIAL

ROWS = (
    Passage(id="d1", text="Zelvaritis is treated with zelvarine."),
    Passage(id="d2", text="Gout is treated with allopurinol."),
    Passage(id="d3", text="Flu is treated with rest."),
)
CASE = Prompt(id="c1", question="How is zelvaritis treated?", instruction="Answer in a sentence.")
READER = SimulatedSources(key={"c1": {"answer": "Zelvaritis is treated with zelvarine.", "subject": "zelvaritis"}})


def method(table: tuple[Passage, ...], **more: object) -> MapMerge:
    index = TermMatch(collection=PassageList(items=table), rows=int(str(more.pop("rows", 1))))
    fields: dict[str, Any] = {"keywords": 3, **more}
    return MapMerge(index=index, **fields)


def test_keywords_search_parts_are_answered_and_merged() -> None:
    model = Scripted(
        json.dumps({"keywords": ["treated", "zelvaritis"]}),
        "With zelvarine.",
        "not enough information.",
        "Rest.",
        "Best.",
    )
    found = predict(method(ROWS), model, CASE)
    assert (found.answer, found.evidence, len(found.replies)) == ("Best.", ("d1", "d3"), 5)
    assert [[part.id for part in messages[-1].parts if part.name == "evidence"] for messages, _ in model.asked] == [
        [], ["d1"], ["d2"], ["d3"], [],
    ]  # fmt: skip
    assert "keywords" in (model.asked[0][1]["schema"] or {})["properties"]
    assert all(MATERIAL in messages[0].text for messages, _ in model.asked[1:4])
    drafts = [part.text for part in model.asked[4][0][-1].parts if part.name == "draft"]
    assert drafts == ['- "With zelvarine."', '- "Rest."']
    assert len(found.replies) <= method(ROWS).calls(CASE)


def test_parts_that_hold_nothing_end_in_an_abstention() -> None:
    found = predict(method(ROWS, keywords=0), Scripted("Not enough information"), CASE.replace(question="treated"))
    assert (found.answer, found.parsed, found.evidence, len(found.replies)) == ("not enough information", True, (), 3)


def test_unreadable_keywords_leave_the_words_of_the_question() -> None:
    model = Scripted("I am not sure.", "With zelvarine.")
    found = predict(method(ROWS), model, CASE)
    assert (found.answer, found.evidence) == ("With zelvarine.", ("d1", "d2", "d3"))  # all the same: nothing to merge
    assert len(found.replies) == 4


def test_nothing_found_asks_once_and_nothing_read_is_no_answer() -> None:
    assert predict(method(ROWS, keywords=0), Scripted("From memory."), CASE).replies[0].text == "From memory."
    unread = predict(method(ROWS, keywords=0), Scripted("?"), QUESTION.replace(question="treated"))
    assert (unread.answer, unread.parsed, len(unread.replies)) == (None, False, 3)


def test_labels_are_merged_and_the_case_keeps_its_evidence() -> None:
    model = Scripted("Answer: A", "Answer: B", "Answer: B", "Both speak of it.\nAnswer: B")
    prompt = QUESTION.replace(question="treated", evidence=(Passage(id="n", text="He is 7."),))
    found = predict(method(ROWS, keywords=0), model, prompt)
    assert (found.answer, len(found.replies)) == ("B", 4)
    shown = [[part.id for part in messages[-1].parts if part.name == "evidence"] for messages, _ in model.asked]
    assert shown == [["n", "d1"], ["n", "d2"], ["n", "d3"], ["n"]]
    assert "the letter of one option" in model.asked[3][0][-1].text


def test_a_long_text_above_the_question_is_cut_into_parts() -> None:
    text = " ".join(f"Sentence {i} is here." for i in range(40))
    prompt = Prompt(id="c1", question=f"{text}\nWhat is said?")
    method = MapMerge(document="question", window=300)
    model = Scripted("One.", "Two.", "One.", "All.")
    found = predict(method, model, prompt)
    asked = [messages[-1].parts for messages, _ in model.asked]
    assert "".join(part.text.partition("] ")[2] for parts in asked for part in parts if part.name == "evidence") == text
    assert all(part.text == "What is said?" for parts in asked for part in parts if part.name == "question")
    assert len(found.replies) == method.calls(prompt) == 4


def test_many_answers_are_merged_in_layers() -> None:
    items = tuple(Passage(id=f"p{i}", text="x" * 150) for i in range(7))
    prompt = Prompt(id="c1", question="What?", evidence=items)
    method = MapMerge(window=200, fan=3)
    model = Scripted(*(f"Answer {i}." for i in range(40)))
    found = predict(method, model, prompt)
    assert len(found.replies) == method.calls(prompt) == 7 + 2 + 1  # 7 -> 3 (one alone) -> 1
    assert found.evidence == tuple(item.id for item in items)


def test_json_is_merged_as_json() -> None:
    prompt = Prompt(id="c1", question="treated", schema={"type": "object"})
    found = predict(method(ROWS, keywords=0), Scripted('{"a":1}', '{"a":2}', '{"a":1}', '{"a":3}'), prompt)
    assert found.answer == '{"a":3}'
    broken = predict(method(ROWS, keywords=0), Scripted('{"a":1}', '{"a":2}', '{"a":1}', "none"), prompt)
    assert (broken.answer, broken.parsed, len(broken.replies)) == (None, False, 4)


@given(
    st.lists(st.sampled_from(["Gout is treated.", "Flu needs rest.", "Rows lie here."]), max_size=5),
    st.integers(0, 5),
)
@settings(max_examples=40, deadline=None)
def test_the_answer_does_not_depend_on_unrelated_rows(texts: list[str], at: int) -> None:
    others = tuple(Passage(id=f"o{i}", text=text) for i, text in enumerate(texts))
    rows = (*others[:at], ROWS[0], *others[at:])
    for size in (1, 6):
        found = asyncio.run(method(rows, rows=size).predict(CASE, READER, seed=1))
        assert found.answer == "Zelvaritis is treated with zelvarine."
    alone, both = (asyncio.run(method(held).predict(CASE, READER, seed=1)) for held in ((ROWS[0],), rows))
    assert alone == both  # one row a chunk: not a reply, not a citation differs


@given(st.text(alphabet="aB. \n", max_size=900), st.integers(200, 400), st.booleans())
def test_pieces_are_the_whole_text(text: str, window: int, stored: bool) -> None:
    name = str(Span("d", 1, 5, 5 + len(text))) if stored and text else "d"
    pieces = list(pieces_of(Passage(id=name, text=text), window))
    assert "".join(piece.text for piece in pieces) == text
    assert all(len(piece.text) <= window for piece in pieces)
    assert len({piece.id for piece in pieces}) == len(pieces)
    if stored and text:
        spans = [Span.read(piece.id) for piece in pieces]
        assert [text[span.start - 5 : span.end - 5] for span in spans] == [piece.text for piece in pieces]
    assert [one for group in packed(pieces, window) for one in group] == pieces


@given(st.integers(0, 200), st.integers(2, 20))
def test_the_number_of_merges(parts: int, fan: int) -> None:
    made, held = 0, parts
    while held > 1:
        groups = [min(fan, held - at) for at in range(0, held, fan)]
        made += sum(size > 1 for size in groups)
        held = len(groups)
    assert merges(parts, fan) == made


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(SpecError, match="no index to search"):
        MapMerge(keywords=3)
    with pytest.raises(SpecError, match="a window of at least 200"):
        MapMerge(window=100)
    with pytest.raises(SpecError, match="choice_shuffle inside"):
        MapMerge(inner=ChoiceShuffle())
    assert from_spec(to_spec(method(ROWS))) == method(ROWS)
    assert method(ROWS).needs == {"generate"}
