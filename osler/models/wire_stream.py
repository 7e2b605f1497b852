"""Server-sent events of a streamed chat completion, put together into the body a plain request would have got."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson


class StreamAssembly:
    """Feed chunks of bytes; ``payload`` is then the whole response body.

    ``done`` tells that the server said it had finished (``[DONE]``, or a finish reason for every choice): without
    it the stream was cut. A chunk that is no JSON raises ValueError.
    """

    def __init__(self) -> None:
        self._rest = b""
        self._choices: dict[int, dict[str, Any]] = {}
        self._ended = False
        self.payload: dict[str, Any] = {"choices": []}

    @property
    def done(self) -> bool:
        finished = all(choice["finish_reason"] for choice in self._choices.values())
        return self._ended or (bool(self._choices) and finished)

    def feed(self, chunk: bytes) -> None:
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        for data in _data(lines):
            self._event(data)

    def close(self) -> None:
        """The stream has ended: a last line without a line break counts too."""
        self.feed(b"\n")

    def _event(self, data: bytes) -> None:
        if data == b"[DONE]":
            self._ended = True
            return
        event = orjson.loads(data)
        if not isinstance(event, dict):
            raise ValueError
        for key in ("model", "usage", "error"):
            if event.get(key):
                self.payload[key] = event[key]
        for part in event.get("choices") or ():
            self._add(part)

    def _add(self, part: dict[str, Any]) -> None:
        index = part.get("index") or 0
        choice = self._choices.get(index)
        if choice is None:
            message: dict[str, Any] = {"content": None}
            choice = {"index": index, "message": message, "finish_reason": None}
            self._choices[index] = choice
            self.payload["choices"].append(choice)
        delta = part.get("delta") or {}
        message = choice["message"]
        for key in ("content", "refusal"):
            if delta.get(key) is not None:
                message[key] = (message.get(key) or "") + delta[key]
        for call in delta.get("tool_calls") or ():
            _add_call(message.setdefault("tool_calls", []), call)
        listed = (part.get("logprobs") or {}).get("content")
        if listed:
            choice.setdefault("logprobs", {"content": []})["content"].extend(listed)
        choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]


def _data(lines: list[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line.startswith(b"data:"):
            yield line[5:].strip()


def _add_call(calls: list[dict[str, Any]], delta: dict[str, Any]) -> None:
    index = delta.get("index") or 0
    while len(calls) <= index:
        calls.append({"id": "", "type": "function", "function": {"name": "", "arguments": ""}})
    call = calls[index]
    call["id"] = delta.get("id") or call["id"]
    function = delta.get("function") or {}
    call["function"]["name"] += function.get("name") or ""
    call["function"]["arguments"] += function.get("arguments") or ""
