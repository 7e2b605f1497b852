"""What strategies around a strategy share: they need, cost and learn what the one inside does, unless they say more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from osler.core.block import is_block, replace
from osler.core.types import Model, Prompt, Strategy


class Around:
    """Base of strategies with a field ``inner``. A subclass is a block that adds ``predict``."""

    inner: Strategy

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        fitted: Self = replace(self, inner=await self.inner.fit(train, model))
        return fitted


def within(strategy: Any, name: str) -> Any:
    """The first value of an attribute ``name`` on a strategy or those inside it, outermost first; None without any."""
    while is_block(strategy):
        if hasattr(strategy, name):
            return getattr(strategy, name)
        strategy = getattr(strategy, "inner", None)
    return None
