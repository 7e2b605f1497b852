"""What optimisers share: a strategy to start from, the winner of the search, and an allowance."""

from __future__ import annotations

from typing import Any, ClassVar

from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around
from osler.prompting.optimise.allowance import Allowance


class Optimiser(Around):
    """Base of optimisers: blocks with ``inner`` (what is improved), ``winner`` (None until ``fit``) and ``budget``.

    The fitted block is the frozen winner: ``predict`` asks it and nothing else.
    """

    validates: ClassVar[bool] = True
    winner: Strategy | None
    budget: Allowance

    def calls(self, prompt: Prompt) -> int:
        return (self.winner or self.inner).calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        return await frozen(self).predict(prompt, model, seed=seed)


def need_writer(name: str, model: Model | None) -> None:
    """Refuse a model that is to criticise or to propose and can only score choices."""
    if model is not None and "generate" not in model.supports:
        raise SpecError(f"{name} must be a model that can generate, and {type(model).__name__} cannot")


def frozen(block: Any) -> Strategy:
    """The winner of a search; SpecError before the search."""
    if block.winner is None:
        raise SpecError(
            f"{type(block).__name__} has searched nothing yet, so there is no strategy to ask",
            hint="call fit with training and validation cases; a study does so by itself",
        )
    held: Strategy = block.winner
    return held
