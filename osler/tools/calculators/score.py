"""What a point score is made of: items with points, their sum, and what the sum means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from osler.tools.calculators.calculator import Calculator, Flag, Result

Points = Mapping[str, float]


class Score(Calculator):
    """Base of the scores. A subclass has ``points``, item by item, and may say in ``meaning`` what a sum stands for.

    ``normal``: measured values that count as normal where they are not given, as the score's authors did; the result's
    note names them then. Every other measured value must be given.
    """

    normal: ClassVar[tuple[str, ...]] = ()

    def points(self, given: Mapping[str, Any]) -> Points:
        """Points of each item. ``given`` holds every input by name, in the unit of the score."""
        raise NotImplementedError

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        """What ``total`` stands for, in the words of the source; empty where it draws no line."""
        return ""

    def compute(self, given: Mapping[str, Any]) -> Result:
        # Unit conversion leaves dust in the last digits (100.4 F is 38 C), which must not carry a value over a limit.
        clean = {name: round(value, 9) if isinstance(value, float) else value for name, value in given.items()}
        parts = {name: _plain(points) for name, points in self.points(clean).items()}
        total = sum(parts.values())
        missing = [name for name in self.normal if clean[name] is None]
        said = [self.meaning(total, clean), f"counted as normal, not given: {', '.join(missing)}" if missing else ""]
        return Result(value=total, unit="points", parts=parts, note="; ".join(filter(None, said)))


def _plain(points: float) -> float:
    """Whole points as a whole number: 3, not 3.0."""
    return int(points) if points == int(points) else points


def flagged(given: Mapping[str, Any], weights: Points) -> dict[str, float]:
    """The points of ``weights`` for each flag that is set, else 0."""
    return {name: points if given[name] else 0 for name, points in weights.items()}


def at_least(value: float | None, *steps: tuple[float, float], below: float = 0) -> float:
    """Points of the first step ``(limit, points)`` whose limit ``value`` reaches; ``below`` where it reaches none.

    Steps go from the highest limit down. None, a value that was not given, has 0 points.
    """
    if value is None:
        return 0
    return next((points for limit, points in steps if value >= limit), below)


def level(total: float, *steps: tuple[float, str], below: str) -> str:
    """The words of the first step ``(limit, words)`` whose limit ``total`` reaches, else ``below``."""
    return next((words for limit, words in steps if total >= limit), below)


def absent(*named: tuple[str, str, str]) -> tuple[Flag, ...]:
    """Flags ``(name, entity, about)`` that count as absent where they are not given."""
    return tuple(Flag(name=name, entity=entity, about=about) for name, entity, about in named)
