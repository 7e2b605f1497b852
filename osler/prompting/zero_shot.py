"""Zero-shot: the question as it is, nothing shown. The rung every other method is compared with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from osler.core.block import block
from osler.core.types import Model, Prediction, Prompt
from osler.prompting.reading import generated, need_labels, weigh


@block
class ZeroShot:
    """Ask once and read the answer.

    by: ``score`` takes the likeliest of the choices, ``generate`` reads text, ``auto`` generates where the model
    can and scores where it can only score. temperature 0 is the guide's default for classification (practice 7).
    """

    by: Literal["auto", "generate", "score"] = "auto"
    temperature: float = 0.0
    max_tokens: int = 256

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate|score" if self.by == "auto" else self.by})

    def calls(self, prompt: Prompt) -> int:
        return 1

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if self.by == "score" or (self.by == "auto" and "generate" not in model.supports):
            need_labels(prompt, "zero_shot that scores")
            return weigh(await model.score(prompt.messages(), prompt.labels), prompt)
        return await generated(prompt, model, seed=seed, temperature=self.temperature, max_tokens=self.max_tokens)
