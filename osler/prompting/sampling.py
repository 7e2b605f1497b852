"""The same model asked several times: a view of it with its own temperature and seed.

A strategy that samples hands such views to the strategy inside it, which then shows the same demonstrations and sends
the same messages each time; only the draw differs. Every sample is a call of its own, so it is kept and never paid
twice when k grows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.types import Message, Model, Reply

SPACING = 1_000  # seeds of one study are small numbers; samples of one seed stay apart from those of the next


@dataclasses.dataclass(frozen=True)
class Sampled:
    """Sample ``index`` of ``model``: generates at ``temperature`` (None: as asked) with a seed of its own."""

    model: Model
    index: int
    temperature: float | None = None

    @property
    def supports(self) -> frozenset[str]:
        return self.model.supports

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
        return await self.model.generate(
            messages,
            temperature=temperature if self.temperature is None else self.temperature,
            seed=seed * SPACING + self.index,
            max_tokens=max_tokens,
            schema=schema,
            tools=tools,
            n=n,
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self.model.score(messages, choices)
