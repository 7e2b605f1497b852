"""The faults that the stub server can be told to show, and which request gets which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import formatdate
from time import time
from typing import Any

import orjson

from osler.core.errors import SpecError, nearest
from osler.models.stub_server_replies import draw, last_user_text

STATUSES = ("301", "400", "401", "403", "404", "408", "409", "425", "429", "500", "502", "503", "504")
CODES = {  # an answer with an error body of this status and code
    "context": (400, "context_length_exceeded"),
    "azure_filter": (400, "content_filter"),
    "quota": (429, "insufficient_quota"),
}
BODIES = ("broken_json", "encoding", "html", "empty", "null", "refusal", "content_filter", "router_error", "no_usage")
CUTS = ("timeout", "reset", "truncated")
FAULTS = (*STATUSES, *CODES, *BODIES, *CUTS)
_FORCED = re.compile(rb'"model":\s*"fault-(\w+)"')


def read_faults(text: str) -> dict[str, float]:
    """``"429=0.1,timeout=0.02"`` as a share for each kind; SpecError when a kind is unknown or shares pass 1."""
    shares: dict[str, float] = {}
    for item in filter(None, (piece.strip() for piece in text.split(","))):
        kind, _, share = item.partition("=")
        if kind not in FAULTS:
            raise SpecError(f"the stub server knows no fault {kind!r}", hint=nearest(kind, FAULTS))
        shares[kind] = float(share or 1.0)
    if sum(shares.values()) > 1.0 + 1e-9:
        raise SpecError(f"the shares of the faults add up to {sum(shares.values()):g}, more than 1")
    return shares


def fault_of(shares: Mapping[str, float], seed: int, body: int, attempt: int) -> str:
    """The fault of the ``attempt``-th request with this body ("" for none).

    A hash of seed, body and attempt: it does not depend on the order in which requests come, and a retry is drawn
    anew.
    """
    if not shares:
        return ""
    left = draw(seed, body, attempt) / 2.0**64
    for kind, share in shares.items():
        left -= share
        if left < 0.0:
            return kind
    return ""


def forced(body: bytes) -> str:
    """The fault that a request asks for by the model's name, ``fault-429`` ("" for none)."""
    found = _FORCED.search(body)
    kind = found[1].decode() if found else ""
    return kind if kind in FAULTS else ""


def error_body(request: Mapping[str, Any], code: str) -> bytes:
    """An error that quotes the prompt, as servers do."""
    quoted = f"cannot serve: {last_user_text(request)}"
    return orjson.dumps({"error": {"message": quoted, "type": "stub_error", "code": code}})


def wait_header(seconds: float, form: str) -> bytes:
    """``Retry-After`` in one of the forms ``seconds``, ``ms`` or ``date``; nothing for 0 seconds."""
    if not seconds:
        return b""
    if form == "ms":
        return b"retry-after-ms: %d\r\n" % round(seconds * 1000)
    if form == "date":
        return f"Retry-After: {formatdate(time() + seconds, usegmt=True)}\r\n".encode()
    return f"Retry-After: {seconds:g}\r\n".encode()


def spoil(kind: str, payload: dict[str, Any]) -> tuple[bytes, bytes]:
    """Content type and body of an answer of status 200 that is wrong in the way ``kind`` names."""
    plain = b"application/json"
    if kind == "html":
        return b"text/html", b"<!doctype html><title>Sign in</title>"
    if kind == "router_error":
        return plain, orjson.dumps({"error": {"message": "upstream failed", "code": 503}})
    first = payload["choices"][0]
    if kind == "empty":
        payload["choices"] = []
    elif kind == "no_usage":
        del payload["usage"]
    elif kind == "refusal":
        first["message"] = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
    elif kind in ("null", "content_filter"):
        first["message"] = {"role": "assistant", "content": None}
        first["finish_reason"] = "stop" if kind == "null" else kind
    elif kind == "encoding":
        first["message"]["content"] = "é"
        return b"application/json; charset=iso-8859-1", orjson.dumps(payload).decode().encode("latin-1")
    body = orjson.dumps(payload)
    return plain, body[: len(body) // 2] if kind == "broken_json" else body
