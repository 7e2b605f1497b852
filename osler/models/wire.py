"""The chat-completions wire format: messages to a request body, a response body to a Reply.

Source of the format: the OpenAI API reference, chat completions, which Azure OpenAI, vLLM, Ollama and llama.cpp
serve too. Only text and images go out: the names and ids of parts say where text comes from and stay here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from osler.core.errors import ModelError
from osler.core.types import Message, Part, Reply, ToolCall

CHARS_PER_TOKEN = 4  # the usual rule of thumb, used only where a server reports no usage


def chat_body(
    fields: dict[str, Any], messages: Sequence[Message], *, images: bool = True, omit: Iterable[str] = ()
) -> bytes:
    """The JSON body of one request: ``fields`` (changed in place) plus the messages, less the fields in ``omit``.

    Raises ModelError (kind ``unsupported`` or ``encoding``) where a message cannot be put on the wire.
    """
    fields["messages"] = wire_messages(messages, images=images)
    for name in omit:
        fields.pop(name, None)
    try:
        return orjson.dumps(fields, default=_plain)
    except TypeError:
        failed = ModelError(
            "a message cannot be written as JSON: it has text that is not valid Unicode, or a schema that is not JSON",
            hint="read the data as UTF-8",
            kind="encoding",
        )
    raise failed


def wire_messages(messages: Sequence[Message], *, images: bool = True) -> list[dict[str, Any]]:
    """Messages as the server reads them.

    A part of an assistant message with the name ``tool_call`` holds ``{"name": ..., "arguments": ...}`` as JSON; it
    is sent as a tool call with a running id, and the tool messages after it answer these calls in order. A tool
    message that answers no call is sent as a user message, since servers refuse it otherwise.
    """
    out: list[dict[str, Any]] = []
    asked: list[str] = []
    calls = 0
    for message in messages:
        role = message.role
        if role == "assistant" and any(part.name == "tool_call" for part in message.parts):
            sent = [_tool_call(part, calls + i) for i, part in enumerate(_called(message))]
            calls += len(sent)
            asked = [call["id"] for call in sent]
            said = "\n".join(p.text for p in message.parts if p.kind == "text" and p.name != "tool_call")
            out.append({"role": role, "content": said or None, "tool_calls": sent})
        elif role == "tool" and asked:
            out.append({"role": role, "tool_call_id": asked.pop(0), "content": message.text})
        else:
            out.append({"role": "user" if role == "tool" else role, "content": _content(message, images)})
    return out


def _called(message: Message) -> list[Part]:
    return [part for part in message.parts if part.name == "tool_call"]


def _tool_call(part: Part, index: int) -> dict[str, Any]:
    try:
        call = orjson.loads(part.text)
        name, arguments = call["name"], call["arguments"]
    except (ValueError, KeyError, TypeError):
        raise ModelError(
            "a part named tool_call does not hold a call",
            hint='write it as {"name": ..., "arguments": ...}',
            kind="unsupported",
        ) from None
    if not isinstance(arguments, str):
        arguments = orjson.dumps(arguments).decode()
    return {"id": f"call_{index}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _content(message: Message, images: bool) -> str | list[dict[str, Any]]:
    parts = message.parts
    texts = [part.text for part in parts if part.kind == "text"]
    if len(texts) == len(parts):
        return "\n".join(texts)
    if not images:
        raise ModelError("the endpoint is not set to take images", hint="set images = true", kind="unsupported")
    return [_content_part(part) for part in parts]


def _content_part(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    if part.kind == "image" and part.data:
        url = f"data:{part.media or 'image/png'};base64,{b64encode(part.data).decode()}"
        return {"type": "image_url", "image_url": {"url": url}}
    what = "an image without data" if part.kind == "image" else f"a {part.kind}"
    raise ModelError(f"a message holds {what}, which an endpoint cannot be sent", kind="unsupported")


def tool_fields(tools: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Tools as the server reads them: plain ``{name, description, parameters}`` are wrapped, wrapped ones kept."""
    return [dict(t) if "function" in t else {"type": "function", "function": dict(t)} for t in tools]


def response_format(schema: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """``mode`` json_schema holds the server to ``schema``; json_object only asks for some JSON object."""
    if mode == "json_object":
        return {"type": "json_object"}
    named = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": named}


def is_strict(schema: Any) -> bool:
    """Whether every object in ``schema`` is closed and requires all its properties, as strict decoding needs."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "object" or "properties" in schema:
            known = set(schema.get("properties", ()))
            if schema.get("additionalProperties") is not False or known != set(schema.get("required", ())):
                return False
        return all(is_strict(item) for item in schema.values())
    if isinstance(schema, (list, tuple)):
        return all(is_strict(item) for item in schema)
    return True


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError


def read_reply(
    payload: Mapping[str, Any], *, model: str, sent: int, latency_s: float, usd_per_million: tuple[float, float]
) -> Reply | None:
    """The Reply in a response body, or None when it has no choices.

    ``sent`` is the length of the request in characters: where the server gives no usage, tokens are estimated
    from it and from the texts at 4 characters a token, so that budgets still count. ``finish`` is the server's
    word, or ``refusal`` (``text`` is then the refusal) or ``empty`` (no content and no tool call).
    """
    choices = payload.get("choices")
    if not isinstance(choices, list) or not choices:
        return None
    if len(choices) > 1:
        choices.sort(key=_index)
    texts = tuple(_text(choice["message"]) for choice in choices)
    first = choices[0]
    message = first["message"]
    calls = message.get("tool_calls")
    finish = first.get("finish_reason") or "stop"
    if message.get("refusal"):
        finish = "refusal"
    elif not texts[0] and not calls and finish == "stop":
        finish = "empty"
    usage = payload.get("usage") or {}
    tokens_in = usage.get("prompt_tokens")
    if tokens_in is None:
        tokens_in = sent // CHARS_PER_TOKEN + 1
    tokens_out = usage.get("completion_tokens")
    if tokens_out is None:
        tokens_out = sum(map(len, texts)) // CHARS_PER_TOKEN + 1
    listed = first.get("logprobs")
    return Reply(
        text=texts[0],
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        logprobs=_token_logprobs(listed) if listed else None,
        model=payload.get("model") or model,
        texts=texts,
        tool_calls=tuple(_called_tool(call) for call in calls) if calls else (),
        finish=finish,
        latency_s=latency_s,
        cost_usd=(tokens_in * usd_per_million[0] + tokens_out * usd_per_million[1]) / 1e6,
    )


def _index(choice: Mapping[str, Any]) -> int:
    return choice.get("index") or 0


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content or message.get("refusal") or ""
    if isinstance(content, list):  # some servers answer in parts
        return "".join(part.get("text") or "" for part in content)
    return message.get("refusal") or ""


def _called_tool(call: Mapping[str, Any]) -> ToolCall:
    function = call["function"]
    return ToolCall(id=call.get("id") or "", name=function["name"], arguments=function.get("arguments") or "{}")


def _token_logprobs(listed: Mapping[str, Any]) -> dict[str, float] | None:
    """Log-probability of each token, keyed ``position:token`` since a token may come twice."""
    tokens = listed.get("content")
    return {f"{i}:{token['token']}": token["logprob"] for i, token in enumerate(tokens)} if tokens else None
