"""The budget: exactly as many calls as fit are made, nothing is overspent, and what was spent before counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.errors import BudgetError, ModelError
from osler.core.store import Spent
from osler.core.types import Message, Model, Part, Reply
from osler.models.budget import Budget, Budgeted, estimate_tokens, prices

ASK = (Message("user", (Part("x" * 300),)),)


class Priced:
    """A model with prices that uses ``share`` of what a call may use."""

    supports = frozenset({"generate", "score"})
    usd_per_million_in = 1000.0
    usd_per_million_out = 2000.0

    def __init__(self, *, share: float = 1.0, fail: bool = False) -> None:
        self.share, self.fail = share, fail
        self.asked = self.inside = self.peak = 0

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
        return await self._answer(estimate_tokens(messages), max_tokens * n)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self._answer(estimate_tokens(messages), 1)

    async def _answer(self, tokens_in: int, most: int) -> Reply:
        self.asked += 1
        self.inside += 1
        self.peak = max(self.peak, self.inside)
        await asyncio.sleep(0.001)
        self.inside -= 1
        if self.fail:
            raise ModelError("no answer")
        used_in, used_out = int(tokens_in * self.share), int(most * self.share)
        usd = used_in * self.usd_per_million_in / 1e6 + used_out * self.usd_per_million_out / 1e6
        return Reply(text="x", tokens_in=used_in, tokens_out=used_out, cost_usd=usd)


def flood(model: Priced, budget: Budget, calls: int = 64, max_tokens: int = 100) -> list[Reply | BaseException]:
    async def go() -> list[Reply | BaseException]:
        usd_in, usd_out = prices(model)
        one = Budgeted(model, budget, usd_in=usd_in, usd_out=usd_out)
        waiting = (one.generate(ASK, max_tokens=max_tokens) for _ in range(calls))
        return await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), timeout=20)

    return asyncio.run(go())


def passed(told: list[Reply | BaseException]) -> int:
    assert all(isinstance(one, (Reply, BudgetError)) for one in told)
    return sum(isinstance(one, Reply) for one in told)


@pytest.mark.parametrize("k", [0, 1, 7, 63, 64, 100])
@pytest.mark.parametrize("unit", ["calls", "tokens", "usd"])
def test_exactly_the_calls_that_fit_pass(k: int, unit: str) -> None:
    tokens_in = estimate_tokens(ASK)
    each = {"calls": 1.0, "tokens": tokens_in + 100.0, "usd": (tokens_in * 1000 + 100 * 2000) / 1e6}[unit]
    limit = k * each * (1 + 1e-9)
    model = Priced()
    budget = Budget(**{unit: limit})  # type: ignore[arg-type]
    told = flood(model, budget)
    assert passed(told) == model.asked == min(k, 64)
    assert budget.spent[unit] <= limit
    if k < 64:
        refused = next(one for one in told if isinstance(one, BudgetError))
        assert f"raise budget_{unit}" in refused.hint


@settings(max_examples=30)
@given(st.floats(0.0, 1.0), st.integers(0, 8000))
def test_nothing_is_overspent_and_what_was_reserved_in_vain_is_used(share: float, limit: int) -> None:
    model, budget = Priced(share=share), Budget(tokens=limit)
    told = flood(model, budget, calls=40)
    used = sum(one.tokens_in + one.tokens_out for one in told if isinstance(one, Reply))
    assert budget.spent["tokens"] == used <= limit
    need = estimate_tokens(ASK) + 100
    # Whoever was refused was refused when all had settled: not one more call could have fitted.
    assert passed(told) == 40 or used + need > limit


def test_it_goes_on_from_what_was_spent_before() -> None:
    model = Priced()
    budget = Budget(calls=10, spent=Spent(calls=7, tokens=99, usd=1.0))
    assert passed(flood(model, budget)) == 3
    assert budget.spent["calls"] == 10


def test_a_call_that_fails_gives_back_what_it_had_set_aside() -> None:
    model = Priced(fail=True)
    budget = Budget(tokens=10_000)
    told = flood(model, budget, calls=100)
    assert [type(one) for one in told] == [ModelError] * 100
    assert budget.spent == {"usd": 0.0, "tokens": 0.0, "calls": 100.0}


def test_a_cancelled_call_gives_back_what_it_had_set_aside() -> None:
    async def go() -> Reply:
        budget = Budget(calls=2)
        one = Budgeted(Priced(), budget)
        first = asyncio.create_task(one.generate(ASK))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return await asyncio.wait_for(one.generate(ASK), timeout=5)

    assert asyncio.run(go()).text == "x"


def test_without_a_limit_nothing_waits() -> None:
    model, budget = Priced(), Budget()
    assert passed(flood(model, budget)) == 64
    assert model.peak == 64
    assert not budget.binds


def test_n_answers_and_scores_are_counted() -> None:
    budget = Budget(tokens=estimate_tokens(ASK) + 250)

    async def go() -> None:
        one = Budgeted(Priced(), budget)
        with pytest.raises(BudgetError):
            await one.generate(ASK, max_tokens=100, n=3)
        assert (await one.score(ASK, ["a", "b"])).tokens_out == 1

    asyncio.run(go())
    assert budget.spent["calls"] == 1


@given(st.lists(st.text(max_size=60), max_size=4))
def test_the_estimate_of_tokens_errs_on_the_high_side(texts: list[str]) -> None:
    messages = [Message("user", (Part(text),)) for text in texts]
    assert estimate_tokens(messages) >= sum(len(text.encode()) for text in texts) // 4 + len(texts)


def test_a_budgeted_model_is_a_model() -> None:
    assert isinstance(Budgeted(Priced(), Budget()), Model)
    assert prices(Priced()) == (1000.0, 2000.0)
    assert prices(object()) == (0.0, 0.0)
