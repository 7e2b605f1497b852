"""Cite: add the evidence sentences nearest to the question, for models that answer without citing."""

from __future__ import annotations

import dataclasses

from osler.core.block import block
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.models.encoder import Encoder
from osler.prompting.around import Around
from osler.prompting.zero_shot import ZeroShot


@block
class Cite(Around):
    """Cites at most ``at_most`` passages whose cosine with the question is at least ``threshold``.

    It names where to look; it does not claim that the answer was derived from there. Predictions whose answer is in
    ``silent`` cite nothing: an answer that says evidence is missing has none to show.
    """

    inner: Strategy = ZeroShot()
    encoder: Encoder = Encoder()
    at_most: int = 1
    threshold: float = 0.25
    silent: tuple[str, ...] = ("not enough information",)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        found = await self.inner.predict(prompt, model, seed=seed)
        if not prompt.evidence or not found.parsed:
            return found
        cited: tuple[str, ...] = ()
        if found.answer not in self.silent:
            vectors = await self.encoder.embed([prompt.question, *(passage.text for passage in prompt.evidence)])
            near = vectors[1:] @ vectors[0]
            order = sorted(range(len(near)), key=lambda i: -float(near[i]))[: self.at_most]
            cited = tuple(prompt.evidence[i].id for i in sorted(order) if near[i] >= self.threshold)
        return dataclasses.replace(found, evidence=cited)
