"""A view of a model that keeps every call: what was sent, with which settings, and what came back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.types import Message, Reply
from osler.models.view import View


@dataclasses.dataclass(frozen=True)
class Call:
    """One call. ``choices`` are those of ``score``; a call of ``generate`` has none."""

    messages: tuple[Message, ...]
    reply: Reply
    temperature: float = 0.0
    seed: int = 0
    max_tokens: int = 0
    schema: Mapping[str, Any] | None = None
    tools: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Heard(View):
    """Passes calls on and keeps them in ``calls``, in the order in which they were answered, those of models beside it
    among them."""

    calls: list[Call] = dataclasses.field(default_factory=list)

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        reply = await self.model.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )
        names = tuple(str(tool.get("name", "")) for tool in tools)
        self.calls.append(Call(tuple(messages), reply, temperature, seed, max_tokens, schema, names))
        return reply

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        reply = await self.model.score(messages, choices)
        self.calls.append(Call(tuple(messages), reply, choices=tuple(choices)))
        return reply
