"""What the stub server answers: a pure function of the request, in the chat-completions format.

The label is drawn from those that the last user message offers ("A. ..." lines, or "one of: x | y") by a hash of
that message; sampling (temperature above 0) adds the seed and the number of the choice to the hash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

import orjson

_LETTERED = re.compile(r"^([A-Z])\. ", re.MULTILINE)
_OFFERED = re.compile(r"one of: (.+)$", re.MULTILINE)


def draw(*words: object) -> int:
    """A 64-bit number that depends on ``words`` only."""
    return int.from_bytes(blake2b("|".join(map(str, words)).encode(), digest_size=8).digest(), "big")


def last_user_text(request: Mapping[str, Any]) -> str:
    """The text of the last user message ("" where there is none)."""
    for message in reversed(request.get("messages") or ()):
        if message.get("role") == "user":
            content = message.get("content")
            if isinstance(content, str):
                return content
            return "\n".join(part["text"] for part in content or () if part.get("type") == "text")
    return ""


def offered(text: str) -> list[str]:
    """The labels that ``text`` offers, [] where it offers none."""
    letters: list[str] = []
    for letter in _LETTERED.findall(text):
        if ord(letter) == ord("A") + len(letters):
            letters.append(letter)
    if len(letters) > 1:
        return letters
    found = _OFFERED.findall(text)
    return [label.strip() for label in found[-1].split(" | ")] if found else []


def completion(request: Mapping[str, Any]) -> dict[str, Any]:
    """The body that answers ``request``."""
    text = last_user_text(request)
    labels = offered(text)
    sampled = bool(request.get("temperature"))
    choices = []
    for i in range(int(request.get("n") or 1)):
        mark = draw(text, request.get("seed"), i) if sampled else draw(text)
        choices.append(_choice(request, i, mark, labels))
    written = sum(len(choice["message"]["content"] or "") // 4 + 1 for choice in choices)
    read = sum(len(str(message.get("content") or "")) for message in request["messages"]) // 4 + 1
    return {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 0,
        "model": request.get("model"),
        "choices": choices,
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _choice(request: Mapping[str, Any], index: int, mark: int, labels: Sequence[str]) -> dict[str, Any]:
    tools = request.get("tools")
    if tools and request["messages"][-1].get("role") != "tool":
        function = tools[mark % len(tools)]["function"]
        arguments = orjson.dumps(instance(function.get("parameters") or {}, mark, labels)).decode()
        call = {
            "id": f"call_{mark:016x}",
            "type": "function",
            "function": {"name": function["name"], "arguments": arguments},
        }
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"index": index, "message": message, "finish_reason": "tool_calls"}
    text = _text(request, mark, labels)
    choice = {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if request.get("logprobs"):
        choice["logprobs"] = {"content": [_token(text, mark, labels, int(request.get("top_logprobs") or 0))]}
    return choice


def _text(request: Mapping[str, Any], mark: int, labels: Sequence[str]) -> str:
    label = labels[mark % len(labels)] if labels else f"stub reply {mark:016x}"
    wanted = request.get("response_format")
    if not wanted or wanted.get("type") == "text":
        return label
    if wanted["type"] == "json_object":
        return orjson.dumps({"answer": label}).decode()
    return orjson.dumps(instance(wanted["json_schema"]["schema"], mark, labels)).decode()


def _token(text: str, mark: int, labels: Sequence[str], top: int) -> dict[str, Any]:
    """The first token with its alternatives: the label said has probability 0.9, the others share the rest."""
    others = [label for label in labels if label != text]
    listed = [{"token": text, "logprob": math.log(0.9), "bytes": None}]
    weights = [1 + draw(mark, label) % 97 for label in others]
    for label, weight in zip(others, weights, strict=True):
        listed.append({"token": label, "logprob": math.log(0.1 * weight / sum(weights)), "bytes": None})
    listed.sort(key=_by_logprob, reverse=True)
    return {**listed[0], "top_logprobs": listed[:top]}


def _by_logprob(token: Mapping[str, Any]) -> float:
    value: float = token["logprob"]
    return value


def instance(schema: Mapping[str, Any], mark: int, labels: Sequence[str]) -> Any:
    """A value that ``schema`` allows: enumerations and plain types, with the label where an answer is asked for."""
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][mark % len(schema["enum"])]
    kind = schema.get("type")
    if kind == "object" or "properties" in schema:
        made = {}
        for name, inner in (schema.get("properties") or {}).items():
            answers = name in ("answer", "label", "choice") and labels and inner.get("type") == "string"
            made[name] = (
                labels[mark % len(labels)] if answers and "enum" not in inner else instance(inner, mark, labels)
            )
        return made
    if kind == "array":
        return [instance(schema.get("items") or {}, mark, labels)]
    low = schema.get("minimum", 0)
    plain: dict[Any, Any] = {"integer": int(low), "number": float(low), "boolean": mark % 2 == 0, "null": None}
    return plain.get(kind, f"stub {mark % 1000}")


def token_count(path: str, request: Mapping[str, Any], kind: str, context: int) -> dict[str, Any] | None:
    """What a server answers that counts words as tokens, with four more a message; None where it has no such page."""
    text = " ".join(f"a b c d {message.get('content') or ''}" for message in request.get("messages") or ())
    if kind == "vllm" and path == "/tokenize":
        words = (text + " e" * bool(request["add_generation_prompt"])).split()
        return {"count": len(words), "max_model_len": context, "tokens": list(range(len(words)))}
    if kind == "llama.cpp" and path == "/apply-template":
        return {"prompt": f"{text} e"}
    if kind == "llama.cpp" and path == "/tokenize":
        return {"tokens": list(range(len(str(request.get("content") or "").split())))}
    return None


def events(payload: Mapping[str, Any], *, usage: bool) -> list[bytes]:
    """``payload`` as server-sent events: content in pieces of about eight characters, then the reason, then usage."""
    head = {"id": payload["id"], "object": "chat.completion.chunk", "created": 0, "model": payload["model"]}
    out = []
    for choice in payload["choices"]:
        for delta in _deltas(choice["message"]):
            part = {"index": choice["index"], "delta": delta, "finish_reason": None}
            if "logprobs" in choice and "role" in delta:
                part["logprobs"] = choice["logprobs"]
            out.append({**head, "choices": [part]})
        last = {"index": choice["index"], "delta": {}, "finish_reason": choice["finish_reason"]}
        out.append({**head, "choices": [last]})
    if usage and "usage" in payload:
        out.append({**head, "choices": [], "usage": payload["usage"]})
    return [b"data: " + orjson.dumps(event) + b"\n\n" for event in out] + [b"data: [DONE]\n\n"]


def _deltas(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    content = message.get("content") or ""
    out += [{"content": content[i : i + 8]} for i in range(0, len(content), 8)]
    if message.get("refusal"):
        out.append({"refusal": message["refusal"]})
    for i, call in enumerate(message.get("tool_calls") or ()):
        said = call["function"]["arguments"]
        half = len(said) // 2
        begun = {**call, "index": i, "function": {"name": call["function"]["name"], "arguments": said[:half]}}
        out += [{"tool_calls": [begun]}, {"tool_calls": [{"index": i, "function": {"arguments": said[half:]}}]}]
    return out
