"""What an answer costs: time, tokens, money. All calls of a case are added up.

A case that needed no call costs 0; of a case whose call failed the cost is not known, so it is left out.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.kinds import MeanOfRows
from osler.evaluation.table import Floats, Mask, Table


def _spent(prediction: Prediction, *fields: str) -> Score:
    if prediction.failure and not prediction.replies:
        return Score(value=None, reason=f"the call failed ({prediction.failure})")
    return Score(value=float(sum(getattr(reply, field) for reply in prediction.replies for field in fields)))


@block
class Latency:
    """Median time of a case in seconds: the times of its calls added up, also when they ran side by side."""

    title: ClassVar[str] = "Latency"
    definition: ClassVar[str] = (
        "Median over cases of the seconds of all calls of the case, added up; for a model that runs here without the "
        "wait for its batch and without texts that it had embedded before."
    )
    unit: ClassVar[str] = "s"
    higher_is_better: ClassVar[bool | None] = False

    def score(self, example: Example, prediction: Prediction) -> Score:
        return _spent(prediction, "latency_s")

    def scored(self, table: Table) -> Mask:
        return np.isfinite(table.latency)

    def weighted(self, table: Table, weights: Floats) -> Floats:
        return weighted_median(table.latency, weights)


def weighted_median(values: Floats, weights: Floats) -> Floats:
    """Median [...] of ``values`` [n] when value i counts ``weights[..., i]`` times; two middle values are averaged."""
    if values.size == 0:
        return np.full(weights.shape[:-1], np.nan)
    order = np.argsort(values, kind="stable")
    cumulated = np.cumsum(weights[..., order], axis=-1)
    half = cumulated[..., -1:] / 2
    last = values.size - 1
    lower = np.minimum(np.sum(cumulated < half, axis=-1), last)
    upper = np.minimum(np.sum(cumulated <= half, axis=-1), last)
    middle = (values[order][lower] + values[order][upper]) / 2
    return np.where(half[..., 0] > 0, middle, np.nan)


@block
class Tokens(MeanOfRows):
    """Mean tokens of a case, sent and received."""

    title: ClassVar[str] = "Tokens"
    definition: ClassVar[str] = "Mean over cases of tokens in + tokens out."
    unit: ClassVar[str] = "tokens"
    higher_is_better: ClassVar[bool | None] = False

    def score(self, example: Example, prediction: Prediction) -> Score:
        return _spent(prediction, "tokens_in", "tokens_out")

    def scored(self, table: Table) -> Mask:
        return np.asarray(np.isfinite(self.per_row(table)), dtype=np.bool_)

    def per_row(self, table: Table) -> NDArray[Any]:
        return table.tokens_in + table.tokens_out


@block
class Cost(MeanOfRows):
    """Mean price of a case in US dollars."""

    title: ClassVar[str] = "Cost"
    definition: ClassVar[str] = "Mean over cases of the price of all calls of the case."
    unit: ClassVar[str] = "USD"
    higher_is_better: ClassVar[bool | None] = False

    def score(self, example: Example, prediction: Prediction) -> Score:
        return _spent(prediction, "cost_usd")

    def scored(self, table: Table) -> Mask:
        return np.isfinite(table.cost)

    def per_row(self, table: Table) -> NDArray[Any]:
        return table.cost
