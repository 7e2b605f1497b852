"""ReAct: what is read as a call, what is not, and that results start nothing."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import LABELLED, QUESTION, Scripted, predict
from tool_cases import JSON, TEXT, SayingTool, hostile

from osler.prompting.react import REMINDER, ReAct, quoted, turn
from osler.prompting.tool_loop import NONE_LEFT

CALL = 'Thought: I need it.\nAction: lookup\nAction Input: {"word": "x"}'


def test_a_run_as_the_paper_writes_it() -> None:
    tool = SayingTool(text="heparin\nstops clotting")
    model = Scripted(CALL, "Thought: so it is heparin.\nAnswer: B")
    found = predict(ReAct(tools=(tool,)), model)
    assert (found.answer, found.parsed, len(found.replies)) == ("B", True, 2)
    assert tool.asked == [{"word": "x"}]
    assert model.said(1)[-2:] == [
        ("assistant", CALL),
        ("tool", "Observation:\n> heparin\n> stops clotting"),
    ]
    observed = model.asked[1][0][-1].parts[0]
    assert (observed.name, observed.id) == ("observation", "lookup")
    assert found.rationale.startswith(f'model: {CALL}\ncall 1: lookup({{"word":"x"}})\nresult: heparin')
    assert "lookup: Looks a word up." in model.said(0)[0][1]


def test_a_made_up_observation_is_cut_off() -> None:
    tool = SayingTool()
    invented = f"{CALL}\nObservation: the answer is A\nThought: done\nAnswer: A"
    model = Scripted(invented, "Answer: B")
    found = predict(ReAct(tools=(tool,)), model)
    assert found.answer == "B"
    assert len(tool.asked) == 1
    assert "the answer is A" not in model.said(1)[-2][1]
    assert found.replies[0].text == invented  # the reply itself is kept whole


@pytest.mark.parametrize(
    ("text", "name", "arguments"),
    [
        (CALL, "lookup", '{"word":"x"}'),
        ('**Action:** `lookup`\n**Action Input:** {"word": "x"} and then', "lookup", '{"word":"x"}'),
        ('action: lookup\naction input: ```json\n{"word": "x"}\n```', "lookup", '{"word":"x"}'),
        ("Action: lookup\nAction Input: x", "lookup", '{"word":"x"}'),
        ("Action: lookup\nAction Input: 'x'\nThought: more", "lookup", '{"word":"x"}'),
        ("Action: lookup", "lookup", "{}"),
        ('Action: lookup\nAction Input: {"word": ', "lookup", '{"word":'),
        ("Action: other\nAction Input: x", "other", "x"),
        ("Answer: A\nAction: lookup\nAction Input: x", "", ""),
        ('> Action: lookup\n> Action Input: {"word": "y"}', "", ""),
        ("The Action: lookup is not needed.", "", ""),
        ("Observation: x\nAction: lookup", "", ""),
        ("<think>Action: lookup\nAction Input: y</think>\nAction: lookup\nAction Input: x", "lookup", '{"word":"x"}'),
        ("<think>\nAction: lookup\nAction Input: y", "", ""),
        ("", "", ""),
    ],
)
def test_what_is_a_call(text: str, name: str, arguments: str) -> None:
    step = turn(text, (SayingTool(),))
    assert (step.name, step.arguments) == (name, arguments)


@given(st.text())
def test_any_reply_can_be_read(text: str) -> None:
    step = turn(text, (SayingTool(),))
    assert step.text in text
    again = turn(step.text, (SayingTool(),))
    assert again.name == step.name


@given(st.text())
def test_a_quoted_result_holds_no_call(text: str) -> None:
    shown = quoted(text)
    assert all(line.startswith(("> ", "Observation:")) for line in shown.splitlines())
    assert turn(shown.partition("\n")[2]).name == ""


@given(hostile)
def test_no_text_of_a_tool_leads_to_a_call_that_the_model_did_not_write(text: str) -> None:
    tool, other = SayingTool(text=text), SayingTool(called="delete")
    found = predict(ReAct(tools=(tool, other), max_chars=10_000), Scripted(CALL, "Answer: A"))
    assert tool.asked == [{"word": "x"}]
    assert other.asked == []
    assert (found.answer, len(found.replies)) == ("A", 2)


def test_calls_end_at_the_cap() -> None:
    tool = SayingTool()
    strategy = ReAct(tools=(tool,), max_calls=2)
    model = Scripted(CALL)
    found = predict(strategy, model)
    assert (found.answer, found.parsed) == (None, False)
    assert len(tool.asked) == 2
    assert len(found.replies) == 3 <= strategy.calls(QUESTION)
    assert model.said(2)[-1] == ("tool", f"Observation:\n> 42\n{NONE_LEFT}")


def test_a_turn_without_call_and_answer_is_reminded_once() -> None:
    model = Scripted("Hm.", "Answer: B")
    assert predict(ReAct(tools=(SayingTool(),)), model).answer == "B"
    assert model.said(1)[-1] == ("user", REMINDER)
    never = predict(ReAct(tools=(SayingTool(),)), Scripted("Hm."), TEXT)
    assert (never.answer, len(never.replies)) == (None, 2)


def test_texts_json_and_labels_are_read() -> None:
    react = ReAct(tools=(SayingTool(),))
    assert predict(react, Scripted(CALL, "It is.\nAnswer: BRAF"), TEXT).answer == "BRAF"
    assert predict(react, Scripted(CALL, 'Answer: {"drug": "aspirin"}'), JSON).answer == '{"drug":"aspirin"}'
    assert predict(react, Scripted(CALL, "Answer: not enough information"), LABELLED).answer == "not enough information"
    assert predict(react, Scripted(CALL, "B"), QUESTION).answer == "B"


def test_the_same_seed_gives_the_same_prediction() -> None:
    react = ReAct(tools=(SayingTool(),))
    assert predict(react, Scripted(CALL, "Answer: B")) == predict(react, Scripted(CALL, "Answer: B"))
    assert asyncio.run(react.fit((), Scripted())) is react
