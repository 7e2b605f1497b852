"""Limits around a model: how many calls at once, how many a minute, how long, and how often to ask again."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from osler.core.errors import ModelError
from osler.core.types import Message, Model, Reply
from osler.models.endpoint import Endpoint
from osler.models.wire import CHARS_PER_TOKEN

CUT = 0.8  # a 429 leaves this share of the live concurrency
LONGEST_BACKOFF_S = 30.0
LONGEST_WAIT_S = 120.0  # a server that asks for more than this has no room today: the call fails at once


@dataclass(slots=True)
class LimitStats:
    """Counts over the life of a Limited. ``peak`` calls were in flight at once; ``waited_s`` seconds backed off."""

    calls: int = 0
    attempts: int = 0
    retries: int = 0
    throttled: int = 0
    failed: int = 0
    peak: int = 0
    waited_s: float = 0.0


class Gate:
    """A semaphore whose width moves: cut to 0.8 by each 429, grown back by one after as many answers as its width.

    Waiters are served in order. Requests that were already under way when the width was cut do not cut it again.
    """

    def __init__(self, width: int) -> None:
        if width < 1:
            raise ValueError("a gate needs a width of at least 1")
        self.most = width
        self.width = float(width)
        self.inside = 0
        self.cuts = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    def take(self) -> bool:
        """Enter at once if there is room and nobody waits."""
        if self._waiting or self.inside >= int(self.width):
            return False
        self.inside += 1
        return True

    async def wait(self) -> None:
        """Queue up and enter."""
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the turn came in the moment of the cancellation: pass it on
            elif turn in self._waiting:  # leave() may have dropped it in between
                self._waiting.remove(turn)
            raise

    def leave(self) -> None:
        self.inside -= 1
        while self._waiting and self.inside < int(self.width):
            turn = self._waiting.popleft()
            if not turn.done():
                self.inside += 1
                turn.set_result(None)

    def cut(self, seen: int) -> None:
        """Narrow after a 429 on a request that was sent after ``seen`` cuts."""
        if seen == self.cuts:
            self.cuts += 1
            self.width = max(1.0, self.width * CUT)

    def grow(self) -> None:
        self.width = min(float(self.most), self.width + 1.0 / self.width)


class Rate:
    """So many units a minute, evenly: each taker is told how long to wait. One second's worth may come at once."""

    def __init__(self, per_minute: float, clock: Callable[[], float]) -> None:
        self._each_s = 60.0 / per_minute
        self._burst_s = max(1.0, self._each_s)
        self._clock = clock
        self._next = clock() - self._burst_s

    def take(self, units: float) -> float:
        """Reserve ``units`` and return the seconds until they are due."""
        now = self._clock()
        due = max(self._next, now - self._burst_s)
        self._next = due + units * self._each_s
        return max(0.0, due + min(units * self._each_s, self._burst_s) - now)

    def give_back(self, units: float) -> None:
        """Units that were reserved and not used (negative: used beyond the reservation)."""
        self._next -= units * self._each_s


class Limited:
    """A Model around a Model that keeps to limits and asks again after errors that are ``retryable``.

    ``concurrency`` calls are in flight at most; fewer after a 429, until answers come again. ``requests_per_minute``
    and ``tokens_per_minute`` 0 mean no such limit; tokens are those of the prompt (4 characters each) and
    ``max_tokens``, corrected by the reply's usage. ``timeout_s`` 0 leaves the time-out to the model. The wait before
    retry i is drawn from 0 to ``backoff_s * 2**i`` seconds (full jitter), at most 30, and never less than the server
    asked for; a call waiting to retry holds no place. ``seed`` fixes the draws; ``clock`` and ``sleep`` are seconds.
    """

    def __init__(
        self,
        inner: Model,
        *,
        concurrency: int = 16,
        requests_per_minute: int = 0,
        tokens_per_minute: int = 0,
        timeout_s: float = 0.0,
        retries: int = 6,
        backoff_s: float = 0.5,
        seed: int = 0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.inner = inner
        self.stats = LimitStats()
        self.gate = Gate(concurrency)
        self._requests = Rate(requests_per_minute, clock) if requests_per_minute else None
        self._tokens = Rate(tokens_per_minute, clock) if tokens_per_minute else None
        self._timeout_s = timeout_s
        self._retries = retries
        self._backoff_s = backoff_s
        self._draw = random.Random(seed)
        self._sleep = sleep

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
        def ask() -> Awaitable[Reply]:
            return self.inner.generate(
                messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
            )

        return await self._call(ask, messages, max_tokens * n)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self._call(lambda: self.inner.score(messages, choices), messages, 1)

    async def aclose(self) -> None:
        """Close the model inside, where it can be closed."""
        close = getattr(self.inner, "aclose", None)
        if close is not None:
            await close()

    async def _call(self, ask: Callable[[], Awaitable[Reply]], messages: Sequence[Message], tokens_out: int) -> Reply:
        stats = self.stats
        stats.calls += 1
        gate = self.gate
        tried = 0
        while True:
            if not gate.take():
                await gate.wait()
            stats.attempts += 1
            if gate.inside > stats.peak:
                stats.peak = gate.inside
            seen = gate.cuts
            try:
                reply = await self._attempt(ask, messages, tokens_out)
            except ModelError as error:
                failed = error
            else:
                if gate.cuts:
                    gate.grow()
                return reply
            finally:
                gate.leave()
            if failed.kind == "http_429":
                stats.throttled += 1
                gate.cut(seen)
            await self._back_off(failed, tried)
            tried += 1

    def _attempt(
        self, ask: Callable[[], Awaitable[Reply]], messages: Sequence[Message], tokens_out: int
    ) -> Awaitable[Reply]:
        if self._requests is None and self._tokens is None:
            return self._timed(ask) if self._timeout_s else ask()
        return self._paced(ask, messages, tokens_out)

    async def _paced(self, ask: Callable[[], Awaitable[Reply]], messages: Sequence[Message], tokens_out: int) -> Reply:
        wait = self._requests.take(1) if self._requests is not None else 0.0
        need = 0
        if self._tokens is not None:
            need = sum(len(part.text) for m in messages for part in m.parts) // CHARS_PER_TOKEN + tokens_out
            wait = max(wait, self._tokens.take(need))
        if wait > 0.0:
            await self._sleep(wait)
        reply = await (self._timed(ask) if self._timeout_s else ask())
        if self._tokens is not None:
            self._tokens.give_back(need - reply.tokens_in - reply.tokens_out)
        return reply

    async def _timed(self, ask: Callable[[], Awaitable[Reply]]) -> Reply:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await ask()
        except TimeoutError:
            failed = ModelError(
                f"the model did not answer within {self._timeout_s:g} s",
                hint="raise timeout_s",
                retryable=True,
                kind="timeout",
            )
        raise failed

    async def _back_off(self, failed: ModelError, tried: int) -> None:
        """Wait before the next attempt, or raise ``failed`` where there is none."""
        asked = failed.retry_after or 0.0
        if not failed.retryable or tried >= self._retries or asked > LONGEST_WAIT_S:
            self.stats.failed += 1
            raise failed
        drawn = self._draw.uniform(0.0, min(LONGEST_BACKOFF_S, self._backoff_s * 2.0 ** min(tried, 30)))
        wait = max(asked, drawn) if asked <= drawn else asked + self._draw.uniform(0.0, self._backoff_s)
        self.stats.retries += 1
        self.stats.waited_s += wait
        await self._sleep(wait)


def limits_of(model: Model, *, concurrency: int = 16, seed: int = 0) -> Limited:
    """``model`` within the limits of the Endpoint at its heart; any other model gets ``concurrency`` and no retries.

    The endpoint is looked for along ``inner``, so a guard or a cache may stand around it. It times itself out.
    """
    heart: Any = model
    while not isinstance(heart, Endpoint) and getattr(heart, "inner", None) is not None:
        heart = heart.inner
    if not isinstance(heart, Endpoint):
        return Limited(model, concurrency=concurrency, retries=0, seed=seed)
    return Limited(
        model,
        concurrency=heart.concurrency,
        requests_per_minute=heart.requests_per_minute,
        tokens_per_minute=heart.tokens_per_minute,
        retries=heart.retries,
        backoff_s=heart.backoff_s,
        seed=seed,
    )
