"""How often a system gives something to score at all."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.kinds import EveryRow, MeanOfRows
from osler.evaluation.table import Mask, Table


@block
class ParseRate(MeanOfRows):
    """Share of replies in which an answer could be read. Failed calls have no reply and are left out."""

    title: ClassVar[str] = "Parse rate"
    definition: ClassVar[str] = "Answers read / calls that did not fail."
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True
    binary: ClassVar[bool] = True

    def score(self, example: Example, prediction: Prediction) -> Score:
        if prediction.failure:
            return Score(value=None, reason=f"the call failed ({prediction.failure})")
        return Score(value=float(prediction.parsed and prediction.answer is not None))

    def scored(self, table: Table) -> Mask:
        return np.asarray(table.failures == "", dtype=np.bool_)

    def per_row(self, table: Table) -> NDArray[Any]:
        return table.parsed.astype(np.uint8)


@block
class FailureRate(EveryRow, MeanOfRows):
    """Share of cases whose call failed (time-out, refused, broken reply of the endpoint)."""

    title: ClassVar[str] = "Failure rate"
    definition: ClassVar[str] = "Failed calls / cases."
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = False
    binary: ClassVar[bool] = True

    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=float(bool(prediction.failure)))

    def per_row(self, table: Table) -> NDArray[Any]:
        return np.asarray(table.failures != "").astype(np.uint8)
