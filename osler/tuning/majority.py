"""The majority baseline: what a model that never reads the case would score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Message, Prompt, Reply
from osler.models.encoder import need_choices, scored, writes_nothing


@block
class Majority:
    """Answers every case with the label that was commonest in training, among those the prompt allows.

    counts: of the labels in training; ``train`` fills it. Each label counts one more than it was seen (Laplace).
    within: the same counts for each set of allowed labels, where training has more than one: inclusion and exclusion
    criteria share some labels, and their commonest overall is a weaker baseline than that of each.
    """

    counts: Mapping[str, int] = {}
    within: Mapping[str, Mapping[str, int]] = {}

    baseline: ClassVar[bool] = True  # what has to be beaten: its training is no fine-tuning

    def check(self) -> None:
        for counts in (self.counts, *self.within.values()):
            for label, count in counts.items():
                if not isinstance(count, int) or count < 0:
                    raise SpecError(f"majority.counts[{label!r}] must be a whole number from 0, got {count!r}")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    async def train(self, pairs: Sequence[tuple[Prompt, str]], *, seed: int) -> Majority:
        """A copy that has counted the answers of ``pairs``; ``seed`` makes no difference."""
        within: dict[str, Counter[str]] = {}
        for prompt, answer in pairs:
            within.setdefault(_set(prompt.labels), Counter())[answer] += 1
        counted = Counter(answer for _, answer in pairs)
        return replace(
            self,
            counts=dict(sorted(counted.items())),
            within={key: dict(sorted(held.items())) for key, held in sorted(within.items())} if len(within) > 1 else {},
        )

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        raise writes_nothing("majority")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """The smoothed shares of ``choices`` in training; equal ones before training."""
        need_choices(choices, "majority")
        seen = self.within.get(_set(choices), self.counts)
        counts = np.array([seen.get(choice, 0) + 1.0 for choice in choices])
        return scored(choices, np.log(counts / counts.sum()), tokens_in=0, latency_s=0.0, model="majority")


def _set(labels: Sequence[str]) -> str:
    return " | ".join(sorted(labels))
