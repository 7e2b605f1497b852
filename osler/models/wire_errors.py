"""What went wrong at an endpoint, as a ModelError of a stable kind.

A message holds the status, the host and the model's name. It never holds the response's text: servers like to
quote the request in their errors, and the request is the patient's.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from osler.core.errors import ModelError

RETRYABLE = frozenset({408, 409, 425, 429})
_CONTEXT = ("context_length", "context length", "context window", "context size", "prompt is too long")
_QUOTA = ("insufficient_quota", "exceeded your current quota", "billing")
_FILTER = ("content_filter", "responsibleaipolicyviolation", "content management policy")
_HINTS = {
    401: "check the key in the environment variable that api_key_env names",
    403: "the key may not use this model; check the account's access",
    404: "check the model name and base_url (it usually ends in /v1)",
    413: "the request is too large; send less evidence or smaller images",
    429: "lower concurrency, or set requests_per_minute and tokens_per_minute",
}


def error_words(raw: bytes) -> str:
    """The code, type and message of an error body in lower case, to look for known words in; never to be shown."""
    try:
        payload = orjson.loads(raw)
    except ValueError:
        return ""
    error = payload.get("error", payload) if isinstance(payload, dict) else payload
    if not isinstance(error, dict):
        return str(error).lower()
    inner = error.get("innererror")
    words = [error.get(key) for key in ("code", "type", "message")]
    words.append(inner.get("code") if isinstance(inner, dict) else None)
    return " ".join(str(word) for word in words if word is not None).lower()


def is_filtered(status: int, words: str) -> bool:
    """Whether the server declined the prompt by its content policy: an outcome of the case, not a fault."""
    return status == 400 and any(sign in words for sign in _FILTER)


def http_error(status: int, headers: Mapping[str, str], words: str, *, host: str, model: str) -> ModelError:
    """The error of an answer with ``status``; ``words`` from ``error_words``."""
    where = f"{host} (model {model})"
    if status in (400, 413, 422) and any(sign in words for sign in _CONTEXT):
        return ModelError(
            f"{where} answered {status}: the prompt is longer than the model's context",
            hint="send fewer demonstrations or less evidence, lower max_tokens, or use a model with a longer context",
            kind="context",
        )
    if status == 429 and any(sign in words for sign in _QUOTA):
        return ModelError(f"{where} answered 429: the account's quota is used up", hint="top it up", kind="quota")
    return ModelError(
        f"{where} answered {status}",
        hint=_HINTS.get(status) or _hint(status, words),
        retryable=status in RETRYABLE or status >= 500,
        retry_after=retry_after(headers),
        kind=f"http_{status}",
    )


def _hint(status: int, words: str) -> str:
    if 300 <= status < 400:
        return "redirects are not followed, so that no prompt goes to another host; correct base_url"
    if status < 500 and "max_completion_tokens" in words:
        return 'set max_tokens_field = "max_completion_tokens"'
    if status < 500:
        for name in ("temperature", "seed", "logprobs", "response_format", "stream_options", "tools"):
            if name in words:
                return f"the server seems to refuse {name!r}; add it to omit, or correct it"
        return "the server refuses the request as it is; compare its fields with the server's documentation"
    return "the server failed; asking again may help"


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds to wait by ``retry-after-ms`` or ``Retry-After`` (seconds or an HTTP date), else None.

    ``now`` is the time in seconds since the epoch (default: the clock).
    """
    found = _number(headers.get("retry-after-ms", ""))
    if found is not None:
        return found / 1000.0
    value = headers.get("Retry-After") or headers.get("retry-after") or ""
    found = _number(value)
    if found is not None or not value:
        return found
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, date.timestamp() - (time.time() if now is None else now))


def _number(value: str) -> float | None:
    try:
        seconds = float(value)
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def read_json(raw: bytes, *, host: str, model: str) -> dict[str, Any]:
    """The JSON object in ``raw``; ModelError of kind ``encoding``, ``html`` or ``broken_json`` when it is none."""
    try:
        payload = orjson.loads(raw)
    except ValueError:
        payload = None
    if isinstance(payload, dict):
        return payload
    raise _unreadable(raw, f"{host} (model {model})")


def _unreadable(raw: bytes, where: str) -> ModelError:
    if raw.lstrip()[:1] == b"<":
        return ModelError(
            f"{where} answered with a web page instead of JSON",
            hint="base_url points at a web site or a proxy's login page",
            kind="html",
        )
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return ModelError(
            f"{where} answered with {len(raw)} bytes that are not UTF-8",
            hint="JSON must be UTF-8; look for a proxy that changes the encoding",
            retryable=True,
            kind="encoding",
        )
    return ModelError(f"{where} answered with broken JSON ({len(raw)} bytes)", retryable=True, kind="broken_json")
