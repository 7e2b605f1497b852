"""Self-consistency: several chains of thought are sampled and their answers voted on (Wang et al. 2023, "Self-consistency
improves chain of thought reasoning in language models", arXiv:2203.11171, section 2)."""

from __future__ import annotations

from typing import ClassVar

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.sampling import Sampled, need_heat, need_samples, together
from osler.prompting.voting import plurality


@block
class SelfConsistency(Around):
    """Sample the inner strategy k times and take the plurality; ``votes`` are the shares, the confidence.

    k and temperature are those of Wang et al. (section 3.1: 40 samples at 0.7); Med-PaLM takes 11, MEDITRON 5 at 0.8.
    ``temperatures``, where given, are shared out evenly over the k samples in this order, as Lievin et al. 2022
    (arXiv:2207.08143) do with five values near 0.5. Every sample has a seed of its own. A sample that cannot be read
    has no vote.
    """

    k: int = 40
    temperature: float = 0.7
    temperatures: tuple[float, ...] = ()
    inner: Strategy = ChainOfThought()

    several: ClassVar[bool] = True  # its answer is made of several

    def check(self) -> None:
        need_samples("self_consistency.k", self.k, self.inner)
        for value in self.temperatures or (self.temperature,):
            need_heat("self_consistency.temperature", value)
        if self.temperatures and self.k % len(self.temperatures):
            raise SpecError(
                f"self_consistency shares {self.k} samples over {len(self.temperatures)} temperatures, which leaves a rest",
                hint=f"k = {len(self.temperatures) * max(1, self.k // len(self.temperatures))}",
            )

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.k * self.inner.calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        views = [Sampled(model, index, self._heat(index)) for index in range(self.k)]
        return plurality(await together([self.inner.predict(prompt, view, seed=seed) for view in views]), prompt)

    def _heat(self, index: int) -> float:
        if not self.temperatures:
            return self.temperature
        return self.temperatures[index * len(self.temperatures) // self.k]
