"""Concurrency, rates, retries and time-outs around a model."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.errors import ModelError, PrivacyError
from osler.core.types import Message, Model, Part, Reply
from osler.models.endpoint import Endpoint
from osler.models.limit import CUT, Gate, Limited, Rate, limits_of

MESSAGES = (Message("user", (Part("x" * 400),)),)


class Scripted:
    """A model that fails as told, call by call, then answers."""

    supports = frozenset({"generate", "score"})

    def __init__(self, failures: Sequence[Exception] = (), *, takes_s: float = 0.0, tokens_out: int = 1) -> None:
        self.failures = list(failures)
        self.takes_s = takes_s
        self.tokens_out = tokens_out
        self.calls = 0
        self.inside = 0
        self.peak = 0

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
        self.calls += 1
        self.inside += 1
        self.peak = max(self.peak, self.inside)
        try:
            await asyncio.sleep(self.takes_s)
        finally:
            self.inside -= 1
        if self.failures:
            raise self.failures.pop(0)
        return Reply(text="ok", tokens_in=100, tokens_out=self.tokens_out)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self.generate(messages)


class Clock:
    """A clock that sleeping moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def busy(after: float | None = None) -> ModelError:
    return ModelError("busy", retryable=True, kind="http_429", retry_after=after)


def down() -> ModelError:
    return ModelError("down", retryable=True, kind="http_500")


def limited(inner: Model, clock: Clock, **settings: Any) -> Limited:
    return Limited(inner, clock=clock, sleep=clock.sleep, **settings)


def test_a_retryable_error_is_asked_again_with_growing_jitter() -> None:
    clock, inner = Clock(), Scripted([down() for _ in range(5)])
    model = limited(inner, clock, retries=5, backoff_s=1.0, seed=4)
    assert isinstance(model, Model)
    assert asyncio.run(model.generate(MESSAGES)).text == "ok"
    assert inner.calls == 6
    assert all(0.0 <= wait <= 2.0**i for i, wait in enumerate(clock.slept))
    assert len(set(clock.slept)) == 5
    assert (model.stats.calls, model.stats.attempts, model.stats.retries, model.stats.failed) == (1, 6, 5, 0)
    assert model.stats.waited_s == pytest.approx(sum(clock.slept))
    again = Clock()
    asyncio.run(limited(Scripted([down() for _ in range(5)]), again, backoff_s=1.0, seed=4).generate(MESSAGES))
    assert again.slept == clock.slept


@pytest.mark.parametrize("error", [ModelError("no", kind="http_400"), PrivacyError("no"), KeyError("no")], ids=repr)
def test_other_errors_are_raised_at_once(error: Exception) -> None:
    clock, inner = Clock(), Scripted([error])
    model = limited(inner, clock)
    with pytest.raises(type(error)) as caught:
        asyncio.run(model.generate(MESSAGES))
    assert caught.value is error
    assert (inner.calls, clock.slept, model.gate.inside) == (1, [], 0)


def test_the_last_error_is_raised_when_retries_are_used_up() -> None:
    clock, inner = Clock(), Scripted([down() for _ in range(9)])
    model = limited(inner, clock, retries=2)
    with pytest.raises(ModelError, match="down"):
        asyncio.run(model.score(MESSAGES, ("A", "B")))
    assert (inner.calls, model.stats.retries, model.stats.failed) == (3, 2, 1)


@given(asked=st.floats(0.0, 100.0), backoff=st.floats(0.0, 5.0), seed=st.integers(0, 99))
def test_the_wait_is_never_shorter_than_the_server_asked(asked: float, backoff: float, seed: int) -> None:
    clock = Clock()
    model = limited(Scripted([busy(asked)]), clock, backoff_s=backoff, seed=seed)
    asyncio.run(model.generate(MESSAGES))
    assert asked <= clock.slept[0] <= asked + backoff


def test_a_server_that_asks_for_an_hour_is_not_waited_for() -> None:
    clock = Clock()
    with pytest.raises(ModelError) as caught:
        asyncio.run(limited(Scripted([busy(3600.0)]), clock).generate(MESSAGES))
    assert (caught.value.retry_after, clock.slept) == (3600.0, [])


def test_a_429_cuts_the_width_once_a_wave_and_answers_widen_it() -> None:
    inner = Scripted([busy() for _ in range(10)], takes_s=0.001)
    model = Limited(inner, concurrency=10, backoff_s=0.0)

    async def wave(size: int) -> None:
        await asyncio.gather(*(model.generate(MESSAGES) for _ in range(size)))

    asyncio.run(wave(10))
    assert model.stats.throttled == 10
    assert model.gate.cuts == 1
    assert 10 * CUT < model.gate.width <= 10
    asyncio.run(wave(40))
    assert model.gate.width == 10


def test_the_width_never_falls_below_one() -> None:
    gate = Gate(4)
    for _ in range(50):
        gate.cut(gate.cuts)
    assert gate.width == 1.0
    assert gate.take()
    assert not gate.take()


def test_no_more_calls_than_allowed_are_in_flight() -> None:
    inner = Scripted(takes_s=0.001)
    model = Limited(inner, concurrency=7)

    async def run() -> None:
        await asyncio.gather(*(model.generate(MESSAGES) for _ in range(100)))

    asyncio.run(run())
    assert (inner.peak, model.stats.peak, inner.calls) == (7, 7, 100)


def test_calls_that_are_cancelled_give_their_place_back() -> None:
    inner = Scripted(takes_s=0.01)
    model = Limited(inner, concurrency=2)

    async def run() -> None:
        tasks = [asyncio.create_task(model.generate(MESSAGES)) for _ in range(12)]
        await asyncio.sleep(0.001)
        for task in tasks[::2]:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        assert Counter(type(item).__name__ for item in done) == {"CancelledError": 6, "Reply": 6}
        assert model.gate.inside == 0
        await asyncio.gather(*(model.generate(MESSAGES) for _ in range(4)))

    asyncio.run(run())
    assert inner.peak == 2


def test_a_place_handed_to_a_cancelled_call_is_passed_on() -> None:
    async def run() -> None:
        gate = Gate(1)
        assert gate.take()
        first, second = asyncio.create_task(gate.wait()), asyncio.create_task(gate.wait())
        await asyncio.sleep(0)
        gate.leave()  # hands the place to `first`, which is cancelled before it runs
        first.cancel()
        await asyncio.wait_for(second, 1.0)
        assert gate.inside == 1

    asyncio.run(run())


@given(per_minute=st.integers(1, 6000), takes=st.integers(2, 200))
def test_a_rate_is_kept_in_every_window(per_minute: int, takes: int) -> None:
    clock = Clock()
    rate = Rate(per_minute, clock)
    due = [clock.now + rate.take(1) for _ in range(takes)]
    assert due == sorted(due)
    for i, start in enumerate(due):
        inside = sum(1 for at in due[i:] if at < start + 60.0 - 1e-6)
        assert inside <= per_minute + max(1.0, per_minute / 60.0) + 1e-6
    assert due[-1] - due[0] <= (takes - 1) * 60.0 / per_minute + 1e-6


def test_requests_a_minute() -> None:
    clock, inner = Clock(), Scripted()
    model = limited(inner, clock, requests_per_minute=60)

    async def run() -> None:
        for _ in range(5):
            await model.generate(MESSAGES)

    asyncio.run(run())
    assert clock.slept == pytest.approx([1.0] * 4)


def test_tokens_a_minute_count_what_was_used() -> None:
    clock, inner = Clock(), Scripted(tokens_out=20)
    model = limited(inner, clock, tokens_per_minute=600)

    async def run() -> None:
        for _ in range(3):  # 100 + 50 reserved, 120 used: 12 s each
            await model.generate(MESSAGES, max_tokens=50)

    asyncio.run(run())
    assert clock.now - 1000.0 == pytest.approx(2 * 12.0, abs=2.1)


def test_an_attempt_may_be_timed_here() -> None:
    inner = Scripted(takes_s=5.0)
    with pytest.raises(ModelError) as caught:
        asyncio.run(Limited(inner, timeout_s=0.02, retries=2, backoff_s=0.0).generate(MESSAGES))
    assert (caught.value.kind, inner.calls) == ("timeout", 3)


def test_limits_are_read_from_the_endpoint_at_the_heart() -> None:
    endpoint = Endpoint(model="m", concurrency=3, requests_per_minute=10, retries=1, backoff_s=2.0)
    outer = Limited(endpoint, concurrency=99)
    found = limits_of(outer)
    assert found.inner is outer
    assert found.gate.most == 3
    assert found.supports == endpoint.supports
    assert limits_of(Scripted(), concurrency=5).gate.most == 5
