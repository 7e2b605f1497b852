"""A budget in money, tokens and calls that stops before it is overspent: reserve before the call, settle after."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from osler.core.errors import BudgetError
from osler.core.store import Spent
from osler.core.types import Message, Model, Reply

BYTES_PER_TOKEN = 3.0  # on the safe side: English text has about 4; bytes, as other scripts cost more a character


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Upper guess of the tokens of ``messages``: bytes of their text / 3 plus 8 a message for its frame."""
    size = sum(len(part.text.encode(errors="replace")) for message in messages for part in message.parts)
    return int(size / BYTES_PER_TOKEN) + 8 * len(messages) + 8


def prices(model: object) -> tuple[float, float]:
    """US dollars per million tokens (in, out) that a model says it costs; 0 for models that run here."""
    return float(getattr(model, "usd_per_million_in", 0.0)), float(getattr(model, "usd_per_million_out", 0.0))


_UNBOUND: Mapping[str, float | None] = {"usd": None, "tokens": None, "calls": None}


class Budget:
    """Shared by all models of a study. A limit of None does not bind. ``spent`` goes on from earlier sessions."""

    def __init__(
        self,
        *,
        usd: float | None = None,
        tokens: int | None = None,
        calls: int | None = None,
        spent: Spent | None = None,
    ) -> None:
        self.limits: dict[str, float | None] = {"usd": usd, "tokens": tokens, "calls": calls}
        start = spent or Spent()
        self.spent: dict[str, float] = {"usd": start.usd, "tokens": start.tokens, "calls": start.calls}
        self._reserved: dict[str, float] = {"usd": 0.0, "tokens": 0.0, "calls": 0.0}
        self._settled = asyncio.Event()
        self.failed = 0  # attempts of this session that were made and not answered

    @property
    def binds(self) -> bool:
        return self.limits != _UNBOUND

    async def reserve(self, need: Mapping[str, float]) -> None:
        """Set ``need`` aside. Waits for calls in flight to settle; raises BudgetError when that cannot help."""
        while True:
            short = self._short(need)
            if short is None:
                for unit, amount in need.items():
                    self._reserved[unit] += amount
                return
            if self._reserved["calls"] <= 0:
                raise BudgetError(
                    f"the next call could pass the budget of {_amount(short, self.limits[short] or 0.0)} "
                    f"({_amount(short, self.spent[short])} are spent, the call may need {_amount(short, need[short])})",
                    hint=f"raise budget_{short} in the study file and run the same command: finished calls are kept",
                )
            self._settled.clear()
            await self._settled.wait()

    def settle(self, need: Mapping[str, float], used: Mapping[str, float]) -> None:
        for unit, amount in need.items():
            self._reserved[unit] = max(0.0, self._reserved[unit] - amount)
        for unit, amount in used.items():
            self.spent[unit] += amount
        self._settled.set()

    def _short(self, need: Mapping[str, float]) -> str | None:
        for unit, limit in self.limits.items():
            if limit is not None and self.spent[unit] + self._reserved[unit] + need[unit] > limit:
                return unit
        return None


class Budgeted:
    """A Model around a model whose calls draw on a Budget."""

    def __init__(self, inner: Model, budget: Budget, *, usd_in: float = 0.0, usd_out: float = 0.0) -> None:
        self.inner = inner
        self.budget = budget
        self._usd_in, self._usd_out = usd_in / 1e6, usd_out / 1e6

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
        call = self.inner.generate(
            messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
        )
        return await self._within(messages, max_tokens * n, call)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self._within(messages, 1, self.inner.score(messages, choices))

    async def _within(self, messages: Sequence[Message], tokens_out: int, call: Awaitable[Reply]) -> Reply:
        if not self.budget.binds:
            return await call
        tokens_in = estimate_tokens(messages)
        usd = tokens_in * self._usd_in + tokens_out * self._usd_out
        need = {"usd": usd, "tokens": float(tokens_in + tokens_out), "calls": 1.0}
        try:
            await self.budget.reserve(need)
        except BaseException:
            getattr(call, "close", lambda: None)()  # the coroutine was never started
            raise
        used = {"usd": 0.0, "tokens": 0.0, "calls": 1.0}
        answered = False
        try:
            reply = await call
            answered = True
            used["usd"], used["tokens"] = reply.cost_usd, float(reply.tokens_in + reply.tokens_out)
            return reply
        finally:
            self.budget.failed += not answered
            self.budget.settle(need, used)


def _amount(unit: str, value: float) -> str:
    return f"{value:.4g} USD" if unit == "usd" else f"{value:,.0f} {unit}"
