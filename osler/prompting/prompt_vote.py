"""Several prompts for the same question, voted with equal weight, such as the five cues of Lievin et al. 2022
(arXiv:2207.08143, zero-shot chain-of-thought ensemble)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

from osler.core.block import block, block_id, replace
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.chain_of_thought import ChainOfThought
from osler.prompting.sampling import together
from osler.prompting.voting import Combine, combined

# The five cues that Lievin et al. kept of 29 tried on validation cases; the first is that of Kojima et al. 2022.
LIEVIN_CUES = (
    "Let's think step by step",
    "Let's think step by step like a medical expert",
    "Let's use step by step inductive reasoning, given the medical nature of the question",
    "Let's differentiate using step by step reasoning like a medical expert",
    "Let's derive the differential diagnosis step by step",
)


@block
class PromptVote:
    """Ask by each strategy and combine the answers.

    combine: ``vote`` gives each strategy one vote; ``mean`` averages their shares, which is the vote over all samples
    where each strategy samples equally often. Each strategy answers exactly as it would alone, seed and all, so a store
    that has its answers is not asked again.
    """

    strategies: tuple[Strategy, ...] = tuple(ChainOfThought(cue=cue) for cue in LIEVIN_CUES)
    combine: Combine = "vote"

    several: ClassVar[bool] = True  # its answer is made of several

    def check(self) -> None:
        if len(self.strategies) < 2:
            raise SpecError(
                f"prompt_vote needs two strategies or more, got {len(self.strategies)}", hint="strategies = [...]"
            )
        if len({block_id(one) for one in self.strategies}) < len(self.strategies):
            raise SpecError(
                "prompt_vote was given the same strategy twice, which would count one answer twice",
                hint="use self_consistency to sample one strategy several times",
            )

    @property
    def needs(self) -> frozenset[str]:
        return frozenset().union(*(one.needs for one in self.strategies))

    def calls(self, prompt: Prompt) -> int:
        return sum(one.calls(prompt) for one in self.strategies)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        fitted: Self = replace(self, strategies=tuple([await one.fit(train, model) for one in self.strategies]))
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        found = await together([one.predict(prompt, model, seed=seed) for one in self.strategies])
        return combined(found, prompt, self.combine)
