"""What a search may use, and a view of a model that counts it.

A reply from the store counts as when it was first paid. So a search that was killed and started again takes the same
decisions, though most of its calls cost nothing the second time.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.errors import OslerError, SpecError
from osler.core.types import Message, Model, Reply
from osler.models.view import beside


@block
class Allowance:
    """What a whole search may use: model calls, tokens in and out, US dollars. None does not bind."""

    calls: int | None = None
    tokens: int | None = None
    usd: float | None = None

    def check(self) -> None:
        for name in ("calls", "tokens", "usd"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise SpecError(f"allowance.{name} must be above 0, got {value}", hint="leave it out for no limit")


@dataclasses.dataclass(frozen=True)
class Used:
    """Calls, tokens and US dollars. ``fresh``: calls that the store did not answer; ``paid``: US dollars of those."""

    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    fresh: int = 0
    paid: float = 0.0

    def __sub__(self, other: Used) -> Used:
        return Used(*(a - b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


class AllowanceSpent(OslerError):
    """The next call of a search could pass its allowance, so it was not made. The search ends; the study goes on."""


class Metered:
    """A view of ``model`` that counts what it answers, and refuses the next call once ``allowance`` is used up.

    Calls are counted when they start, so their number is never passed; tokens and US dollars are known when a reply is
    there, so calls in flight at the end may pass those.
    """

    def __init__(self, model: Model, allowance: Allowance | None = None, *, shared: Metered | None = None) -> None:
        self.model = model
        self.allowance = allowance or Allowance()
        self._counts = shared if shared is not None else self
        self._used = Used()
        self._started = 0

    @property
    def supports(self) -> frozenset[str]:
        return self.model.supports

    @property
    def used(self) -> Used:
        return self._counts._used

    def beside(self, other: Model) -> Metered:
        """Another model, counted together with this one and behind the same guards."""
        return Metered(beside(self.model, other), self.allowance, shared=self._counts)

    def short(self, calls: int) -> str:
        """Why ``calls`` more calls may not be made; "" where they are within the allowance."""
        ended, most = self._ended(), self.allowance.calls
        if ended:
            return f"the allowance of {ended} is used up"
        if most is not None and self._counts._started + calls > most:
            return f"what comes next could pass the allowance of {most:,} calls"
        return ""

    def _ended(self) -> str:
        held, used = self.allowance, self.used
        if held.calls is not None and self._counts._started >= held.calls:
            return f"{held.calls:,} calls"
        if held.tokens is not None and used.tokens >= held.tokens:
            return f"{held.tokens:,} tokens"
        return f"{held.usd:.4g} USD" if held.usd is not None and used.usd >= held.usd else ""

    def _begin(self) -> None:
        ended = self._ended()
        if ended:
            raise AllowanceSpent(f"the search has used its allowance of {ended}", hint="raise its budget")
        self._counts._started += 1

    def _count(self, reply: Reply) -> Reply:
        used, fresh = self.used, not reply.cached
        self._counts._used = Used(
            used.calls + 1,
            used.tokens + reply.tokens_in + reply.tokens_out,
            used.usd + reply.cost_usd,
            used.fresh + fresh,
            used.paid + reply.cost_usd * fresh,
        )
        return reply

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
        self._begin()
        return self._count(
            await self.model.generate(
                messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
            )
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        self._begin()
        return self._count(await self.model.score(messages, choices))
