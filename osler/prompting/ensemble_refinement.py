"""Ensemble refinement: the model reads several of its own chains of thought, refines them, and the refinements are voted on
(Singhal et al. 2023, "Towards expert-level medical question answering with large language models", Med-PaLM 2,
arXiv:2305.09617, section "Ensemble refinement")."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import ClassVar

from osler.core.block import block
from osler.core.types import Model, Part, Prediction, Prompt, Strategy
from osler.prompting.around import Around, refuse_shuffled
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.sampling import Sampled, need_heat, need_samples, together
from osler.prompting.turns import Beside
from osler.prompting.voting import plurality

REFINE = (
    "Above are {count} candidate answers to this question, drafted independently. Weigh their arguments against each "
    "other, whatever their number, then give your own refined explanation and answer."
)


@block
class EnsembleRefinement(Around):
    """``first`` chains are sampled; ``second`` refinements, each with all of the chains before it, are sampled and voted.

    11 and 33 are the published numbers (44 calls a case). ``temperature`` is that of both stages; the paper says
    temperature sampling and does not say which. A chain that cannot be read is shown like the others, since the model is
    conditioned on what it generated; only refinements vote. Chains and refinements keep the prompt, demonstrations and cue
    of the inner strategy; the candidates stand right after the question.
    """

    first: int = 11
    second: int = 33
    temperature: float = 0.7
    inner: Strategy = ChainOfThought()

    several: ClassVar[bool] = True  # its answer is made of several

    def check(self) -> None:
        need_samples("ensemble_refinement.first", self.first, self.inner)
        need_samples("ensemble_refinement.second", self.second, self.inner)
        need_samples("ensemble_refinement.first + second", self.first + self.second, self.inner)
        need_heat("ensemble_refinement.temperature", self.temperature)
        refuse_shuffled("ensemble_refinement", self.inner)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return (self.first + self.second) * self.inner.calls(prompt)

    @property
    def rereads(self) -> int:
        """Replies that a call is shown again at most, for the plan's tokens."""
        return self.first * self.inner.calls(Prompt(id="", question=""))

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        views = [Sampled(model, index, self.temperature) for index in range(self.first + self.second)]
        drafts = await together([self.inner.predict(prompt, view, seed=seed) for view in views[: self.first]])
        shown = _shown(drafts)
        refined = await together(
            [self.inner.predict(prompt, Beside(view, shown), seed=seed) for view in views[self.first :]]
        )
        found = plurality(refined, prompt)
        return dataclasses.replace(found, replies=(*(r for draft in drafts for r in draft.replies), *found.replies))


def _shown(drafts: Sequence[Prediction]) -> tuple[Part, ...]:
    parts = []
    for number, draft in enumerate(drafts, 1):
        said = "\n".join(reply.text.strip() for reply in draft.replies)
        parts.append(Part(f"Candidate {number}:\n{said}", name="candidate", id=str(number)))
    ask = Part(REFINE.format(count=len(parts)), name="refinement", id="refinement")
    return (*parts, ask)
