"""GeneGPT's calls in the text: the mask, the cuts, what is a call, and that results start nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, Scripted, predict
from tool_cases import JSON, TEXT, AddressTool, SayingTool, hostile

from osler.core.errors import SpecError
from osler.core.types import Message, Part
from osler.prompting.api_calls import ApiCalls, call, cut_left
from osler.prompting.api_calls_texts import BLOCKS, TASK, written

URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi?db=gene&term=BRAF1"
CALL = f"[{URL}]->"


def test_a_run_as_the_paper_writes_it() -> None:
    tool = AddressTool(text='{"idlist":["673"]}')
    model = Scripted(CALL, f"{CALL}[made up]\nAnswer: made up", "Answer: BRAF")
    found = predict(ApiCalls(tools=(tool,)), model, TEXT)
    assert (found.answer, found.parsed, len(found.replies)) == ("BRAF", True, 3)
    assert tool.asked == [URL, URL]
    pair = [("assistant", CALL), ("tool", '[{"idlist":["673"]}]')]
    assert model.said(2)[-4:] == [*pair, *pair]
    assert all(sent["temperature"] == 0.0 for _, sent in model.asked)
    assert 'ncbi({"url":"https' in found.rationale


@given(st.text(alphabet="01", min_size=6, max_size=6))
def test_the_mask_chooses_documents_and_demonstrations(mask: str) -> None:
    shown = written(mask)
    assert shown.startswith(TASK)
    assert [block in shown for block in BLOCKS] == [bit == "1" for bit in mask]


def test_the_prompt_has_the_published_structure() -> None:
    model = Scripted("Answer: BRAF")
    predict(ApiCalls(tools=(AddressTool(),)), model, TEXT)
    told, asked = (message.text for message in model.asked[0][0])
    assert told.count("Question: ") == 4
    assert told.count("]->[") == 7
    assert told.index("Entrez Programming Utilities") < told.index("BLAST.\n") < told.index("Question: ")
    assert asked == TEXT.question
    assert len(told) + len(asked) < 18_000


@pytest.mark.parametrize(
    ("text", "url"),
    [
        (CALL, URL),
        (f"I look it up.\n{CALL}[x]\n[https://other.example]->", URL),
        (f"[{URL}]", URL),
        (f"[{URL}]\n", URL),
        (f"[{URL}] -> ", URL),
        (f"See [{URL}] for more.", ""),
        (f"Answer: BRAF\n{CALL}", ""),
        ("[ftp://eutils.ncbi.nlm.nih.gov/x]->", ""),
        ("A -> B", ""),
        ("<think>[https://a.example]-></think>\n" + CALL, URL),
        ("<think>\n" + CALL, ""),
        ("", ""),
    ],
)
def test_what_is_a_call(text: str, url: str) -> None:
    said, found = call(text)
    assert found == url
    assert not url or said.endswith(f"[{URL}]->")


@given(hostile)
def test_no_text_of_a_tool_leads_to_a_call_that_the_model_did_not_write(text: str) -> None:
    tool = AddressTool(text=text)
    found = predict(ApiCalls(tools=(tool,)), Scripted(CALL, "Answer: BRAF"), TEXT)
    assert tool.asked == [URL]
    assert (found.answer, len(found.replies)) == ("BRAF", 2)


def test_calls_end_at_the_cap() -> None:
    tool = AddressTool()
    strategy = ApiCalls(tools=(tool,))
    found = predict(strategy, Scripted(CALL), TEXT)
    assert (found.answer, found.parsed) == (None, False)
    assert len(tool.asked) == 10
    assert len(found.replies) == 11 == strategy.calls(TEXT)


def test_results_and_prompt_are_cut() -> None:
    model = Scripted(CALL, CALL, CALL, "Answer: BRAF")
    assert predict(ApiCalls(tools=(AddressTool(text="x" * 30_000),)), model, TEXT).answer == "BRAF"
    for messages, _ in model.asked:
        assert sum(len(message.text) for message in messages) <= 18_000
        assert any(message.text == TEXT.question for message in messages)
    first = model.asked[1][0][-1].text
    assert first == "[" + "x" * 10_000 + "\n[cut: 20000 more characters]]"
    assert TASK not in model.asked[3][0][0].text


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6), st.integers(1, 100), st.data())
def test_the_cut_takes_from_the_left_and_keeps_the_question(texts: list[str], most: int, data: st.DataObject) -> None:
    keep = data.draw(st.integers(0, len(texts) - 1))
    before = [Message("user", (Part(text),)) for text in texts]
    after = cut_left(before, most, keep=keep)
    rest = "".join(text for i, text in enumerate(texts) if i != keep)
    shown = "".join(message.text for message in after)
    assert len(shown) <= max(most, len(texts[keep]))
    others = [message.text for message in after if message.text != texts[keep]]
    assert rest.endswith("".join(others)) or len(set(texts)) < len(texts)


def test_labels_and_json_are_read() -> None:
    calls = ApiCalls(tools=(AddressTool(),))
    assert predict(calls, Scripted(CALL, "Answer: no"), LABELLED).answer == "no"
    assert predict(calls, Scripted(CALL, 'Answer: {"drug": "aspirin"}'), JSON).answer == '{"drug":"aspirin"}'


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="one tool with the argument url"):
        ApiCalls(tools=(SayingTool(),))
    with pytest.raises(SpecError, match="six of 0 and 1"):
        ApiCalls(mask="1111")
    with pytest.raises(SpecError, match="max_prompt"):
        ApiCalls(max_prompt=0)
