"""Chain-of-thought: reasoning before the answer (Wei et al. 2022, arXiv:2201.11903; the zero-shot cue is that of
Kojima et al. 2022, arXiv:2205.11916)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from osler.core.block import block, replace
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.zero_shot import ZeroShot

FINISH = "Reason first, then finish with one line that reads 'Answer: ' and your answer."


@block
class ChainOfThought:
    """Add a cue after the question and ask for the answer on a last line, so that it can be read."""

    cue: str = "Let's think step by step."
    inner: Strategy = ZeroShot(by="generate", max_tokens=1024)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        fitted: Self = replace(self, inner=await self.inner.fit(train, model))
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        instruction = f"{prompt.instruction}\n{FINISH}".strip()
        return await self.inner.predict(prompt.replace(instruction=instruction, cue=self.cue), model, seed=seed)
