"""Reading one item of a score, with all else normal."""

from __future__ import annotations

from typing import Any

from score_cases import CASES

from osler.tools.calculators.score import Score

NORMAL = {type(case.score): case.normal for case in CASES}


def part(score: Score, item: str, **values: Any) -> float:
    return score.calculate({**NORMAL[type(score)], **values}).parts[item]


def walk(score: Score, name: str, text: str, item: str = "", **fixed: Any) -> None:
    """``text``: "value:points value:points ..." for the input ``name``."""
    for pair in text.split():
        value, points = pair.split(":")
        assert part(score, item or name, **{**fixed, name: float(value)}) == float(points), (name, value)
