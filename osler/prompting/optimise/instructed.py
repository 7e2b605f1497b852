"""Instructed: a strategy under an instruction that was found or written for it."""

from __future__ import annotations

from typing import Literal

from osler.core.block import block
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around
from osler.prompting.zero_shot import ZeroShot


@block
class Instructed(Around):
    """Put ``instruction`` before the task's own (``extend``) or in its place (``replace``).

    The task's own usually says how the answer is to be written, so dropping it costs readable answers.
    """

    instruction: str = ""
    inner: Strategy = ZeroShot()
    mode: Literal["extend", "replace"] = "extend"

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        own = prompt.instruction if self.mode == "extend" or not self.instruction else ""
        held = "\n".join(text for text in (self.instruction, own) if text)
        return await self.inner.predict(prompt.replace(instruction=held), model, seed=seed)
