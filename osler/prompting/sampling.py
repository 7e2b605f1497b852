"""The same model asked several times: a view of it with its own temperature and seed.

A strategy that samples hands such views to the strategy inside it, which then shows the same demonstrations and sends
the same messages each time; only the draw differs. Every sample is a call of its own, so it is kept and never paid
twice when k grows.
"""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

from osler.core.errors import BudgetError, ModelError, PrivacyError, SpecError
from osler.core.types import Strategy
from osler.models.view import View

T = TypeVar("T")
SPACING = 1_000  # seeds of one study are small numbers; samples of one seed stay apart from those of the next


@dataclasses.dataclass(frozen=True)
class Sampled(View):
    """Sample ``index`` of ``model``: generates at ``temperature`` (None: as asked) with a seed of its own."""

    index: int
    temperature: float | None = None

    def settings(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        own = {} if self.temperature is None else {"temperature": self.temperature}
        return {**given, **own, "seed": given["seed"] * SPACING + self.index}


async def together(calls: Sequence[Awaitable[T]]) -> list[T]:
    """All of ``calls`` at once, results in their order. An error is raised once every call has ended, so that no sample
    goes on in the background of a case that has failed: the gravest one.

    One failed sample fails its case: a vote over fewer samples is another method, and would not come out the same
    again. What the others said is in the store, so that the next run asks for the failed one alone.
    """
    found = await asyncio.gather(*calls, return_exceptions=True)
    failed = [one for one in found if isinstance(one, BaseException)]
    if failed:
        raise gravest(failed)
    return [one for one in found if not isinstance(one, BaseException)]


def gravest(failed: Sequence[BaseException]) -> BaseException:
    """One of several errors, so that who runs a case sees what a single call would have raised: one that must end the
    run before one of the case (a privacy fault, a spent budget, whatever is no fault of a model), else the first."""
    every: list[BaseException] = []
    for error in failed:
        every.append(gravest(error.exceptions) if isinstance(error, BaseExceptionGroup) else error)
    for kind in (PrivacyError, BudgetError):
        grave = [error for error in every if isinstance(error, kind)]
        if grave:
            return grave[0]
    return next((error for error in every if not isinstance(error, ModelError)), every[0])


def need_samples(name: str, count: int, inner: Strategy) -> None:
    """Refuse a number of samples out of range, and an inner strategy that only scores and so has nothing to sample."""
    if not 1 <= count <= SPACING:
        raise SpecError(f"{name} must be from 1 to {SPACING}, got {count}", hint=f"{name} = 5")
    if inner.needs == {"score"}:
        raise SpecError(
            f"{name} asks for samples, but {type(inner).__name__} scores the choices and is the same each time",
            hint='use an inner strategy that generates, such as zero_shot with by = "generate"',
        )


def need_heat(name: str, temperature: float) -> None:
    """Refuse a temperature at which all samples are the same."""
    if not 0.0 < temperature <= 2.0:
        raise SpecError(
            f"{name} must be above 0 and at most 2, got {temperature}",
            hint="at temperature 0 every sample is the same; the papers use 0.5 to 0.8",
        )
