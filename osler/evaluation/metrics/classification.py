"""Accuracy, precision, recall and F1 of single-label answers.

An answer that could not be read, or a call that failed, is wrong: it lowers the recall of its gold class and is a
prediction of no class. Means over classes are over the *gold* classes, those that occur among the targets; an answer
outside them is wrong and adds no class. Equal to scikit-learn with ``labels=gold classes, zero_division=0``.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.errors import DataError
from osler.core.types import Example, Prediction, Score
from osler.evaluation.metrics.kinds import EveryRow, MeanOfRows, ratio, ratio_or_zero
from osler.evaluation.table import Floats, Table

CELLS = 500_000_000


def is_right(example: Example, prediction: Prediction) -> bool:
    """The answer was read, the call did not fail, and the answer is the target."""
    return prediction.parsed and not prediction.failure and prediction.answer == example.target


class _RightOrWrong(EveryRow):
    def score(self, example: Example, prediction: Prediction) -> Score:
        return Score(value=float(is_right(example, prediction)))


@block
class Accuracy(_RightOrWrong, MeanOfRows):
    """Share of cases answered right."""

    title: ClassVar[str] = "Accuracy"
    definition: ClassVar[str] = "Right answers / cases; an unread or failed answer is wrong."
    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True
    binary: ClassVar[bool] = True

    def per_row(self, table: Table) -> NDArray[Any]:
        return np.asarray(table.answers == table.targets, dtype=np.uint8)


class _OverGoldClasses(_RightOrWrong):
    """Per row, for each gold class: right (TP), gold (TP + FN), predicted (TP + FP)."""

    unit: ClassVar[str] = "share"
    higher_is_better: ClassVar[bool | None] = True
    binary: ClassVar[bool] = False

    def statistics(self, table: Table) -> NDArray[Any]:
        classes = np.unique(table.targets)
        if 3 * len(table) * len(classes) > CELLS:
            raise DataError(
                f"{len(table)} cases of {len(classes)} gold classes are too many for a mean over classes",
                hint="use accuracy, or group the targets into fewer classes",
            )
        gold = table.targets[:, None] == classes
        said = table.answers[:, None] == classes
        return np.concatenate([gold & said, gold, said], axis=1).astype(np.uint8)

    def value(self, totals: Floats) -> Floats:
        right, gold, said = np.split(totals, 3, axis=-1)
        return self.of_classes(right, gold, said)

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        """The metric [...] of the counts [..., classes]."""
        raise NotImplementedError


def _f1(right: Floats, gold: Floats, said: Floats) -> Floats:
    return ratio_or_zero(2 * right, gold + said)


def _macro(per_class: Floats, gold: Floats) -> Floats:
    present = gold > 0
    return ratio(np.sum(per_class * present, axis=-1), np.sum(present, axis=-1).astype(np.float64))


@block
class MacroF1(_OverGoldClasses):
    """Mean of the F1 of the gold classes."""

    title: ClassVar[str] = "Macro F1"
    definition: ClassVar[str] = "Mean over gold classes of F1 = 2 TP / (2 TP + FP + FN)."

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        return _macro(_f1(right, gold, said), gold)


@block
class WeightedF1(_OverGoldClasses):
    """Mean of the F1 of the gold classes, weighted by their number of cases."""

    title: ClassVar[str] = "Weighted F1"
    definition: ClassVar[str] = "Mean over gold classes of F1 = 2 TP / (2 TP + FP + FN), weighted by their cases."

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        return ratio(np.sum(gold * _f1(right, gold, said), axis=-1), np.sum(gold, axis=-1))


@block
class MicroF1(_OverGoldClasses):
    """F1 of the pooled counts; it is the accuracy when every answer is one of the gold classes."""

    title: ClassVar[str] = "Micro F1"
    definition: ClassVar[str] = "2 TP / (2 TP + FP + FN) with the counts of all gold classes added up."

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        return ratio(2 * np.sum(right, axis=-1), np.sum(gold + said, axis=-1))


@block
class MacroPrecision(_OverGoldClasses):
    """Mean of the precision of the gold classes; a class that is never predicted has 0."""

    title: ClassVar[str] = "Macro precision"
    definition: ClassVar[str] = "Mean over gold classes of TP / (TP + FP), 0 for a class that is never predicted."

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        return _macro(ratio_or_zero(right, said), gold)


@block
class MacroRecall(_OverGoldClasses):
    """Mean of the recall of the gold classes, also called balanced accuracy."""

    title: ClassVar[str] = "Macro recall"
    definition: ClassVar[str] = "Mean over gold classes of TP / (TP + FN) (balanced accuracy)."

    def of_classes(self, right: Floats, gold: Floats, said: Floats) -> Floats:
        return _macro(ratio_or_zero(right, gold), gold)
