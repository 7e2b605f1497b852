"""The stub server, spoken to without our own client."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import SpecError
from osler.models.stub_server import Running, running
from osler.models.stub_server_faults import FAULTS, fault_of, read_faults
from osler.models.stub_server_replies import completion, events, instance, offered

LETTERED = "What helps?\nA. aspirin\nB. nothing\nC. both"


def request(text: str = LETTERED, **more: Any) -> dict[str, Any]:
    return {"model": "m", "messages": [{"role": "user", "content": text}], **more}


def post(stub: Running, body: dict[str, Any]) -> dict[str, Any]:
    asked = Request(f"{stub.url}/chat/completions", orjson.dumps(body), {"Content-Type": "application/json"})
    with urlopen(asked, timeout=10) as answer:
        found: dict[str, Any] = orjson.loads(answer.read())
    return found


def test_it_answers_by_hash_and_counts(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with running(log=log) as stub:
        first, second = post(stub, request()), post(stub, request())
        assert first == second
        assert first["choices"][0]["message"]["content"] in ("A", "B", "C")
        post(stub, request("Answer with exactly one of: yes | no"))
        stats = stub.stats()
        with urlopen(f"{stub.url}/models", timeout=10) as answer:
            assert orjson.loads(answer.read())["data"][0]["id"] == "stub"
        with pytest.raises(HTTPError, match="404"):
            urlopen(f"{stub.url}/nothing", timeout=10)
        assert orjson.loads(stub.last()["body"])["messages"][0]["content"].endswith("yes | no")
    assert (stats["requests"], stats["distinct"], stats["repeated"], stats["kinds"]) == (3, 2, 1, {"ok": 3})
    lines = log.read_text().splitlines()
    assert len(lines) == 3
    assert lines[0] == lines[1] != lines[2]
    with running(log=log) as stub:
        post(stub, request())
    assert log.read_text().splitlines() == [*lines, lines[0]]  # appended, across lives


def test_the_log_survives_a_kill(tmp_path: Path) -> None:
    log = tmp_path / "calls.log"
    with running(log=log) as stub:
        post(stub, request())
        os.kill(stub.process.pid, signal.SIGKILL)
    assert len(log.read_text().splitlines()) == 1
    assert stub.process.returncode == -signal.SIGKILL


def test_requests_may_come_in_pieces_and_together() -> None:
    body = orjson.dumps(request())
    whole = b"POST /v1/chat/completions HTTP/1.1\r\ncontent-length: %d\r\nHost: x\r\n\r\n%s" % (len(body), body)
    with running(latency_ms=5) as stub, socket.create_connection(("127.0.0.1", stub.port), timeout=10) as wire:
        for i in range(0, len(whole), 50):
            wire.sendall(whole[i : i + 50])
        wire.sendall(whole * 2)
        got = b""
        while got.count(b"chatcmpl-stub") < 3:
            got += wire.recv(65536)
        assert got.count(b"HTTP/1.1 200 OK") == 3
        wire.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}")
        assert b"400" in wire.recv(65536)
        assert stub.stats()["peak"] == 1


@given(body=st.integers(0, 2**64 - 1), seed=st.integers(0, 9), attempt=st.integers(0, 9))
def test_faults_depend_on_seed_body_and_attempt_only(body: int, seed: int, attempt: int) -> None:
    shares = {"429": 0.3, "reset": 0.3}
    assert fault_of(shares, seed, body, attempt) == fault_of(shares, seed, body, attempt)
    assert fault_of({}, seed, body, attempt) == ""
    assert fault_of({"500": 1.0}, seed, body, attempt) == "500"


def test_faults_come_in_their_shares_and_a_retry_is_drawn_anew() -> None:
    shares = {"429": 0.2, "reset": 0.1}
    drawn = [fault_of(shares, 0, body, 0) for body in range(4000)]
    assert drawn.count("429") / 4000 == pytest.approx(0.2, abs=0.03)
    assert drawn.count("reset") / 4000 == pytest.approx(0.1, abs=0.03)
    again = [fault_of(shares, 0, body, 1) for body, kind in enumerate(drawn) if kind]
    assert again.count("") / len(again) == pytest.approx(0.7, abs=0.06)


def test_fault_settings_are_held_to_the_list() -> None:
    assert read_faults(" 429=0.1, timeout=0.02,") == {"429": 0.1, "timeout": 0.02}
    assert read_faults(",".join(f"{kind}=0" for kind in FAULTS)) == dict.fromkeys(FAULTS, 0.0)
    with pytest.raises(SpecError, match="broken") as caught:
        read_faults("broken=0.1")
    assert "broken_json" in caught.value.hint
    with pytest.raises(SpecError, match="more than 1"):
        read_faults("429=0.9,500=0.2")


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        (LETTERED, ["A", "B", "C"]),
        ("B. only\nC. these", []),
        ("A. alone", []),
        ("Answer with exactly one of: not met | met", ["not met", "met"]),
        ("Hello", []),
    ],
)
def test_labels_are_read_from_the_prompt(text: str, labels: list[str]) -> None:
    assert offered(text) == labels


def test_an_instance_fits_its_schema() -> None:
    schema = {
        "type": "object",
        "properties": {
            "answer": {"type": "string"},
            "grade": {"enum": ["low", "high"]},
            "age": {"type": "integer", "minimum": 18},
            "sure": {"type": "boolean"},
            "cited": {"type": "array", "items": {"type": "string"}},
            "nested": {"type": "object", "properties": {"x": {"type": "number"}}},
            "version": {"const": 2},
        },
    }
    made = instance(schema, 7, ["yes", "no"])
    assert made["answer"] in ("yes", "no")
    assert made["grade"] in ("low", "high")
    assert (made["age"], made["version"], made["nested"]) == (18, 2, {"x": 0.0})
    assert isinstance(made["sure"], bool)
    assert isinstance(made["cited"][0], str)


def test_sampling_needs_a_temperature() -> None:
    cold = completion(request(n=20, seed=1))
    assert len({choice["message"]["content"] for choice in cold["choices"]}) == 1
    warm = [completion(request(n=20, seed=seed, temperature=1.0)) for seed in (1, 1, 2)]
    assert warm[0] == warm[1] != warm[2]
    assert len({choice["message"]["content"] for choice in warm[0]["choices"]}) == 3


def test_logprobs_are_probabilities_of_the_labels() -> None:
    said = completion(request(logprobs=True, top_logprobs=20))["choices"][0]
    token = said["logprobs"]["content"][0]
    assert token["token"] == said["message"]["content"] == token["top_logprobs"][0]["token"]
    assert {item["token"] for item in token["top_logprobs"]} == {"A", "B", "C"}


def test_events_end_with_usage_and_done() -> None:
    sent = events(completion(request("Tell me.")), usage=True)
    assert sent[-1] == b"data: [DONE]\n\n"
    assert b'"usage"' in sent[-2]
    said = [orjson.loads(event[6:])["choices"] for event in sent[:-2]]
    assert [part[0]["finish_reason"] for part in said] == [None] * (len(said) - 1) + ["stop"]
    assert "".join(part[0]["delta"].get("content", "") for part in said).startswith("stub reply ")
