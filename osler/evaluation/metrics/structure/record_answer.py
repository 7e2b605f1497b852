"""Answers to questions over records: right when they say the same value, day, set of patients or word."""

from __future__ import annotations

import math
from typing import ClassVar

from osler.core.block import block
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.kinds import MeanOfCases, said
from osler.evaluation.metrics.structure.answers import short
from osler.evaluation.metrics.structure.numeric import date, number
from osler.evaluation.metrics.structure.reading import names, plain

_HALF = {"number": 0.005, "mean": 0.05, "whole": 0.0}


@block
class RecordAnswer(MeanOfCases):
    """Share of right answers to questions over records; ``meta["form"]`` says what kind of answer it is."""

    title: ClassVar[str] = "Record answers right"
    definition: ClassVar[str] = (
        "Answers that say the same as the target / cases: numbers up to the rounding that was asked for, days as days, "
        "lists as sets, words as words (case, punctuation and articles ignored); 'not recorded' is right only where "
        "the record has no answer."
    )
    binary: ClassVar[bool] = True

    def of_case(self, example: Example, prediction: Prediction) -> float | str:
        answer, gold, form = said(prediction), example.target, example.meta.get("form", "text")
        if not gold.strip():
            return "the case has no answer to compare with"
        if form == "list":
            return float(set(names(answer) or ["?"]) == set(names(gold) or []))
        wanted = number(gold) if form in _HALF else None
        if wanted is not None:
            given = number(short(answer))
            slack = _HALF[form] + 1e-9 * max(1.0, abs(wanted.value))
            return float(given is not None and math.isclose(given.value, wanted.value, rel_tol=0.0, abs_tol=slack))
        day = date(gold) if form == "date" else None
        if day is not None:
            return float(date(answer) == day)
        return float(_words(gold) == _words(answer))


def _words(text: str) -> str:
    return plain(short(text), articles=True, punctuation=True)
