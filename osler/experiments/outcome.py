"""What an experiment ends in: tables, figures, and claims that hold or do not."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Literal


@dataclasses.dataclass(frozen=True)
class Setting:
    """``quick``: fewer cases, for a first look; what theory says then has wider intervals, never another value."""

    quick: bool = False
    seed: int = 0

    def cases(self, full: int) -> int:
        """How many cases to take where the whole experiment takes ``full``."""
        return max(40, full // 8) if self.quick else full


@dataclasses.dataclass(frozen=True, kw_only=True)
class Point:
    """``x`` and ``y`` of a curve with the interval of y, None where it has none."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Curve:
    """A line of a figure; ``theory`` draws it dashed and without marks. ``joined``: whether the points make a line."""

    title: str
    points: Sequence[Point]
    theory: bool = False
    joined: bool = True


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure:
    """``unit`` is that of y ("share" prints percent). ``names`` of places on x, where x counts things."""

    title: str
    x_title: str
    y_title: str
    curves: Sequence[Curve]
    unit: str = "share"
    names: Mapping[float, str] = dataclasses.field(default_factory=dict)
    scale: Literal["linear", "log"] = "linear"
    about: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableOf:
    """Rows as texts, the first column naming the row."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    about: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Claim:
    """Something the paper or theory says, what was seen, and whether that agrees. ``holds`` None: not settled by n."""

    text: str
    seen: str
    holds: bool | None


@dataclasses.dataclass(kw_only=True)
class Outcome:
    """All that an experiment found. ``plain``: what it means, in a sentence or two for a clinician. ``setup`` says in
    one paragraph what was simulated or replayed; ``limits`` what this cannot show."""

    setup: str
    tables: Sequence[TableOf]
    figures: Sequence[Figure]
    claims: Sequence[Claim]
    limits: str = ""
    name: str = ""
    title: str = ""
    source: str = ""
    plain: str = ""
    seconds: float = 0.0
    quick: bool = False

    @property
    def failed(self) -> list[Claim]:
        return [claim for claim in self.claims if claim.holds is False]

    def json(self) -> dict[str, Any]:
        """All of it as plain JSON; the places of a figure's names are texts there, as JSON has no other keys."""
        found = dataclasses.asdict(self)
        for figure in found["figures"]:
            figure["names"] = {f"{place:g}": name for place, name in figure["names"].items()}
        return found
