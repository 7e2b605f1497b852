"""Limits and retries against a real server that fails."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from osler.core.errors import ModelError
from osler.core.types import Message, Model, Prompt, Reply
from osler.models.endpoint import Endpoint
from osler.models.limit import Limited, limits_of
from osler.models.stub_server import Running, running

CANARY = "Mr Canary Quill"


def prompts(count: int) -> list[tuple[Message, ...]]:
    made = (
        Prompt(id=str(i), question=f"{CANARY}, case {i}: eligible?", choices=("yes", "no", "maybe"))
        for i in range(count)
    )
    return [prompt.messages() for prompt in made]


async def all_of(model: Model, messages: Sequence[Sequence[Message]]) -> list[Reply | BaseException]:
    return await asyncio.gather(*(model.generate(item) for item in messages), return_exceptions=True)


def against(stub: Running, work: Callable[[Limited], Awaitable[None]], **settings: Any) -> Limited:
    endpoint = Endpoint(model="m", base_url=stub.url, api_key_env="", **settings)
    model = limits_of(endpoint)

    async def run() -> None:
        try:
            await work(model)
        finally:
            await model.aclose()

    asyncio.run(run())
    return model


def test_the_server_sees_no_more_requests_at_once_than_allowed() -> None:
    async def work(model: Limited) -> None:
        assert all(isinstance(item, Reply) for item in await all_of(model, prompts(60)))

    with running(latency_ms=10) as stub:
        model = against(stub, work, concurrency=5)
        stats = stub.stats()
    assert (stats["peak"], stats["requests"], model.stats.peak) == (5, 60, 5)
    assert stats["connections"] <= 7


@pytest.mark.parametrize("form", ["seconds", "ms", "date"])
def test_retry_after_of_a_server_is_honoured(form: str) -> None:
    asked = 2.0 if form == "date" else 0.3  # a date has whole seconds

    async def work(model: Limited) -> None:
        start = time.monotonic()
        assert isinstance(await model.generate(prompts(1)[0]), Reply)
        assert time.monotonic() - start >= (0.9 if form == "date" else asked)

    with running(faults={"429": 0.5}, seed=8, retry_after=asked, retry_after_form=form) as stub:
        model = against(stub, work, backoff_s=0.0)
        assert stub.stats()["kinds"] == {"429": 1, "ok": 1}  # by the seed
    assert model.stats.throttled == 1


def test_a_storm_of_faults_is_weathered() -> None:
    storm = {"429": 0.1, "500": 0.1, "timeout": 0.02, "broken_json": 0.05, "truncated": 0.05, "encoding": 0.05}
    storm |= {"reset": 0.03, "empty": 0.03, "400": 0.03, "context": 0.03}
    found: list[Reply | BaseException] = []

    async def work(model: Limited) -> None:
        found.extend(await all_of(model, prompts(300)))

    with running(faults=storm, seed=3) as stub:
        model = against(stub, work, timeout_s=2.0, retries=15, backoff_s=0.002, concurrency=32)
        stats = stub.stats()
    errors = [item for item in found if isinstance(item, BaseException)]
    assert all(isinstance(item, ModelError) for item in errors)
    kinds = Counter(item.kind for item in errors if isinstance(item, ModelError))
    assert kinds == {"http_400": stats["kinds"]["400"], "context": stats["kinds"]["context"]}
    assert {item.text for item in found if isinstance(item, Reply)} == {"yes", "no", "maybe"}
    # On a busy machine an answer may come, or a request arrive, only after the time-out: it is then asked once more.
    assert stats["kinds"]["ok"] >= 300 - len(errors)
    assert model.stats.attempts == 300 + model.stats.retries
    assert 300 <= stats["requests"] <= model.stats.attempts
    assert set(stats["kinds"]) == {"ok", *storm}
    assert stats["distinct"] == 300
    assert stats["peak"] <= 32
    assert CANARY not in "".join(map(str, errors))
