"""A Model around a model that asks the store first: the same call is never made twice."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import block_id, digest, is_block
from osler.core.store import Store
from osler.core.types import Message, Model, Part, Reply


class Cached:
    """Keeps every reply under the hash of the whole call (model id, messages, every setting).

    Two equal calls at the same time become one. A reply is returned only once it would survive a killed process.
    """

    def __init__(self, inner: Model, store: Store, *, study: str, identity: str = "") -> None:
        self.inner = inner
        self._store = store
        self._study = study
        self._identity = identity or (block_id(inner) if is_block(inner) else type(inner).__name__)
        self._flying: dict[str, asyncio.Future[Reply]] = {}
        self.lend: Callable[[Any], Model] | None = None

    def beside(self, other: Model) -> Model:
        """Another model that a method asks beside this one, behind the same guards; a study says how with ``lend``."""
        return Cached(other, self._store, study=self._study) if self.lend is None else self.lend(other)

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
        call = ("generate", self._identity, _sent(messages), temperature, seed, max_tokens, schema, tuple(tools), n)

        def ask() -> Awaitable[Reply]:
            return self.inner.generate(
                messages, temperature=temperature, seed=seed, max_tokens=max_tokens, schema=schema, tools=tools, n=n
            )

        return await self._once(call, ask)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        call = ("score", self._identity, _sent(messages), tuple(choices))
        return await self._once(call, lambda: self.inner.score(messages, choices))

    async def _once(self, call: tuple[Any, ...], ask: Callable[[], Awaitable[Reply]]) -> Reply:
        request = orjson.dumps(call, default=_plain)
        key = digest(request)
        found = self._store.reply(key)
        if found is not None:
            return found
        while (flying := self._flying.get(key)) is not None:
            try:
                return dataclasses.replace(await asyncio.shield(flying), cached=True)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not flying.cancelled() or (task is not None and task.cancelling()):
                    raise  # it is this call that was cancelled; else its maker was, and this one asks itself
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._flying[key] = future
        try:
            reply = dataclasses.replace(await ask(), key=key)
            await self._store.put_reply(key, request, reply, study=self._study)
            future.set_result(reply)
            return reply
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # whoever waits has it; nobody waiting is no fault
            raise
        finally:
            del self._flying[key]


def _sent(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as the key and the stored request hold them; a part of plain text without its empty fields."""
    return [{"role": message.role, "parts": [_part(part) for part in message.parts]} for message in messages]


def _part(part: Part) -> Any:
    if part.kind != "text" or part.data or part.media:
        return part
    return {"text": part.text, "kind": "text", "name": part.name, "id": part.id}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
