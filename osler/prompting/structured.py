"""Structured output: JSON with the rationale before the answer, so that the answer follows from it and can be read
(the guide's practice 7; the order of keys as in MedRAG and TrialGPT)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block, canonical
from osler.core.types import Message, Model, Part, Prediction, Prompt, Reply
from osler.evaluation.metrics.structure.schemas import validator
from osler.evaluation.parsing.texts import structure
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
    """Ask for JSON by schema; an unreadable answer is sent back ``repairs`` times with what is wrong with it.

    A prompt with a schema of its own is answered with that JSON; one that asks for a text, with the text under the key
    "answer".
    """

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
        told = f"{prompt.instruction}\nAnswer with {_form(schema)}.".strip()
        asked = prompt.replace(instruction=told, schema=schema)
        messages = list(asked.messages())
        replies: list[Reply] = []
        for _ in range(1 + self.repairs):
            reply = await model.generate(
                messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens, schema=schema
            )
            replies.append(reply)
            found = _read(reply, prompt, asked, strict=True)
            broken = _broken(found, prompt, schema)
            if found.parsed and not broken:
                break
            messages += [
                Message("assistant", (Part(reply.text),)),
                Message("user", (Part(_complaint(reply.text, schema, broken)),)),
            ]
        else:
            found = _read(replies[-1], prompt, asked)  # tolerant, as the last resort; it may still be unparsed
        return dataclasses.replace(found, replies=tuple(replies))


def _form(schema: Mapping[str, Any]) -> str:
    keys = ", ".join(schema.get("properties", ()))
    if keys:
        return f"one JSON object with the keys {keys}, in this order"
    return "one JSON list" if schema.get("type") == "array" else "one JSON value of the form that was asked for"


def _read(reply: Reply, prompt: Prompt, asked: Prompt, *, strict: bool = False) -> Prediction:
    """``read``, and for a prompt that asks for a text the value of the key "answer"."""
    if prompt.labels or prompt.schema is not None:
        return read(reply, asked, strict=strict)
    held = structure(reply.text)
    whole = orjson.loads(held) if held else None
    if isinstance(whole, dict) and isinstance(whole.get("answer"), str):
        text, why = whole["answer"].strip(), whole.get("rationale")
        return Prediction(
            answer=text or None, rationale=why if isinstance(why, str) else "", replies=(reply,), parsed=bool(text)
        )
    broken = strict or reply.text.lstrip()[:1] in ("{", "[", "`")  # JSON that was cut off is no text
    return Prediction(answer=None, replies=(reply,), parsed=False) if broken else read(reply, prompt)


def _broken(found: Prediction, prompt: Prompt, schema: Mapping[str, Any]) -> str:
    """The rule of the task's own schema that an answer breaks, "" for none. What ``read`` makes of labels follows ours."""
    if prompt.schema is None or prompt.labels or found.answer is None:
        return ""
    from jsonschema.exceptions import best_match

    problem = best_match(validator(canonical(dict(schema))).iter_errors(orjson.loads(found.answer)))
    if problem is None:
        return ""
    where = ".".join(map(str, problem.absolute_path)) or "the whole"
    return f"breaks the schema at {where}: {problem.message}"


def _complaint(text: str, schema: Mapping[str, Any], broken: str = "") -> str:
    try:
        orjson.loads(text)
        wrong = broken or "does not follow the schema"
    except orjson.JSONDecodeError:
        wrong = "is not valid JSON"
    allowed = schema.get("properties", {}).get("answer", {}).get("enum", ())
    rule = f' "answer" must be one of: {" | ".join(allowed)}.' if allowed else ""
    what = "object" if "properties" in schema else "value"
    return f"That answer {wrong}. Send only the JSON {what}, nothing before or after it.{rule}"
