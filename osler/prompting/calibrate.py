"""Shares of votes turned into probabilities that can be believed, on validation cases.

One number is fitted, the exponent of temperature scaling (Guo et al. 2017, arXiv:1706.04599, section 4.2), here on the
logarithm of smoothed vote shares. Lievin et al. 2022 (arXiv:2207.08143) look at the calibration of such votes.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Self

from osler.core.block import block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import Model, Prediction, Prompt, Strategy
from osler.prompting.around import Around, fitting_of
from osler.prompting.cases import Cases, Pair
from osler.prompting.optimise.concurrency import each
from osler.prompting.zero_shot import ZeroShot

STEEPEST = 20.0  # the exponent is sought from 1/20 to 20
_FEW = 10  # validation cases with a vote, below which nothing is fitted


@block
class Calibrate(Around):
    """Raise every smoothed share to the power ``exponent`` and norm them to sum 1 over the labels of the case.

    The answer never changes: the order of the labels stays. ``fit`` chooses the exponent with the highest likelihood of
    the gold labels on at most ``cases`` validation cases, which are never shown as demonstrations; with fewer than ten it stays 1. ``smoothing``: votes added to each label, in shares, so that a label that nobody named is not impossible. An
    exponent above 1 says that the shares understate the confidence, one below 1 that they overstate it. One number bends
    all confidences alike: look at the reliability diagram of the report for what it leaves.
    """

    exponent: float = 1.0
    smoothing: float = 0.02
    cases: int = 200
    inner: Strategy = ZeroShot(by="score")

    def check(self) -> None:
        if not 1 / STEEPEST <= self.exponent <= STEEPEST:
            raise SpecError(f"calibrate.exponent must be from {1 / STEEPEST:g} to {STEEPEST:g}, got {self.exponent:g}")
        if self.smoothing <= 0 or self.cases < 1:
            raise SpecError("calibrate.smoothing must be above 0 and calibrate.cases at least 1")

    def fitting(self, cases: int) -> int:
        """Calls that ``fit`` makes at most."""
        asked = min(self.cases, cases) * self.inner.calls(Prompt(id="", question="", choices=("", "")))
        return fitting_of(self.inner, cases) + asked

    async def fit(self, train: Sequence[Pair], model: Model) -> Self:
        held = Cases.of(train)
        if len(held) + len(held.valid) < 2 * _FEW:
            return await super().fit(train, model)
        held = held.parted()
        inner = await self.inner.fit(held, model)

        async def one(pair: Pair) -> tuple[Mapping[str, float], str] | None:
            prompt, gold = pair
            try:
                said = await inner.predict(prompt, model, seed=held.seed)
            except ModelError:
                return None  # a failed call says nothing of how sure the system is
            if not said.votes or gold not in prompt.labels:
                return None
            return self._smoothed(said.votes, prompt.labels), gold

        found = await each(held.valid[: self.cases], one)
        votes = [pair for pair in found if pair is not None]
        exponent = likeliest(votes) if len(votes) >= _FEW else 1.0
        fitted: Self = replace(self, inner=inner, exponent=exponent)
        return fitted

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        said = await self.inner.predict(prompt, model, seed=seed)
        if not said.votes or not prompt.labels:
            return said
        return dataclasses.replace(said, votes=raised(self._smoothed(said.votes, prompt.labels), self.exponent))

    def _smoothed(self, votes: Mapping[str, float], labels: Sequence[str]) -> dict[str, float]:
        total = sum(votes.values()) + self.smoothing * len(labels)
        return {label: (votes.get(label, 0.0) + self.smoothing) / total for label in labels}


def raised(shares: Mapping[str, float], exponent: float) -> dict[str, float]:
    """Positive shares to the power ``exponent``, normed to sum 1."""
    logs = {label: exponent * math.log(share) for label, share in shares.items()}
    top = max(logs.values())
    weights = {label: math.exp(value - top) for label, value in logs.items()}
    total = sum(weights.values())
    return {label: weight / total for label, weight in weights.items()}


def likeliest(votes: Sequence[tuple[Mapping[str, float], str]]) -> float:
    """The exponent under which the gold labels are likeliest. The loss is convex in it, so a ternary search finds it."""

    def loss(exponent: float) -> float:
        return -sum(math.log(raised(shares, exponent)[gold]) for shares, gold in votes)

    low, high = 1 / STEEPEST, STEEPEST
    for _ in range(60):
        first, second = low + (high - low) / 3, high - (high - low) / 3
        if loss(first) <= loss(second):
            high = second
        else:
            low = first
    return round((low + high) / 2, 6)
