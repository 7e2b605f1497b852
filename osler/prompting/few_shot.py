"""Few-shot: solved cases from the training split, shown before the question (Brown et al. 2020, arXiv:2005.14165).

``knn`` takes the nearest by embedding, as MedPrompt does (Nori et al. 2023, arXiv:2311.16452, section 4.1); ``diverse``
weighs nearness against likeness among those shown (maximal marginal relevance, Carbonell and Goldstein 1998, SIGIR).
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from itertools import islice
from typing import Any, Literal

from osler.core.block import block, replace
from osler.core.errors import SpecError
from osler.core.types import Demo, Model, Prediction, Prompt, Strategy
from osler.models.encoder import Encoder
from osler.prompting.around import Around, within
from osler.prompting.cases import Cases
from osler.prompting.demonstrations import maximal_marginal_relevance, nearest, round_robin, same
from osler.prompting.zero_shot import ZeroShot


@block
class FewShot(Around):
    """Show k demonstrations.

    select: ``random`` draws k once per seed; ``balanced`` draws as evenly over the answers as the pool allows;
    ``knn`` takes the k whose question is nearest by cosine; ``diverse`` chooses by maximal marginal relevance, where
    mmr_lambda is the weight of nearness (1: as knn); ``fixed`` shows all of ``fixed``, whatever k: demonstrations given
    by the author, or ids of training cases. order: ``selected`` is random's and balanced's draw, fixed as given, and for
    knn and diverse the best last, next to the question, as in MedPrompt; ``reversed`` is that turned round;
    ``nearest_last`` and ``nearest_first`` go by cosine with the question; ``random`` by seed and case.

    ``pool`` is filled by ``fit`` and never holds a case of the test split; a demonstration with the prompt's own id, or
    with its question and evidence word for word, is left out. Where the chain of thought inside is self-generated, the
    pool holds only cases that the model has reasoned through to the gold answer, with that reasoning.
    """

    k: int = 5
    select: Literal["random", "balanced", "knn", "diverse", "fixed"] = "random"
    order: Literal["selected", "reversed", "nearest_last", "nearest_first", "random"] = "selected"
    mmr_lambda: float = 0.5
    fixed: tuple[Demo | str, ...] = ()
    inner: Strategy = ZeroShot()
    encoder: Encoder = Encoder()
    pool: tuple[Demo, ...] = ()

    def check(self) -> None:
        if self.k < 1:
            raise SpecError(f"few_shot.k must be at least 1, got {self.k}", hint="use zero_shot for none")
        if not 0.0 <= self.mmr_lambda <= 1.0:
            raise SpecError(f"few_shot.mmr_lambda must be from 0 to 1, got {self.mmr_lambda}", hint="mmr_lambda = 0.5")
        if (self.select == "fixed") != bool(self.fixed):
            raise SpecError(
                f"few_shot has select = {self.select!r} and {len(self.fixed)} fixed demonstrations",
                hint='give both select = "fixed" and fixed = [...], or neither',
            )

    @property
    def learns(self) -> bool:
        """Whether it needs training cases: not where the author gives every demonstration."""
        return self.select != "fixed" or any(isinstance(item, str) for item in self.fixed)

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> FewShot:
        named = [item for item in self.fixed if isinstance(item, str)]
        if not train and (self.select != "fixed" or named):
            raise SpecError(
                "few_shot needs training cases and the task gives none", hint="use a source with a train split or folds"
            )
        missing = sorted(set(named) - {prompt.id for prompt, _ in train})
        if missing:
            raise SpecError(
                f"few_shot.fixed names {missing[0]!r}, which is no training case", hint="name ids of the train split"
            )
        inner = await self.inner.fit(train, model)
        pool = _pool(train, inner, set(named) if self.select == "fixed" else None)
        if self.select != "fixed" and len(pool) < self.k:
            Cases.of(train).log({"method": "few_shot", "step": "pool", "held": len(pool), "k": self.k})
        return replace(self, pool=pool, inner=inner)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        demos = await self.demonstrations(prompt, seed=seed)
        return await self.inner.predict(prompt.replace(demos=demos), model, seed=seed)

    async def demonstrations(self, prompt: Prompt, *, seed: int) -> tuple[Demo, ...]:
        """The demonstrations for ``prompt``: at most k, none that is the case itself or its question verbatim."""
        chosen = await self._chosen(prompt, seed)
        if self.order == "reversed":
            chosen.reverse()
        elif self.order == "random":
            random.Random(f"{seed}/{prompt.id}/order").shuffle(chosen)
        elif self.order != "selected" and len(chosen) > 1:
            vectors = await self.encoder.embed([prompt.question, *(demo.question for demo in chosen)])
            rows = nearest(vectors[1:] @ vectors[0], len(chosen), lambda row: True)
            chosen = [chosen[row] for row in (rows if self.order == "nearest_first" else reversed(rows))]
        return tuple(chosen)

    async def _chosen(self, prompt: Prompt, seed: int) -> list[Demo]:
        if self.select == "fixed":
            return [demo for demo in self._given(prompt) if not same(demo, prompt)]
        if self.select in ("knn", "diverse"):
            rows = await self._by_embedding(prompt)
            return [self.pool[row] for row in reversed(rows)]
        drawn = self._drawn(seed, prompt.labels)
        return list(islice((demo for demo in drawn if not same(demo, prompt)), self.k))

    def _given(self, prompt: Prompt) -> list[Demo]:
        """The author's demonstrations in their order; a named case without a chain that was right is left out."""
        pool = {demo.id: demo for demo in self.pool}
        given = [pool.get(item) if isinstance(item, str) else item for item in self.fixed]
        found = [demo for demo in given if demo is not None]
        for number, demo in enumerate(found, 1):
            if prompt.lettered and not demo.choices:
                raise SpecError(
                    f"fixed demonstration {demo.id or number!r} of few_shot has no choices and the prompt is lettered",
                    hint="give it the options that its letter stands for: choices = [...]",
                )
        return found

    def _drawn(self, seed: int, labels: tuple[str, ...]) -> list[Demo]:
        """One order of the pool per seed and label set, so that the case itself can be left out."""
        memo: dict[Any, list[Demo]] = self.__dict__.setdefault("_draws", {})
        if (seed, labels) not in memo:
            rng = random.Random(f"{seed}/{self.k}/{self.select}")
            fitting = [demo for demo in self.pool if demo.answer in labels] or list(self.pool)
            rng.shuffle(fitting)
            memo[seed, labels] = round_robin(fitting) if self.select == "balanced" else fitting
        return memo[seed, labels]

    async def _by_embedding(self, prompt: Prompt) -> list[int]:
        matrix = await self._matrix()
        near = matrix @ (await self.encoder.embed([prompt.question]))[0]

        def allowed(row: int) -> bool:
            return not same(self.pool[row], prompt)

        if self.select == "knn":
            return nearest(near, self.k, allowed)
        return maximal_marginal_relevance(matrix, near, self.k, self.mmr_lambda, allowed)

    async def _matrix(self) -> Any:
        if "_embedded" not in self.__dict__:
            self.__dict__["_embedded"] = await self.encoder.embed([demo.question for demo in self.pool])
        return self.__dict__["_embedded"]


def _pool(train: Sequence[tuple[Prompt, str]], inner: Strategy, only: set[str] | None) -> tuple[Demo, ...]:
    """Training cases as demonstrations, with the chains of the strategy inside where it has written some."""
    demos = [
        Demo(id=prompt.id, question=prompt.question, answer=answer, choices=prompt.choices, evidence=prompt.evidence)
        for prompt, answer in train
        if only is None or prompt.id in only
    ]
    if not within(inner, "self_generated"):
        return tuple(demos)
    chains: dict[str, str] = dict(within(inner, "rationales") or {})
    return tuple(dataclasses.replace(demo, rationale=chains[demo.id]) for demo in demos if demo.id in chains)
