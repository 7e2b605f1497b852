"""Planted errors in the textbooks, on the half that no rule was made on: recall and precision by rule."""

from __future__ import annotations

import asyncio
import os

import pytest

from osler.evaluation.grounding.checker import ClaimChecker
from osler.evaluation.grounding.drug_names import DrugLexicon
from osler.evaluation.grounding.measure import measured
from osler.evaluation.grounding.planted import planted
from osler.evaluation.grounding.planting import ERRORS
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import PassageFile

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]


def test_nine_of_ten_errors_are_found_and_nine_of_ten_flags_are_errors() -> None:
    lexicon, collection = DrugLexicon(), PassageFile()
    names = lexicon.names()
    assert {"metformin", "digoxin", "fluticasone"} <= names
    assert not {"calcium", "gamma", "folic"} & names
    index = BM25(collection=collection)
    each = dict.fromkeys(ERRORS, 15)
    items = asyncio.run(planted(collection.passages(), index, which="reported", each=each, names=names, seed=11))
    found = measured(items, lambda item: ClaimChecker(lexicon=lexicon).report(item.answer, item.passages))
    recall, precision = found.recall(), found.precision()
    assert recall.of == 15 * len(ERRORS)
    assert recall.count / recall.of >= 0.93
    assert precision.count / precision.of >= 0.95
    assert found.false_alarms("verbatim").count <= 1
    flagged, contradicted = found.removed()
    assert flagged.count / flagged.of >= 0.8
    assert contradicted.count / contradicted.of <= 0.15
