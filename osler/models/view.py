"""A view of a model: the same model, with something done to each call on its way."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from osler.core.types import Message, Model, Reply


@dataclasses.dataclass(frozen=True)
class View:
    """Base of views. A subclass changes ``put`` (the messages), ``settings`` (how they are asked), or ``generate``.

    What else a model can do (count tokens, say what its context holds) is that of the model itself. Another model that
    a method asks beside it is lent by the model itself, behind its guards, and seen through the same view.
    """

    model: Model

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.model, name)

    def beside(self, other: Model) -> Self:
        return dataclasses.replace(self, model=beside(self.model, other))

    def put(self, messages: Sequence[Message]) -> Sequence[Message]:
        return messages

    def settings(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        return given

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
        given = {
            "temperature": temperature,
            "seed": seed,
            "max_tokens": max_tokens,
            "schema": schema,
            "tools": tools,
            "n": n,
        }
        return await self.model.generate(self.put(messages), **self.settings(given))

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self.model.score(self.put(messages), choices)


def beside(model: Any, other: Model | None) -> Any:
    """``other`` as ``model`` lends it: behind the same guards and seen through the same views. A model with neither
    has nothing to lend: it is ``other`` itself. For None it is ``model``."""
    if other is None:
        return model
    lend = getattr(model, "beside", None)
    return other if lend is None else lend(other)
