"""The guard around every model of a run: cache outermost, then the context window, the limits, and the budget."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
from collections.abc import Iterator
from typing import Any

from osler.core.block import block_id
from osler.core.store import Store
from osler.models.budget import Budget, Budgeted, prices
from osler.models.cache import Cached
from osler.models.limit import limits_of
from osler.models.window import Window
from osler.study.cells import identity

LOCAL_WIDTH = 256  # calls in flight to a model that runs here: enough to fill its batches


@dataclasses.dataclass
class Guards:
    """Puts the guard of a study around its models, and around others that take part in conversations, once each."""

    study: str
    store: Store
    budget: Budget
    others: dict[str, tuple[Any, Cached]] = dataclasses.field(default_factory=dict)

    def around(self, base: Any) -> tuple[Cached, int]:
        """A model behind its guard, and how many calls it takes at once."""
        usd_in, usd_out = prices(base)
        # The budget stands inside the limits, so that every attempt draws on it, not only the one that succeeds.
        paid = Budgeted(base, self.budget, usd_in=usd_in, usd_out=usd_out) if self.budget.binds else base
        limited = limits_of(paid, concurrency=LOCAL_WIDTH)
        # A prompt that cannot fit is refused inside the cache, so that no finished call is lost to it, and before
        # limits and budget, so that it takes no place and no money.
        windowed = Window(limited)
        return Cached(windowed, self.store, study=self.study, identity=identity(base)), limited.gate.most

    def through(self, other: Any) -> Cached:
        """Another model of a conversation, such as the one that plays the patient."""
        name = block_id(other)
        if name not in self.others:
            self.others[name] = (other, self.around(other)[0])
        return self.others[name][1]

    async def close(self) -> None:
        """Close the connections of the other models."""
        for other, _ in self.others.values():
            close = getattr(other, "aclose", None)
            if close is not None:
                await close()
        self.others.clear()


@contextlib.contextmanager
def rare_collections() -> Iterator[None]:
    """A call makes some hundred objects that die with it; looking for cycles among them took a tenth of a run."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], 20_000) if before[0] else 0, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
