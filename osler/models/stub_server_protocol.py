"""The protocol side of the stub server: raw asyncio, so that in a benchmark the client is what is measured."""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import struct
import time
from collections import Counter
from hashlib import blake2b
from typing import Any

import orjson

from osler.models.stub_server_faults import BODIES, CODES, error_body, fault_of, forced, read_faults, spoil, wait_header
from osler.models.stub_server_replies import completion, events, token_count

_REASONS = {200: b"OK", 301: b"Moved Permanently", 404: b"Not Found", 429: b"Too Many Requests"}


class Stub:
    """Settings and counts that all connections share."""

    def __init__(self, settings: argparse.Namespace) -> None:
        self.latency_s = settings.latency_ms / 1000.0
        self.faults = read_faults(settings.faults)
        self.seed = settings.seed
        self.key = settings.key
        self.proofs = (f": Bearer {self.key}\r\n".encode(), f"api-key: {self.key}\r\n".encode())
        self.models = tuple(filter(None, settings.models.split(",")))
        self.count, self.context = settings.count, settings.context
        self.wait = (settings.retry_after, settings.retry_after_form)
        self.kinds: Counter[str] = Counter()
        self.seen: dict[int, int] = {}
        self.inside = 0
        self.peak = 0
        self.connections = 0
        self.last: tuple[bytes, bytes] = (b"", b"{}")
        self.log = os.open(settings.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if settings.log else -1

    def stats(self) -> dict[str, Any]:
        requests = sum(self.seen.values())
        return {
            "requests": requests,
            "kinds": dict(self.kinds),
            "distinct": len(self.seen),
            "repeated": requests - len(self.seen),
            "peak": self.peak,
            "inside": self.inside,
            "connections": self.connections,
            "cpu_s": time.process_time(),
        }

    def admit(self, head: bytes, body: bytes) -> str:
        """Count a request and say which fault it gets ("" for none)."""
        mark = int.from_bytes(blake2b(body, digest_size=8).digest(), "big")
        attempt = self.seen.get(mark, 0)
        self.seen[mark] = attempt + 1
        self.last = (head, body)
        kind = fault_of(self.faults, self.seed, mark, attempt) if self.faults else forced(body)
        if self.key and not any(proof in head + b"\r\n" for proof in self.proofs):
            kind = "401"
        self.kinds[kind or "ok"] += 1
        if self.log >= 0:
            os.write(self.log, b"%s %016x\n" % ((kind or "ok").encode(), mark))
        return kind


class Connection(asyncio.Protocol):
    """One client connection: requests are answered one after another."""

    def __init__(self, stub: Stub) -> None:
        self.stub = stub
        self.buffer = b""
        self.busy = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.stub.connections += 1
        self.busy = False

    def connection_lost(self, exc: Exception | None) -> None:
        if self.busy:
            self.stub.inside -= 1
            self.busy = False

    def data_received(self, data: bytes) -> None:
        self.buffer = self.buffer + data if self.buffer else data
        if not self.busy:
            self._read()

    def _read(self) -> None:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end]
        size = _content_length(head)
        if len(self.buffer) < end + 4 + size:
            return
        body = self.buffer[end + 4 : end + 4 + size]
        self.buffer = self.buffer[end + 4 + size :]
        line = head.partition(b"\r\n")[0]
        if head.startswith(b"POST ") and b"/chat/completions" in line:
            self._chat(head, body)
        elif head.startswith(b"POST "):
            self._look_up(line.split(b" ", 2)[1], body)
        else:
            self._look(head)
        if self.buffer and not self.busy:
            self._read()

    def _look(self, head: bytes) -> None:
        path = head.split(b" ", 2)[1]
        stub = self.stub
        if path == b"/stats":
            self._send(200, orjson.dumps(stub.stats()))
        elif path == b"/last":
            sent, body = stub.last
            self._send(200, orjson.dumps({"head": sent.decode("latin-1").split("\r\n"), "body": body.decode()}))
        elif path == b"/v1/models":
            listed = [{"id": name, "object": "model"} for name in stub.models or ("stub",)]
            self._send(200, orjson.dumps({"object": "list", "data": listed}))
        else:
            self._send(404, b'{"error": {"message": "no such page", "code": "not_found"}}')

    def _look_up(self, path: bytes, body: bytes) -> None:
        """Token counts, as vLLM or llama.cpp (``--count``) give them."""
        try:
            found = token_count(path.decode("latin-1"), orjson.loads(body), self.stub.count, self.stub.context)
        except (ValueError, KeyError, TypeError, AttributeError):
            found = None
        if found is None:
            self._send(404, b'{"error": {"message": "no such page", "code": "not_found"}}')
        else:
            self._send(200, orjson.dumps(found))

    def _chat(self, head: bytes, body: bytes) -> None:
        stub = self.stub
        kind = stub.admit(head, body)
        self.busy = True
        stub.inside += 1
        stub.peak = max(stub.peak, stub.inside)
        if stub.latency_s:
            asyncio.get_running_loop().call_later(stub.latency_s, self._answer, kind, body)
        else:
            self._answer(kind, body)

    def _answer(self, kind: str, body: bytes) -> None:
        if self.transport.is_closing() or kind == "timeout":
            return
        self.busy = False
        self.stub.inside -= 1
        if kind == "reset":
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
            return
        try:
            request = orjson.loads(body)
            self._reply(kind, request)
        except (ValueError, KeyError, TypeError, AttributeError):
            self._send(400, b'{"error": {"message": "not a chat request", "code": "bad_request"}}')
        if self.buffer:
            self._read()

    def _reply(self, kind: str, request: dict[str, Any]) -> None:
        stub = self.stub
        if stub.models and request["model"] not in stub.models:
            kind = "404"
        if kind in CODES or kind.isdigit():
            status, code = CODES.get(kind) or (int(kind), f"stub_{kind}")
            more = wait_header(*stub.wait) if status in (429, 503) else b""
            more += b"Location: /elsewhere\r\n" if status == 301 else b""
            self._send(status, error_body(request, code), more=more)
        elif request.get("stream"):
            self._stream(kind, request)
        elif kind in BODIES:
            media, body = spoil(kind, completion(request))
            self._send(200, body, media=media)
        else:
            self._send(200, orjson.dumps(completion(request)), cut=kind == "truncated")

    def _stream(self, kind: str, request: dict[str, Any]) -> None:
        payload = completion(request)
        if kind in BODIES:
            media, body = spoil(kind, payload)
            if kind in ("html", "router_error", "encoding"):
                self._send(200, body, media=media)
                return
        wanted = bool((request.get("stream_options") or {}).get("include_usage"))
        sent = events(payload, usage=wanted)
        if kind == "broken_json":
            sent[0] = sent[0][:20] + b"\n\n"
        if kind == "truncated":
            sent = sent[: len(sent) // 2]
        out = [b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"]
        out += [b"%x\r\n%s\r\n" % (len(event), event) for event in sent]
        self.transport.write(b"".join(out) + (b"" if kind == "truncated" else b"0\r\n\r\n"))
        if kind == "truncated":
            self.transport.close()

    def _send(
        self, status: int, body: bytes, *, media: bytes = b"application/json", more: bytes = b"", cut: bool = False
    ) -> None:
        head = b"HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n%s\r\n"
        reason = _REASONS.get(status, b"Stub")
        self.transport.write(
            head % (status, reason, media, len(body), more) + (body[: len(body) // 2] if cut else body)
        )
        if cut:
            self.transport.close()


def _content_length(head: bytes) -> int:
    at = head.find(b"Content-Length: ")
    if at < 0:
        at = head.lower().find(b"content-length: ")
    return int(head[at + 16 : (head + b"\r\n").find(b"\r\n", at)]) if at >= 0 else 0
