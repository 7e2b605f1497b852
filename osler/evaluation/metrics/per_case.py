"""A score of single cases as a metric of a table: for what can only be judged case by case."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from osler.core.types import Example, Metric, Prediction, Score
from osler.evaluation.metrics.kinds import MeanOfRows
from osler.evaluation.table import Mask, Table


class PerCase(MeanOfRows):
    """The mean of the column ``name`` of ``Table.scores``; rows without a score are left out and counted.

    ``of`` is the metric whose scores they are: its title, unit and direction are kept.
    """

    def __init__(self, of: Metric, name: str, *, binary: bool) -> None:
        self._of, self._name = of, name
        self.title = str(getattr(of, "title", name))
        self.definition = str(getattr(of, "definition", ""))
        self.unit = str(getattr(of, "unit", ""))
        self.higher_is_better: bool | None = getattr(of, "higher_is_better", None)
        self.binary = binary  # type: ignore[misc]

    def score(self, example: Example, prediction: Prediction) -> Score:
        return self._of.score(example, prediction)

    def scored(self, table: Table) -> Mask:
        return ~np.isnan(table.scores[self._name])

    def per_row(self, table: Table) -> NDArray[Any]:
        return table.scores[self._name]


def case_scores(metric: Metric, examples: Sequence[Example], predictions: Sequence[Prediction]) -> NDArray[np.float64]:
    """Scores [n] of the cases, NaN where a case could not be scored."""
    found = (metric.score(example, item).value for example, item in zip(examples, predictions, strict=True))
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)
