"""De-identification by rewriting on published texts: what a perfect rewriting, read back, gives as spans."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

from osler import recipes
from osler.evaluation.metrics.structure.deidentification import LeakPerDocument, PhiTokenPrecision, PhiTokenRecall
from osler.models.simulated_redactor import SimulatedRedactor

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not os.environ.get("OSLER_DATA"), reason="OSLER_DATA is not set"),
]


def shares(task_name: str, most: int, **knobs: Any) -> tuple[float, float, float, int]:
    """Notes that leak, recall and precision of identifier tokens, and unread replies."""
    task = recipes.recipe("tasks", task_name)
    cases = task.examples("test")[:most]
    model = SimulatedRedactor(**knobs).keyed(cases, lettered=False)
    system = recipes.recipe("systems", "deid_gpt")

    async def go() -> list[Any]:
        return [await system.predict(task.prompt(case), model, seed=0) for case in cases]

    found = asyncio.run(go())
    leaks = [LeakPerDocument().score(case, one).value for case, one in zip(cases, found, strict=True)]
    known = [value for value in leaks if value is not None]
    pooled = []
    for metric, under in ((PhiTokenRecall(), 2), (PhiTokenPrecision(), 1)):
        rows = [metric.sums(case, one) for case, one in zip(cases, found, strict=True)]
        held = [row for row in rows if not isinstance(row, str)]
        pooled.append(sum(row[0] for row in held) / max(1.0, sum(row[under] for row in held)))
    return sum(known) / len(known), pooled[0], pooled[1], sum(not one.parsed for one in found)


@pytest.mark.parametrize(("task", "most"), [("deidentification_en", 600), ("deidentification_es", 40)])
def test_rewritten_texts_are_read_back_without_a_loss(task: str, most: int) -> None:
    assert shares(task, most) == (0.0, 1.0, 1.0, 0)
    leak, recall, _, _ = shares(task, most, leak=1.0)
    assert (leak, recall) == (1.0, 0.0)
    leak, recall, precision, unread = shares(task, most, over=1.0)
    assert (leak, recall, unread) == (0.0, 1.0, 0)
    assert precision < 0.4
