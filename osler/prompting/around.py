"""What strategies around a strategy share: they need, cost and learn what the one inside does, unless they say more."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

from osler.core.block import is_block, replace
from osler.core.errors import SpecError
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


def parts(value: Any) -> Iterator[Any]:
    """Every block in ``value``, itself first: of a strategy all that stand in it, in any field."""
    if is_block(value):
        yield value
        value = tuple(getattr(value, field.name) for field in dataclasses.fields(value))
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (tuple, list)):
        for item in value:
            yield from parts(item)


def fitting_of(value: Any, cases: int) -> int:
    """Calls that fitting a strategy makes at most on so many training cases, itself or what it holds in any field."""
    own = getattr(value, "fitting", None)
    if is_block(value) and callable(own):
        return int(own(cases))
    if is_block(value):
        return sum(fitting_of(getattr(value, field.name), cases) for field in dataclasses.fields(value))
    if isinstance(value, (tuple, list)):
        return sum(fitting_of(item, cases) for item in value)
    return sum(fitting_of(item, cases) for item in value.values()) if isinstance(value, Mapping) else 0


def refuse_shuffled(name: str, *inside: Strategy) -> None:
    """Refuse a strategy inside that shuffles the choices: the letters in its replies are those of other orders, so they
    may be voted on and may not be shown again."""
    if any(hasattr(part, "permutations") for part in parts(inside)):
        raise SpecError(
            f"{name} shows what was said of the choices again, and choice_shuffle inside it changes their letters each time",
            hint=f"turn them round: choice_shuffle with inner = {name}",
        )
