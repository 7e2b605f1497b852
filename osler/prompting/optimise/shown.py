"""Shown: a strategy with a fixed list of demonstrations that a search has put together."""

from __future__ import annotations

from osler.core.block import block
from osler.core.types import Demo, Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around
from osler.prompting.demonstrations import same
from osler.prompting.zero_shot import ZeroShot


@block
class Shown(Around):
    """Put ``demos`` before every question, in their order; one that is the case itself, by id or word for word, is left
    out."""

    demos: tuple[Demo, ...] = ()
    inner: Strategy = ZeroShot()

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        held = tuple(demo for demo in self.demos if not same(demo, prompt))
        return await self.inner.predict(prompt.replace(demos=held), model, seed=seed)
