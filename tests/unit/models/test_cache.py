"""The cache: one call is made once, its key covers everything, and a fault reaches everybody who waits."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from osler.core.errors import ModelError
from osler.core.store import Store
from osler.core.types import Message, Model, Part, Reply
from osler.models.cache import Cached
from osler.models.simulated import Simulated


class Counting:
    """A model that counts what it is asked and answers with the number of the call."""

    supports = frozenset({"generate", "score"})

    def __init__(self, *, fail: bool = False, wait_s: float = 0.01) -> None:
        self.asked = 0
        self.fail, self.wait_s = fail, wait_s

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
        return await self._answer()

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self._answer()

    async def _answer(self) -> Reply:
        self.asked += 1
        number = self.asked
        await asyncio.sleep(self.wait_s)
        if self.fail:
            raise ModelError("no answer", kind="timeout")
        return Reply(text=f"answer {number}", cost_usd=0.5)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "s.sqlite") as store:
        yield store


def ask(text: str = "hello", **part: Any) -> tuple[Message, ...]:
    return (Message("user", (Part(text, **part),)),)


def test_the_same_call_is_made_once_now_and_later(store: Store) -> None:
    inner = Counting()

    async def go() -> list[Reply]:
        model = Cached(inner, store, study="s")
        return [*(await asyncio.gather(*(model.generate(ask()) for _ in range(20)))), await model.generate(ask())]

    replies = asyncio.run(go())
    assert inner.asked == 1
    assert {reply.text for reply in replies} == {"answer 1"}
    assert [reply.cached for reply in replies] == [False] + [True] * 20
    assert len({reply.key for reply in replies}) == 1
    other = Counting()
    again = asyncio.run(Cached(other, store, study="later").generate(ask()))
    assert (again.text, again.cached, other.asked) == ("answer 1", True, 0)
    assert store.spent("s").calls == 1


def test_a_fault_reaches_all_who_wait_and_is_not_kept(store: Store) -> None:
    inner = Counting(fail=True)
    model = Cached(inner, store, study="s")

    async def go() -> list[Reply | BaseException]:
        return await asyncio.gather(*(model.generate(ask()) for _ in range(10)), return_exceptions=True)

    told = asyncio.run(go())
    assert [getattr(error, "kind", "") for error in told] == ["timeout"] * 10
    assert inner.asked == 1
    inner.fail = False
    assert asyncio.run(model.generate(ask())).text == "answer 2"
    assert store.spent("s").calls == 1


def test_who_waits_goes_on_when_the_one_who_asked_is_cancelled(store: Store) -> None:
    inner = Counting(wait_s=0.05)
    model = Cached(inner, store, study="s")

    async def go() -> list[Reply]:
        first = asyncio.create_task(model.generate(ask()))
        await asyncio.sleep(0)
        others = [asyncio.create_task(model.generate(ask())) for _ in range(3)]
        await asyncio.sleep(0.01)
        first.cancel()
        found = await asyncio.wait_for(asyncio.gather(*others), timeout=5)
        assert first.cancelled()
        return found

    assert [reply.text for reply in asyncio.run(go())] == ["answer 2"] * 3
    assert inner.asked == 2


def test_who_waits_can_be_cancelled_alone(store: Store) -> None:
    inner = Counting(wait_s=0.05)
    model = Cached(inner, store, study="s")

    async def go() -> tuple[Reply, bool]:
        first = asyncio.create_task(model.generate(ask()))
        await asyncio.sleep(0)
        other = asyncio.create_task(model.generate(ask()))
        await asyncio.sleep(0.01)
        other.cancel()
        return await first, other.cancelled() or other.cancelling() > 0

    reply, stopped = asyncio.run(go())
    assert (reply.text, stopped, inner.asked) == ("answer 1", True, 1)


def test_the_key_covers_every_setting(store: Store) -> None:
    inner = Counting(wait_s=0)

    async def go() -> list[str]:
        model = Cached(inner, store, study="s")
        image = Message("user", (Part(kind="image", data=b"\x00\x01", media="image/png"),))
        other = Message("user", (Part(kind="image", data=b"\x00\x02", media="image/png"),))
        calls = [
            model.generate(ask()),
            model.generate(ask("hullo")),
            model.generate(ask(id="case 1")),
            model.generate((Message("system", (Part("hello"),)),)),
            model.generate([*ask(), *ask()]),
            model.generate(ask(), temperature=0.5),
            model.generate(ask(), seed=1),
            model.generate(ask(), max_tokens=511),
            model.generate(ask(), schema={"type": "object"}),
            model.generate(ask(), schema={"type": "string"}),
            model.generate(ask(), tools=[{"name": "dose"}]),
            model.generate(ask(), n=2),
            model.generate((image,)),
            model.generate((other,)),
            model.score(ask(), ["yes", "no"]),
            model.score(ask(), ["no", "yes"]),
            Cached(inner, store, study="s", identity="another model").generate(ask()),
        ]
        return [(await call).key for call in calls]

    keys = asyncio.run(go())
    assert len(set(keys)) == len(keys) == inner.asked


def test_two_settings_of_a_block_are_two_models(store: Store) -> None:
    key = {"q": "yes"}
    asked = (
        Message(
            "user",
            (Part("Urgent?", name="question", id="q"), Part("Answer with exactly one of: yes | no", name="choices")),
        ),
    )

    async def go() -> set[str]:
        models = [Cached(Simulated(skill=skill, key=key), store, study="s") for skill in (0.2, 0.3)]
        return {(await model.generate(asked)).key for model in models}

    assert len(asyncio.run(go())) == 2


def test_a_list_and_a_tuple_of_messages_are_one_call(store: Store) -> None:
    inner = Counting()

    async def go() -> None:
        model = Cached(inner, store, study="s")
        await model.generate(ask())
        await model.generate(list(ask()), tools=[])

    asyncio.run(go())
    assert inner.asked == 1


def test_a_reply_is_durable_when_it_is_returned(store: Store) -> None:
    async def go() -> None:
        reply = await Cached(Counting(), store, study="s").generate(ask())
        with Store(store.path) as other:  # another connection sees committed rows only
            found = other.reply(reply.key)
        assert found == dataclasses.replace(reply, cached=True)

    asyncio.run(go())


def test_the_cache_is_a_model(store: Store) -> None:
    model = Cached(Counting(), store, study="s")
    assert isinstance(model, Model)
    assert model.supports == frozenset({"generate", "score"})
