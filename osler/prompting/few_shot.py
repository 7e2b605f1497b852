"""Few-shot: solved cases from the training split, shown before the question (Brown et al. 2020, arXiv:2005.14165).

``knn`` takes the nearest by embedding, as MedPrompt does (Nori et al. 2023, arXiv:2311.16452, section 4.1).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from itertools import islice
from typing import Any, Literal, Self

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Demo, Model, Prediction, Prompt, Strategy
from osler.models.encoder import Encoder
from osler.prompting.zero_shot import ZeroShot


@block
class FewShot:
    """Show k demonstrations.

    select: ``random`` draws k once per seed; ``balanced`` draws as evenly over the answers as the pool allows;
    ``knn`` takes the k whose question is nearest by cosine, the nearest last, next to the question. ``pool`` is
    filled by ``fit`` and never holds a case of the test split; a demonstration with the prompt's own id, or with its
    question and evidence word for word, is left out.
    """

    k: int = 5
    select: Literal["random", "balanced", "knn"] = "random"
    inner: Strategy = ZeroShot()
    encoder: Encoder = Encoder()
    pool: tuple[Demo, ...] = ()

    def check(self) -> None:
        if self.k < 1:
            raise SpecError(f"few_shot.k must be at least 1, got {self.k}", hint="use zero_shot for none")

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs

    def calls(self, prompt: Prompt) -> int:
        return self.inner.calls(prompt)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        if not train:
            raise SpecError(
                "few_shot needs training cases and the task gives none", hint="use a source with a train split or folds"
            )
        pool = tuple(
            Demo(id=p.id, question=p.question, answer=a, choices=p.choices, evidence=p.evidence) for p, a in train
        )
        fitted: Self = replace(self, pool=pool, inner=await self.inner.fit(train, model))
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        demos = await self.demonstrations(prompt, seed=seed)
        return await self.inner.predict(prompt.replace(demos=demos), model, seed=seed)

    async def demonstrations(self, prompt: Prompt, *, seed: int) -> tuple[Demo, ...]:
        """The demonstrations for ``prompt``: at most k, none that is the case itself or its question verbatim."""
        if self.select == "knn":
            order = await self._nearest(prompt)
            return tuple(reversed([self.pool[i] for i in order]))
        drawn = self._drawn(seed, prompt.labels)
        return tuple(islice((demo for demo in drawn if not _same(demo, prompt)), self.k))

    def _drawn(self, seed: int, labels: tuple[str, ...]) -> list[Demo]:
        """One order of the pool per seed and label set, so that the case itself can be left out."""
        memo: dict[Any, list[Demo]] = self.__dict__.setdefault("_draws", {})
        if (seed, labels) not in memo:
            rng = random.Random(f"{seed}/{self.k}/{self.select}")
            fitting = [demo for demo in self.pool if demo.answer in labels] or list(self.pool)
            rng.shuffle(fitting)
            if self.select == "balanced":
                fitting = _round_robin(fitting)
            memo[seed, labels] = fitting
        return memo[seed, labels]

    async def _nearest(self, prompt: Prompt) -> list[int]:
        import numpy as np

        matrix = await self._matrix()
        vector = (await self.encoder.embed([prompt.question]))[0]
        near = matrix @ vector
        best = np.argsort(-near, kind="stable")
        return list(islice((int(i) for i in best if not _same(self.pool[int(i)], prompt)), self.k))

    async def _matrix(self) -> Any:
        if "_embedded" not in self.__dict__:
            self.__dict__["_embedded"] = await self.encoder.embed([demo.question for demo in self.pool])
        return self.__dict__["_embedded"]


def _same(demo: Demo, prompt: Prompt) -> bool:
    """Whether a demonstration would give the answer away: the case itself, or its very text under another id."""
    return demo.id == prompt.id or (demo.question == prompt.question and demo.evidence == prompt.evidence)


def _round_robin(demos: list[Demo]) -> list[Demo]:
    """Reorder so that every prefix is as balanced over the answers as it can be."""
    by_answer: dict[str, list[Demo]] = {}
    for demo in demos:
        by_answer.setdefault(demo.answer, []).append(demo)
    queues = [list(reversed(queue)) for queue in by_answer.values()]
    out = []
    while any(queues):
        out += [queue.pop() for queue in queues if queue]
    return out
