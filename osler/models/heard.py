"""A Model around a model that keeps every call: what was sent, with which settings, and what came back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.types import Message, Model, Reply


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


class Heard:
    """Passes calls on and keeps them in ``calls``, in the order in which they were answered."""

    def __init__(self, inner: Model) -> None:
        self.inner = inner
        self.calls: list[Call] = []

    @property
    def supports(self) -> frozenset[str]:
        return self.inner.supports

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
        reply = await self.inner.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )
        names = tuple(str(tool.get("name", "")) for tool in tools)
        self.calls.append(Call(tuple(messages), reply, temperature, seed, max_tokens, schema, names))
        return reply

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        reply = await self.inner.score(messages, choices)
        self.calls.append(Call(tuple(messages), reply, choices=tuple(choices)))
        return reply
