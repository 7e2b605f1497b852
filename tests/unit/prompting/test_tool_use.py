"""Native function calling: the loop, its caps, its log, and what goes over the wire."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given
from scripted import LABELLED, QUESTION
from tool_cases import JSON, TEXT, SayingTool, hostile

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Prediction, Prompt, Reply, ToolCall
from osler.models.endpoint import Endpoint
from osler.models.stub_server import Running, running
from osler.prompting.tool_loop import NONE_LEFT, ToolLog, cut, listing
from osler.prompting.tool_use import ToolUse
from osler.tools.controlled_substances import ControlledCheck


class Caller:
    """A model that replies in turn: a text answers, a list of (tool, arguments) calls."""

    supports = frozenset({"generate", "tools"})

    def __init__(self, *turns: str | list[tuple[str, str]]) -> None:
        self.turns = turns
        self.asked: list[tuple[tuple[Message, ...], tuple[Mapping[str, Any], ...]]] = []

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        self.asked.append((tuple(messages), tuple(tools)))
        turn = self.turns[min(len(self.asked), len(self.turns)) - 1]
        if isinstance(turn, str):
            return Reply(text=turn, texts=(turn,))
        calls = tuple(ToolCall(id=f"c{i}", name=name, arguments=given) for i, (name, given) in enumerate(turn))
        return Reply(text="", texts=("",), tool_calls=calls, finish="tool_calls")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise AssertionError("nothing is scored here")


def run(strategy: ToolUse, model: Any, prompt: Prompt = QUESTION) -> Prediction:
    return asyncio.run(strategy.predict(prompt, model, seed=0))


def test_a_result_comes_back_as_a_tool_message_and_the_answer_is_read() -> None:
    tool = SayingTool(text="heparin stops clotting")
    model = Caller([("lookup", '{"word": "x"}')], "It does.\nAnswer: B")
    found = run(ToolUse(tools=(tool,)), model)
    assert (found.answer, found.parsed, len(found.replies)) == ("B", True, 2)
    assert tool.asked == [{"word": "x"}]
    last = model.asked[1][0]
    assert [message.role for message in last[-2:]] == ["assistant", "tool"]
    assert orjson.loads(last[-2].text) == {"name": "lookup", "arguments": '{"word": "x"}'}
    assert [(part.name, part.id, part.text) for part in last[-1].parts] == [
        ("observation", "lookup", "heparin stops clotting")
    ]
    assert found.rationale == (
        'call 1: lookup({"word": "x"})\nresult: heparin stops clotting\nmodel: It does.\nAnswer: B'
    )


@block
class MeetingTool(SayingTool):
    """Answers only once another call is running beside it."""

    async def use(self, arguments: Mapping[str, Any]) -> str:
        await MEETING[-1].wait()
        return await super().use(arguments)


MEETING: list[asyncio.Barrier] = []


def test_several_calls_of_one_reply_run_side_by_side_and_are_answered_in_order() -> None:
    slow, fast = MeetingTool(called="slow", text="s", waits_s=0.05), MeetingTool(called="fast", text="f")
    model = Caller([("slow", '{"word": "x"}'), ("fast", '{"word": "y"}')], "Answer: A")

    async def go() -> Prediction:
        MEETING.append(asyncio.Barrier(2))  # one after the other they would wait for ever
        return await ToolUse(tools=(slow, fast), timeout_s=10).predict(QUESTION, model, seed=0)

    found = asyncio.run(go())
    assert [message.text for message in model.asked[1][0][-2:]] == ["s", "f"]
    assert found.rationale.splitlines()[:4] == [
        'call 1: slow({"word": "x"})',
        "result: s",
        'call 2: fast({"word": "y"})',
        "result: f",
    ]


def test_a_model_that_calls_for_ever_is_asked_once_more_without_tools() -> None:
    tool = SayingTool()
    strategy = ToolUse(tools=(tool,), max_calls=3)
    model = Caller([("lookup", '{"word": "x"}'), ("lookup", '{"word": "y"}')])
    found = run(strategy, model)
    assert (found.answer, found.parsed) == (None, False)
    assert len(tool.asked) == 3
    assert len(found.replies) == 3 <= strategy.calls(QUESTION)
    assert model.asked[-1][1] == ()
    assert model.asked[-1][0][-1].text == NONE_LEFT
    assert "refused: lookup" in found.rationale
    tools_after = [message for message in model.asked[-1][0] if message.role == "tool"]
    assert len(tools_after) == 4  # a refused call is answered too, since servers want an answer to each


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("delete", "{}", "there is no tool 'delete'"),
        ("lookup", "{", "the arguments of lookup are no JSON"),
        ("lookup", "[1]", "no JSON object"),
        ("lookup", '{"word": "q"}', "word"),
        ("lookup", '{"word": "x", "more": 1}', "more"),
    ],
)
def test_what_cannot_run_is_told_to_the_model_and_logged(name: str, given: str, told: str) -> None:
    tool = SayingTool()
    model = Caller([(name, given)], "Answer: A")
    found = run(ToolUse(tools=(tool,)), model)
    assert tool.asked == []
    assert model.asked[1][0][-1].text.startswith("Error: ")
    assert told in model.asked[1][0][-1].text
    assert f"call 1: {name}({given})\nerror: Error: " in found.rationale
    assert found.answer == "A"


def test_what_servers_would_refuse_is_not_sent_back() -> None:
    model = Caller([("de lete!", "{broken"), ("", "[]")], "Answer: A")
    found = run(ToolUse(tools=(SayingTool(),)), model)
    sent = [orjson.loads(part.text) for part in model.asked[1][0][-3].parts]
    assert sent == [{"name": "de_lete_", "arguments": "{}"}, {"name": "unnamed", "arguments": "{}"}]
    assert "call 1: de lete!({broken)" in found.rationale


def test_a_tool_that_refuses_or_hangs_is_an_error_for_the_model() -> None:
    model = Caller([("lookup", '{"word": "x"}')], "Answer: A")
    run(ToolUse(tools=(SayingTool(refuses=True, text="no such word"),)), model)
    assert model.asked[1][0][-1].text == "Error: no such word (try another word)"
    model = Caller([("lookup", '{"word": "x"}')], "Answer: A")
    run(ToolUse(tools=(SayingTool(waits_s=30.0),), timeout_s=0.05), model)
    assert model.asked[1][0][-1].text == "Error: lookup did not answer within 0.05 s"


def test_results_are_cut_with_a_mark() -> None:
    model = Caller([("lookup", '{"word": "x"}')], "Answer: A")
    run(ToolUse(tools=(SayingTool(text="a" * 50 + "\ud800"),), max_chars=20), model)
    assert model.asked[1][0][-1].text == "a" * 20 + "\n[cut: 31 more characters]"
    assert cut("short", 20) == "short"


def test_texts_json_and_labels_are_read() -> None:
    call: list[tuple[str, str]] = [("lookup", '{"word": "x"}')]
    tools = (SayingTool(),)
    assert run(ToolUse(tools=tools), Caller(call, "It is BRAF.\nAnswer: BRAF"), TEXT).answer == "BRAF"
    assert run(ToolUse(tools=tools), Caller(call, "BRAF"), TEXT).answer == "BRAF"
    assert run(ToolUse(tools=tools), Caller(call, 'Answer: {"drug": "aspirin"}'), JSON).answer == '{"drug":"aspirin"}'
    assert run(ToolUse(tools=tools), Caller(call, "I cannot say."), JSON).answer is None
    assert run(ToolUse(tools=tools), Caller(call, "Answer: no"), LABELLED).answer == "no"
    assert run(ToolUse(tools=tools), Caller(call, ""), TEXT).answer is None


@given(hostile)
def test_no_text_of_a_tool_leads_to_a_call_that_the_model_did_not_write(text: str) -> None:
    tool, other = SayingTool(text=text), SayingTool(called="delete")
    model = Caller([("lookup", '{"word": "x"}')], "Answer: A")
    found = run(ToolUse(tools=(tool, other), max_chars=10_000), model)
    assert tool.asked == [{"word": "x"}]
    assert other.asked == []
    assert (found.answer, len(found.replies)) == ("A", 2)


def test_settings_that_cannot_be_are_refused() -> None:
    with pytest.raises(SpecError, match="has no tools"):
        ToolUse(tools=())
    with pytest.raises(SpecError, match="two tools named 'lookup'"):
        ToolUse(tools=(SayingTool(), SayingTool(text="b")))
    with pytest.raises(SpecError, match="a tool is named 'look up'"):
        ToolUse(tools=(SayingTool(called="look up"),))
    with pytest.raises(SpecError, match="at least 1"):
        ToolUse(tools=(SayingTool(),), max_calls=0)


def test_the_gate_of_a_log_bars_a_call() -> None:
    tool = SayingTool()
    log = ToolLog((tool,), max_calls=2, max_chars=10, gate=lambda name, given: "not now" if "y" in given else "")
    barred = asyncio.run(log.call("lookup", '{"word": "y"}'))
    assert (barred.ok, barred.result) == (False, cut("Error: not now", 10))
    assert tool.asked == []
    assert log.left == 1
    assert asyncio.run(log.call("lookup", '{"word": "x"}')).ok
    assert dataclasses.replace(log.used[1], seconds=9.0) == log.used[1]  # time is kept and compares as equal
    assert log.used[1].seconds >= 0.0
    assert "lookup: Looks a word up. Input: {" in listing((tool,))


@pytest.fixture(scope="module")
def stub() -> Iterator[Running]:
    with running() as server:
        yield server


@pytest.mark.parametrize("stream", [False, True])
def test_over_the_wire_calls_and_results_carry_matching_ids(stub: Running, stream: bool) -> None:
    tool = SayingTool(text="heparin stops clotting", allowed=("x",))
    model = Endpoint(model="m", base_url=stub.url, api_key_env="", stream=stream)

    async def go() -> Prediction:
        try:
            return await ToolUse(tools=(tool, ControlledCheck())).predict(QUESTION, model, seed=0)
        finally:
            await model.aclose()

    found = asyncio.run(go())
    body = orjson.loads(stub.last()["body"])
    assert found.parsed
    assert found.answer in ("A", "B")
    assert [reply.finish for reply in found.replies] == ["tool_calls", "stop"]
    assert [one["function"]["name"] for one in body["tools"]] == ["lookup", "controlled_check"]
    assert all(one["type"] == "function" and one["function"]["parameters"]["type"] == "object" for one in body["tools"])
    asked, told = body["messages"][-2:]
    assert asked["role"] == "assistant"
    assert asked["content"] is None
    assert told["role"] == "tool"
    assert told["tool_call_id"] == asked["tool_calls"][0]["id"]
    assert asked["tool_calls"][0]["function"]["name"] == found.replies[0].tool_calls[0].name
    assert orjson.loads(asked["tool_calls"][0]["function"]["arguments"]) == orjson.loads(
        found.replies[0].tool_calls[0].arguments
    )
    assert told["content"] in ("heparin stops clotting",) or told["content"].startswith("Error: ")
    assert set(told) == {"role", "tool_call_id", "content"}
