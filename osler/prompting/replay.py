"""Replay: read what a recorded model once said, however it was prompted then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from osler.core.block import block
from osler.core.types import Model, Prediction, Prompt
from osler.prompting.reading import generated


@block
class Replay:
    """Adds nothing to the prompt: the recorded source did its own prompting, which its model card names."""

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        return await generated(prompt, model, seed=seed)
