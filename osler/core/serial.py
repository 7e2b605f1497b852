"""How replies, predictions and examples stand in a store: JSON, there and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from osler.core.types import Example, Prediction, Reply, ToolCall


def prediction_json(prediction: Prediction) -> bytes:
    """Without the text of stored replies: that is kept once, under its key."""
    return orjson.dumps(
        {
            "answer": prediction.answer,
            "rationale": prediction.rationale,
            "evidence": prediction.evidence,
            "votes": prediction.votes,
            "parsed": prediction.parsed,
            "failure": prediction.failure,
            "replies": [
                {"key": reply.key, "cached": reply.cached, "latency_s": reply.latency_s} if reply.key else reply
                for reply in prediction.replies
            ],
        }
    )


def reply_from(data: Mapping[str, Any], *, key: str = "", cached: bool | None = None) -> Reply:
    fields = dict(data)
    fields["texts"] = tuple(fields.get("texts", ()))
    fields["tool_calls"] = tuple(ToolCall(**call) for call in fields.get("tool_calls", ()))
    fields["key"] = key or fields.get("key", "")
    if cached is not None:
        fields["cached"] = cached
    return Reply(**fields)


def prediction_from(data: Mapping[str, Any], find: Any) -> Prediction:
    """``find(key)`` gives a stored reply or None (a reply that was deleted leaves an empty one)."""
    replies = []
    for item in data["replies"]:
        if not item.get("key"):
            replies.append(reply_from(item))
            continue
        found = find(item["key"]) or Reply(text="", key=item["key"], finish="deleted")
        fields = {name: getattr(found, name) for name in found.__slots__}
        replies.append(Reply(**{**fields, "cached": item["cached"], "latency_s": item["latency_s"]}))
    evidence = data["evidence"]
    return Prediction(
        answer=data["answer"],
        rationale=data["rationale"],
        evidence=None if evidence is None else tuple(evidence),
        replies=tuple(replies),
        votes=data["votes"],
        parsed=data["parsed"],
        failure=data["failure"],
    )


def example_from(data: Mapping[str, Any]) -> Example:
    return Example(
        id=data["id"],
        input=data["input"],
        target=data["target"],
        choices=tuple(data["choices"]),
        meta=data["meta"],
    )
