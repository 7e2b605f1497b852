"""Structured output: JSON with the rationale before the answer, so that the answer follows from it and can be read
(the guide's practice 7; the order of keys as in MedRAG and TrialGPT)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block
from osler.core.types import Message, Model, Part, Prediction, Prompt
from osler.prompting.reading import read


def answer_schema(prompt: Prompt) -> dict[str, Any]:
    """The JSON schema of an answer to ``prompt``: rationale, cited evidence ids (where there is evidence), answer."""
    properties: dict[str, Any] = {"rationale": {"type": "string"}}
    if prompt.evidence:
        ids = [passage.id for passage in prompt.evidence]
        properties["evidence"] = {"type": "array", "items": {"type": "string", "enum": ids}}
    properties["answer"] = {"type": "string", "enum": list(prompt.labels)} if prompt.labels else {"type": "string"}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


@block
class Structured:
    """Ask for JSON by schema; an unreadable answer is sent back ``repairs`` times with what is wrong with it."""

    repairs: int = 1
    temperature: float = 0.0
    max_tokens: int = 1024

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1 + self.repairs

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        schema = prompt.schema or answer_schema(prompt)
        keys = ", ".join(schema["properties"])
        told = f"{prompt.instruction}\nAnswer with one JSON object with the keys {keys}, in this order.".strip()
        asked = prompt.replace(instruction=told, schema=schema)
        messages = list(asked.messages())
        replies = []
        for _ in range(1 + self.repairs):
            reply = await model.generate(
                messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens, schema=schema
            )
            replies.append(reply)
            found = read(reply, asked, strict=True)
            if found.parsed:
                break
            messages += [
                Message("assistant", (Part(reply.text),)),
                Message("user", (Part(_complaint(reply.text, schema)),)),
            ]
        else:
            found = read(replies[-1], asked)  # tolerant, as the last resort; it may still be unparsed
        return dataclasses.replace(found, replies=tuple(replies))


def _complaint(text: str, schema: Mapping[str, Any]) -> str:
    try:
        orjson.loads(text)
        wrong = "does not follow the schema"
    except orjson.JSONDecodeError:
        wrong = "is not valid JSON"
    allowed = schema["properties"].get("answer", {}).get("enum", ())
    rule = f' "answer" must be one of: {" | ".join(allowed)}.' if allowed else ""
    return f"That answer {wrong}. Send only the JSON object, nothing before or after it.{rule}"
