"""The same model asked several times: a view of it with its own temperature and seed.

A strategy that samples hands such views to the strategy inside it, which then shows the same demonstrations and sends
the same messages each time; only the draw differs. Every sample is a call of its own, so it is kept and never paid
twice when k grows.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from osler.core.errors import SpecError
from osler.core.types import Message, Model, Reply, Strategy

T = TypeVar("T")
SPACING = 1_000  # seeds of one study are small numbers; samples of one seed stay apart from those of the next


@dataclasses.dataclass(frozen=True)
class Sampled:
    """Sample ``index`` of ``model``: generates at ``temperature`` (None: as asked) with a seed of its own.

    What else a model can do (count tokens, say what its context holds) is that of the model itself.
    """

    model: Model
    index: int
    temperature: float | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.model, name)

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


async def together(calls: Sequence[Awaitable[T]]) -> list[T]:
    """All of ``calls`` at once, results in their order. The first error is raised once every call has ended, so that
    no sample goes on in the background of a case that has failed."""
    found = await asyncio.gather(*calls, return_exceptions=True)
    done: list[T] = []
    for one in found:
        if isinstance(one, BaseException):
            raise one
        done.append(one)
    return done


def need_samples(name: str, count: int, inner: Strategy) -> None:
    """Refuse a number of samples out of range, and an inner strategy that only scores and so has nothing to sample."""
    if not 1 <= count <= SPACING:
        raise SpecError(f"{name} must be from 1 to {SPACING}, got {count}", hint=f"{name} = 5")
    if inner.needs == {"score"}:
        raise SpecError(
            f"{name} asks for samples, but {type(inner).__name__} scores the choices and is the same each time",
            hint='use an inner strategy that generates, such as zero_shot with by = "generate"',
        )


def need_heat(name: str, temperature: float) -> None:
    """Refuse a temperature at which all samples are the same."""
    if not 0.0 < temperature <= 2.0:
        raise SpecError(
            f"{name} must be above 0 and at most 2, got {temperature}",
            hint="at temperature 0 every sample is the same; the papers use 0.5 to 0.8",
        )
