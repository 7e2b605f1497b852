"""Every way in which a server can fail, against a server that does."""

from __future__ import annotations

import asyncio
import socket
import time
import traceback
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import orjson
import pytest

from osler.core.errors import ModelError
from osler.core.types import Message, Part, Reply
from osler.models.endpoint import Endpoint
from osler.models.stub_server import Running, running
from osler.models.wire_errors import error_words, http_error, read_json, retry_after

CANARY = "Mrs Canary Featherstone"
KEY = "sk-canary-key"
MESSAGES = (Message("user", (Part(f"{CANARY} has chest pain.\nAnswer with exactly one of: yes | no"),)),)


@pytest.fixture(scope="module")
def stub() -> Iterator[Running]:
    with running() as server:
        yield server


def call(base_url: str, *, stream: bool = False, **settings: Any) -> Reply:
    async def run() -> Reply:
        made: dict[str, Any] = {"model": "m-1", "api_key_env": "", "timeout_s": 0.3, **settings}
        endpoint = Endpoint(base_url=base_url, stream=stream, **made)
        try:
            return await endpoint.generate(MESSAGES)
        finally:
            await endpoint.aclose()

    return asyncio.run(run())


def failure(base_url: str, **settings: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        call(base_url, **settings)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.__dict__)
    assert CANARY not in shown
    assert KEY not in shown
    assert caught.value.__context__ is None
    assert settings.get("model", "m-1") in str(caught.value)
    return caught.value


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        ("301", "http_301", False),
        ("400", "http_400", False),
        ("context", "context", False),
        ("401", "http_401", False),
        ("403", "http_403", False),
        ("404", "http_404", False),
        ("408", "http_408", True),
        ("409", "http_409", True),
        ("425", "http_425", True),
        ("429", "http_429", True),
        ("quota", "quota", False),
        ("500", "http_500", True),
        ("502", "http_502", True),
        ("503", "http_503", True),
        ("504", "http_504", True),
        ("timeout", "timeout", True),
        ("reset", "reset", True),
        ("truncated", "truncated", True),
        ("broken_json", "broken_json", True),
        ("encoding", "encoding", True),
        ("html", "html", False),
        ("empty", "empty", True),
        ("router_error", "http_503", True),
    ],
)
def test_a_fault_is_an_error_of_its_kind(
    stub: Running, fault: str, kind: str, retryable: bool, stream: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY_KEY", KEY)
    error = failure(stub.url, model=f"fault-{fault}", stream=stream, api_key_env="CANARY_KEY")
    assert (error.kind, error.retryable) == (kind, retryable)
    assert f"127.0.0.1:{stub.port}" in str(error)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        ("null", "empty", ""),
        ("refusal", "refusal", "I cannot help with that."),
        ("content_filter", "content_filter", ""),
        ("azure_filter", "content_filter", ""),
        ("no_usage", "stop", None),
    ],
)
def test_an_answer_without_content_is_an_outcome(
    stub: Running, fault: str, finish: str, text: str | None, stream: bool
) -> None:
    reply = call(stub.url, model=f"fault-{fault}", stream=stream)
    assert reply.finish == finish
    assert reply.text == text if text is not None else reply.text in ("yes", "no")
    assert len(reply.texts) == 1
    if fault == "no_usage":  # estimated, so that a budget still counts it
        assert reply.tokens_in > 20
        assert reply.tokens_out == 1


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = failure(f"http://127.0.0.1:{port}/v1")
    assert (error.kind, error.retryable) == ("connect", True)


def test_a_server_that_is_no_web_server() -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"220 mail ready\r\n\r\n")
        await writer.drain()
        writer.close()

    async def run() -> ModelError:
        server = await asyncio.start_server(speak, "127.0.0.1", 0)
        endpoint = Endpoint(
            model="m", base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", api_key_env=""
        )
        with pytest.raises(ModelError) as caught:
            await endpoint.generate(MESSAGES)
        await endpoint.aclose()
        server.close()
        await server.wait_closed()
        return caught.value

    error = asyncio.run(run())
    assert error.kind == "broken_http"
    assert CANARY not in str(error)


def test_the_time_out_covers_a_body_that_drips() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"\n")
                await asyncio.sleep(0.02)
        except OSError:
            pass
        finally:
            writer.close()

    async def run(stream: bool) -> None:
        server = await asyncio.start_server(drip, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        endpoint = Endpoint(model="m", base_url=url, api_key_env="", timeout_s=0.2, stream=stream)
        start = time.monotonic()
        with pytest.raises(ModelError, match=r"within 0\.2 s"):
            await endpoint.generate(MESSAGES)
        assert 0.15 < time.monotonic() - start < 2.0
        await endpoint.aclose()
        server.close()

    asyncio.run(run(False))
    asyncio.run(run(True))


def test_a_missing_key_is_said_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    error = failure("http://127.0.0.1:9/v1", api_key_env="NO_SUCH_KEY")
    assert (error.kind, error.retryable) == ("no_key", False)
    assert "export NO_SUCH_KEY" in error.hint
    monkeypatch.setenv("NO_SUCH_KEY", f"{KEY}\r\nX-Injected: 1")
    assert failure("http://127.0.0.1:9/v1", api_key_env="NO_SUCH_KEY").kind == "no_key"


def test_the_key_is_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(url: str) -> None:
        endpoint = Endpoint(model="m", base_url=url, api_key_env="TURNING_KEY")
        monkeypatch.setenv("TURNING_KEY", "wrong")
        with pytest.raises(ModelError, match="401"):
            await endpoint.generate(MESSAGES)
        monkeypatch.setenv("TURNING_KEY", "right")
        assert (await endpoint.generate(MESSAGES)).text in ("yes", "no")
        await endpoint.aclose()

    with running(key="right") as server:
        asyncio.run(run(server.url))


def test_an_unknown_model_is_told_from_a_wrong_address() -> None:
    with running(models=("a", "b")) as server:
        error = failure(server.url)
    assert error.kind == "http_404"
    assert "model name" in error.hint


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
        ({"Retry-After": formatdate(1_000_030, usegmt=True)}, 30.0),
        ({"Retry-After": formatdate(999_000, usegmt=True)}, 0.0),
        ({"Retry-After": "-4"}, 0.0),
        ({"Retry-After": "nan"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({}, None),
    ],
    ids=str,
)
def test_retry_after_in_all_its_forms(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=1_000_000.0) == seconds


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"code": "context_length_exceeded"}}, "context"),
        ({"error": {"message": "This model's maximum context length is 8192 tokens"}}, "context"),
        ({"object": "error", "message": "the prompt exceeds the maximum context length", "code": 400}, "context"),
        ({"error": {"message": "the request exceeds the available context size"}}, "context"),
        ({"error": "model runner: input is longer than the context window"}, "context"),
        ({"detail": "bad"}, "http_400"),
        (["odd"], "http_400"),
    ],
    ids=str,
)
def test_context_errors_of_several_servers(body: Any, kind: str) -> None:
    assert http_error(400, {}, error_words(orjson.dumps(body)), host="h", model="m").kind == kind


def test_a_refused_field_is_named_in_the_hint() -> None:
    words = error_words(b'{"error": {"message": "Unsupported: use \'max_completion_tokens\' instead."}}')
    assert "max_completion_tokens" in http_error(400, {}, words, host="h", model="m").hint
    words = error_words(b'{"error": {"message": "temperature does not support 0"}}')
    assert "'temperature'" in http_error(400, {}, words, host="h", model="m").hint


@pytest.mark.parametrize("raw", [b"", b"[1]", b"null", b'"text"', b'{"a": NaN}', b"\xef\xbb\xbf{}"])
def test_json_that_is_no_answer(raw: bytes) -> None:
    with pytest.raises(ModelError) as caught:
        read_json(raw, host="h", model="m")
    assert caught.value.kind == "broken_json"
