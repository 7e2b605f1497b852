"""What goes over the wire, and what is read back from it."""

from __future__ import annotations

import asyncio
import copy
import pickle
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block_id, from_spec, replace, to_spec
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Model, Part, Prompt, Reply
from osler.models.endpoint import Endpoint
from osler.models.stub_server import Running, running
from osler.models.wire import chat_body, is_strict, read_reply, wire_messages
from osler.models.wire_stream import StreamAssembly

SCHEMA = {
    "type": "object",
    "properties": {"answer": {"type": "string", "enum": ["yes", "no"]}, "why": {"type": "string"}},
    "required": ["answer", "why"],
    "additionalProperties": False,
}
TOOL = {"name": "bmi", "description": "Body mass index", "parameters": {"type": "object", "properties": {}}}
PROMPT = Prompt(
    id="case-17", question="What helps?", instruction="Be brief.", choices=("aspirin", "nothing"), lettered=True
)


@pytest.fixture(scope="module")
def stub() -> Iterator[Running]:
    with running(key="k-secret") as server:
        yield server


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUB_KEY", " k-secret\n")


def ask(endpoint: Endpoint, call: Callable[[Endpoint], Coroutine[Any, Any, Reply]]) -> Reply:
    async def run() -> Reply:
        try:
            return await call(endpoint)
        finally:
            await endpoint.aclose()

    return asyncio.run(run())


def at(stub: Running, **settings: Any) -> Endpoint:
    return Endpoint(model="m-1", base_url=stub.url, api_key_env="STUB_KEY", **settings)


def test_the_whole_request_is_as_documented(stub: Running) -> None:
    endpoint = at(stub)
    assert isinstance(endpoint, Model)
    ask(endpoint, lambda e: e.generate(PROMPT.messages(), temperature=0.7, seed=3, max_tokens=9, n=2, schema=SCHEMA))
    sent = stub.last()
    assert sent["head"][0] == "POST /v1/chat/completions HTTP/1.1"
    assert "Authorization: Bearer k-secret" in sent["head"]
    assert "Content-Type: application/json" in sent["head"]
    assert not [line for line in sent["head"] if line.lower().startswith("cookie")]
    assert orjson.loads(sent["body"]) == {
        "model": "m-1",
        "temperature": 0.7,
        "seed": 3,
        "max_tokens": 9,
        "n": 2,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What helps?\nA. aspirin\nB. nothing"},
        ],
    }


def test_names_and_ids_of_parts_stay_here(stub: Running) -> None:
    parts = (Part("seen", name="hidden-name", id="hidden-id"), Part("too", name="evidence", id="note-9"))
    ask(at(stub), lambda e: e.generate((Message("user", parts),)))
    whole = orjson.dumps(stub.last()).decode()
    assert "seen\\\\ntoo" in whole
    assert not [word for word in ("hidden-name", "hidden-id", "note-9", "evidence") if word in whole]


def test_azure_has_its_own_url_and_key_header(stub: Running) -> None:
    root = stub.url.removesuffix("/v1")
    endpoint = Endpoint(model="my dep", base_url=root, api_key_env="STUB_KEY", kind="azure", api_version="2024-10-21")
    ask(endpoint, lambda e: e.generate(PROMPT.messages()))
    head = stub.last()["head"]
    assert head[0].split()[1] == "/openai/deployments/my%20dep/chat/completions?api-version=2024-10-21"
    assert "api-key: k-secret" in head
    assert not [line for line in head if line.startswith("Authorization")]


def test_omit_extra_and_the_name_of_max_tokens(stub: Running) -> None:
    endpoint = at(
        stub,
        max_tokens_field="max_completion_tokens",
        omit=("temperature", "seed"),
        extra={"reasoning_effort": "low"},
    )
    ask(endpoint, lambda e: e.generate(PROMPT.messages(), max_tokens=5))
    body = orjson.loads(stub.last()["body"])
    assert set(body) == {"model", "messages", "max_completion_tokens", "reasoning_effort"}
    assert body["max_completion_tokens"] == 5


@pytest.mark.parametrize(
    ("mode", "sent"), [("json_object", {"type": "json_object"}), ("none", None)], ids=["object", "none"]
)
def test_schema_modes(stub: Running, mode: Any, sent: Any) -> None:
    endpoint = at(stub, schema_mode=mode)
    assert "schema" not in endpoint.supports
    ask(endpoint, lambda e: e.generate(PROMPT.messages(), schema=SCHEMA))
    assert orjson.loads(stub.last()["body"]).get("response_format") == sent


def test_images_are_sent_as_data_urls_and_only_where_allowed(stub: Running) -> None:
    message = Message("user", (Part("What is this?"), Part(kind="image", data=b"\x89PNG", media="image/jpeg")))
    assert "images" in at(stub, images=True).supports
    ask(at(stub, images=True), lambda e: e.generate((message,)))
    content = orjson.loads(stub.last()["body"])["messages"][0]["content"]
    assert content == [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,iVBORw=="}},
    ]
    with pytest.raises(ModelError, match="not set to take images"):
        ask(at(stub), lambda e: e.generate((message,)))
    signal = Message("user", (Part(kind="signal", data=b"1"),))
    with pytest.raises(ModelError, match="a signal"):
        ask(at(stub, images=True), lambda e: e.generate((signal,)))


def test_tool_calls_come_back_and_their_answers_go_out(stub: Running) -> None:
    asked = ask(at(stub), lambda e: e.generate(PROMPT.messages(), tools=(TOOL,)))
    assert asked.finish == "tool_calls"
    assert [(call.name, call.arguments) for call in asked.tool_calls] == [("bmi", "{}")]
    assert orjson.loads(stub.last()["body"])["tools"] == [{"type": "function", "function": TOOL}]
    call = Part(orjson.dumps({"name": "bmi", "arguments": {"kg": 70}}).decode(), name="tool_call")
    talk = (*PROMPT.messages(), Message("assistant", (call,)), Message("tool", (Part("22.9"),)))
    after = ask(at(stub), lambda e: e.generate(talk, tools=(TOOL,)))
    assert after.text in ("A", "B")
    assert orjson.loads(stub.last()["body"])["messages"][2:] == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_0", "type": "function", "function": {"name": "bmi", "arguments": '{"kg":70}'}}],
        },
        {"role": "tool", "tool_call_id": "call_0", "content": "22.9"},
    ]


def test_a_tool_message_that_answers_no_call_is_a_user_message() -> None:
    assert wire_messages((Message("tool", (Part("22.9"),)),)) == [{"role": "user", "content": "22.9"}]


def test_a_tool_call_that_is_none_is_refused() -> None:
    for text in ("no JSON", "[]", '{"name": "bmi"}'):
        with pytest.raises(ModelError, match="does not hold a call"):
            wire_messages((Message("assistant", (Part(text, name="tool_call"),)),))


def test_the_module_is_light() -> None:
    code = "import sys, osler.models.limit, osler.models.stub_server; assert 'aiohttp' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_n_choices_and_the_json_answer(stub: Running) -> None:
    many = ask(at(stub), lambda e: e.generate(PROMPT.messages(), temperature=1.0, n=40))
    assert len(many.texts) == 40
    assert set(many.texts) == {"A", "B"}
    assert many.text == many.texts[0]
    made = ask(at(stub), lambda e: e.generate(PROMPT.messages(), schema=SCHEMA))
    assert orjson.loads(made.text)["answer"] in ("yes", "no")


def test_a_server_that_ignores_n_is_asked_again(stub: Running) -> None:
    before = stub.stats()["requests"]
    endpoint = at(stub, omit=("n",), usd_per_million_out=1e6)
    reply = ask(endpoint, lambda e: e.generate(PROMPT.messages(), temperature=1.0, seed=5, n=3))
    assert len(reply.texts) == 3
    assert stub.stats()["requests"] == before + 3
    assert orjson.loads(stub.last()["body"])["seed"] == 7
    assert (reply.tokens_out, reply.cost_usd) == (3, 3.0)


@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("what", ["text", "schema", "tools"])
def test_streaming_equals_not_streaming(stub: Running, n: int, what: str) -> None:
    kinds: dict[str, dict[str, Any]] = {"text": {}, "schema": {"schema": SCHEMA}, "tools": {"tools": (TOOL,)}}
    more = kinds[what]

    def get(stream: bool) -> Reply:
        endpoint = at(stub, stream=stream, logprobs=True)
        reply = ask(endpoint, lambda e: e.generate(PROMPT.messages(), temperature=0.9, n=n, **more))
        assert orjson.loads(stub.last()["body"]).get("stream", False) is stream
        return reply

    plain, streamed = get(False), get(True)
    names = ("text", "texts", "tokens_in", "tokens_out", "tool_calls", "finish", "model", "logprobs")
    assert [getattr(streamed, name) for name in names] == [getattr(plain, name) for name in names]


@given(size=st.integers(1, 60))
def test_a_stream_may_be_cut_into_pieces_anywhere(size: int) -> None:
    lines = [
        b': a comment\r\ndata: {"model":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\r\n\r\n',
        'data: {"choices":[{"index":0,"delta":{"content":"Übel"}}]}\n\n'.encode(),
        b'data: {"choices":[{"index":0,"delta":{"content":"keit"},"finish_reason":"length"}]}\n\n',
        b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}\n\ndata: [DONE]',
    ]
    whole = b"".join(lines)
    assembly = StreamAssembly()
    for i in range(0, len(whole), size):
        assembly.feed(whole[i : i + size])
    assembly.close()
    assert assembly.done
    reply = read_reply(assembly.payload, model="m", sent=0, latency_s=0.5, usd_per_million=(1.0, 2.0))
    assert reply is not None
    assert (reply.text, reply.finish, reply.tokens_in, reply.tokens_out) == ("Übelkeit", "length", 3, 2)
    assert reply.cost_usd == pytest.approx(7e-6)
    assert reply.model == "x"


@given(texts=st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=5))
def test_any_text_survives_the_wire(texts: list[str]) -> None:
    message = Message("user", tuple(Part(text) for text in texts))
    body = orjson.loads(chat_body({"model": "m"}, (message,)))
    assert body["messages"] == [{"role": "user", "content": message.text}]


def test_text_that_is_not_unicode_is_refused_without_showing_it() -> None:
    with pytest.raises(ModelError) as caught:
        chat_body({"model": "m"}, (Message("user", (Part("canary \ud800"),)),))
    assert caught.value.kind == "encoding"
    assert "canary" not in str(caught.value)


def test_strict_schemas_are_told_from_others() -> None:
    assert is_strict(SCHEMA)
    assert not is_strict({**SCHEMA, "required": ["answer"]})
    assert not is_strict({**SCHEMA, "properties": {"answer": {"type": "object"}}, "required": ["answer"]})


def test_usage_and_time_and_price_are_kept(stub: Running) -> None:
    endpoint = at(stub, usd_per_million_in=2.0, usd_per_million_out=8.0)
    reply = ask(endpoint, lambda e: e.generate(PROMPT.messages()))
    assert reply.tokens_in > 5
    assert reply.tokens_out == 1
    assert reply.cost_usd == pytest.approx((2.0 * reply.tokens_in + 8.0) / 1e6)
    assert 0.0 < reply.latency_s < 5.0


def test_an_endpoint_is_a_value_without_its_key_or_connections(stub: Running) -> None:
    endpoint = at(stub, extra={"top_p": 0.5})

    async def run() -> None:
        await endpoint.generate(PROMPT.messages())
        assert from_spec(to_spec(endpoint)) == endpoint
        for other in (pickle.loads(pickle.dumps(endpoint)), copy.deepcopy(endpoint), replace(endpoint)):
            assert other == endpoint
            assert block_id(other) == block_id(endpoint)
            await other.aclose()
        assert "k-secret" not in repr(endpoint) + repr(to_spec(endpoint))
        await endpoint.aclose()
        await endpoint.generate(PROMPT.messages())
        await endpoint.aclose()

    asyncio.run(run())
    asyncio.run(run())


@pytest.mark.parametrize(
    "settings",
    [
        {"base_url": "localhost:8000/v1"},
        {"base_url": "https://user:pw@host/v1"},
        {"base_url": "https://host/v1?key=1"},
        {"kind": "azure"},
        {"extra": {"model": "other"}},
        {"timeout_s": 0},
        {"concurrency": 0},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(SpecError):
        Endpoint(**{"model": "m", **settings})
