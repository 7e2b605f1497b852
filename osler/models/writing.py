"""What simulated models that write texts share: how a call is read, how a reply is made, and how chance is drawn."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from osler.core.block import snake
from osler.core.errors import ModelError, SpecError
from osler.core.types import Message, Part, Reply


@dataclasses.dataclass(frozen=True)
class Turn:
    """One text that is asked for. ``draw`` is "" at temperature 0, where a model says the same each time."""

    messages: Sequence[Message]
    draw: str
    schema: Mapping[str, Any] | None

    @property
    def parts(self) -> list[Part]:
        return [part for message in self.messages for part in message.parts]

    @property
    def case(self) -> str:
        """The id of the last question, "" without one."""
        return next((part.id for part in reversed(self.parts) if part.name == "question" and part.id), "")


class Writes:
    """Base of simulated models that write and never score. A subclass is a block with ``said``."""

    baseline: ClassVar[bool] = True  # it is told the answers, or says nothing that means anything: it passes no gate
    cost_usd: float = 0.0

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "schema"})

    def said(self, turn: Turn) -> str:
        raise NotImplementedError

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
        draws = [f"{seed}/{index}" if temperature > 0 else "" for index in range(n)]
        texts = tuple(self.said(Turn(messages, draw, schema)) for draw in draws)
        return Reply(
            text=texts[0],
            texts=texts,
            tokens_in=sum(len(message.text) for message in messages) // 4,
            tokens_out=sum(map(len, texts)) // 4,
            model=snake(type(self).__name__),
            cost_usd=self.cost_usd,
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Always a ModelError: it writes texts."""
        name = snake(type(self).__name__)
        raise ModelError(f"{name} writes texts and scores no choices", hint="use simulated", kind="unsupported")


def uniform(*words: object) -> float:
    """A number from 0 to 1, the same for the same words on every machine (BLAKE2b of the words)."""
    text = "\x1f".join(map(str, words)).encode("utf-8", "replace")
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") / float(1 << 56)


def need_shares(block: Any, *names: str) -> None:
    """SpecError unless the fields ``names`` of a block are probabilities."""
    for name in names:
        if not 0.0 <= getattr(block, name) <= 1.0:
            kind = snake(type(block).__name__)
            raise SpecError(f"{kind}.{name} must be from 0 to 1, got {getattr(block, name)}", hint=f"{name} = 0.5")


def no_key(block: Any, case: str) -> ModelError:
    """What a model says of a case that it was given no key for."""
    return ModelError(
        f"{snake(type(block).__name__)} has no key for the case {case!r}",
        hint="give it one with keyed(examples); a study does so by itself",
        kind="no_key",
    )
