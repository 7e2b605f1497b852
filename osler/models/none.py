"""No model: for systems that ask none, such as a search by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import ModelError
from osler.core.types import Message, Reply


@block
class NoModel:
    """Stands where a study names a model and its systems need none. Every call is refused."""

    supports: ClassVar[frozenset[str]] = frozenset()

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
        raise _refused()

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise _refused()


def _refused() -> ModelError:
    return ModelError("this study names no model, and a system asked it", hint="name a model", kind="unsupported")
