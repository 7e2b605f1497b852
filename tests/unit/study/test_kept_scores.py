"""Per-case scores in the store: a case that was asked again is scored again, and nobody's score hides another's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from osler.core.store import Store
from osler.core.types import Prediction
from osler.study.plan import plan
from osler.study.resolve import load
from osler.study.results import score


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "s.sqlite") as opened:
        yield opened


@pytest.mark.parametrize(
    ("second", "kept"),
    [
        (Prediction(answer="urgent"), 1.0),
        (Prediction(answer="routine"), 0.0),
        (Prediction(answer=None, parsed=False), 0.0),
    ],
)
def test_a_score_follows_the_last_answer(workplace: Any, store: Store, second: Prediction, kept: float) -> None:
    study = load(workplace.study())  # m00 is urgent
    cell = plan(study).rows[0].cell
    for i in range(30):
        store.put_prediction(cell.id, f"m{i:02d}", Prediction(answer=None, parsed=False, failure="timeout"))
    score(plan(study, store), store)
    store.put_scores([(cell.id, "m01", "accuracy", 0.5, "")], by="rater:x")
    store.put_prediction(cell.id, "m00", second, attempt=1)
    for _ in range(2):
        score(plan(study, store), store)
        found = {(row[0], row[1]): row[2] for row in store.scores(cell.id, "accuracy")}
        assert found["m00", "machine"] == kept
        assert found["m01", "machine"] == 0.0
        assert found["m01", "rater:x"] == 0.5
        assert len(found) == 31
