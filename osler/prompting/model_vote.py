"""Several models asked the same, their answers voted on: an ensemble of models, as LLM-Synergy does it for medical
questions (Yang et al. 2023, One LLM is not enough, medRxiv 2023.12.21.23300380, weighted and plain majority vote)."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from osler.core.block import block
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.models.view import beside
from osler.prompting.around import Around
from osler.prompting.sampling import together
from osler.prompting.voting import plurality
from osler.prompting.zero_shot import ZeroShot


@block
class ModelVote(Around):
    """Ask the study's model and ``models`` by the same strategy; the plurality of their answers counts.

    Equal counts go to the answer given first, the study's own model being the first. A model that refuses a case for
    good has no vote there; where all do, or one is out of reach for now, the case fails. Other models go through the
    study's cache, limits and budget, and through the views of strategies around (samples, opinions, turns).
    """

    models: tuple[Model, ...] = ()
    inner: Strategy = ZeroShot()

    several: ClassVar[bool] = True  # its answer is made of several

    def check(self) -> None:
        if not self.models:
            raise SpecError("model_vote has no other model to ask", hint='models = ["...", "..."]')
        for model in self.models:
            lacking = [need for need in sorted(self.inner.needs) if not set(need.split("|")) & model.supports]
            if lacking:
                raise SpecError(
                    f"model_vote asks {type(model).__name__} by {type(self.inner).__name__}, which needs a model that can "
                    f"{lacking[0].replace('|', ' or ')}",
                    hint="name another model, or another inner strategy",
                )

    def calls(self, prompt: Prompt) -> int:
        return (1 + len(self.models)) * self.inner.calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        models = (model, *(beside(model, other) for other in self.models))
        failed: list[ModelError] = []

        async def one(asked: Model) -> Prediction | None:
            try:
                return await self.inner.predict(prompt, asked, seed=seed)
            except ModelError as error:
                if error.retryable:
                    raise  # it may answer on another day: kept now, a vote without it would stay for good
                failed.append(error)
                return None

        said = [found for found in await together([one(asked) for asked in models]) if found is not None]
        if not said:
            raise failed[0]
        voted = plurality(said, prompt)
        told = f"{len(failed)} of {len(models)} models failed" if failed else ""
        return dataclasses.replace(voted, rationale="\n".join(filter(None, (voted.rationale, told))))
