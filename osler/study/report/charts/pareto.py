"""Score against cost of the variants that a search tried: what pays, what is dominated, what was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from osler.study.report.charts.forest import Point, Scale, scale
from osler.study.report.charts.svg import element, image
from osler.study.report.quantities import tick

_WIDE, _HIGH, _LEFT, _TOP, _RIGHT = 340, 220, 52, 12, 16
_FLOOR = _TOP + _HIGH
_INSET = 0.07  # of the width, left and right, so that marks at the ends are whole
DOT = 3.0  # radius of the point that shows the values of a number that stands aside
_RINGS = tuple(range(20, 141, 8))
_ANGLES = tuple(math.tau * turn / 16 for turn in (0, 8, 1, 15, 7, 9, 2, 14, 6, 10, 3, 13, 5, 11, 4, 12))
SIZE = 8.5  # radius of a mark: a number of two digits stands in it


@dataclass(frozen=True, kw_only=True)
class Tried:
    """A variant to draw. ``cost`` per case, above 0; ``number`` stands in the mark and names it in the table."""

    number: int
    name: str
    text: str
    score: float
    low: float | None
    high: float | None
    cost: float
    chosen: bool = False
    dominated: bool = False


def picture(title: str, tried: Sequence[Tried], *, unit: str, cost: str, score: str) -> Markup:
    """Score (up) against cost per case (right, by powers of ten); a line joins what nothing dominates."""
    up = scale([Point(title="", text="", value=t.score, low=t.low, high=t.high) for t in tried], unit)
    costs = [t.cost for t in tried]
    ends = (math.log10(min(costs)), math.log10(max(costs)))
    drawn = [*_grid(up, ends, cost, score), *_front(tried, up, ends)]
    places = _places(tried, up, ends)
    order = sorted(tried, key=lambda t: (t.chosen, not t.dominated))  # the chosen one last, so that it lies on top
    drawn += [part for one in order for part in _point(one, places[one.number], up, ends)]
    drawn += [part for one in order for part in _number(one, places[one.number])]
    said = "; ".join(f"{t.number} {t.name}: {t.text}{_fate(t)}" for t in tried)
    height = _FLOOR + 46
    return image(title, said, *drawn, view_box=f"0 0 {_WIDE} {height}", class_="pareto")


def _fate(one: Tried) -> str:
    return ", chosen" * one.chosen + ", dominated" * one.dominated


def _x(value: float, ends: tuple[float, float]) -> float:
    wide = _WIDE - _LEFT - _RIGHT
    reach = ends[1] - ends[0]
    share = (math.log10(value) - ends[0]) / reach if reach > 1e-9 else 0.5
    return _LEFT + wide * (_INSET + (1 - 2 * _INSET) * share)


def _y(value: float, up: Scale) -> float:
    return _FLOOR - _HIGH * (value - up.low) / ((up.high - up.low) or 1.0)


def _grid(up: Scale, ends: tuple[float, float], cost: str, score: str) -> list[Markup]:
    out: list[Markup] = []
    right = _WIDE - _RIGHT
    for value in up.ticks:
        y = _y(value, up)
        out.append(element("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="grid"))
        out.append(element("text", tick(value, up.unit), x=_LEFT - 7, y=y + 4, class_="tick", text_anchor="end"))
    for value in _steps(ends):
        x = _x(value, ends)
        out.append(element("line", x1=x, x2=x, y1=_TOP, y2=_FLOOR, class_="grid"))
        out.append(element("text", f"{value:,.6g}", x=x, y=_FLOOR + 17, class_="tick", text_anchor="middle"))
    across, middle = (_LEFT + right) / 2, _TOP + _HIGH / 2
    out.append(element("text", f"{cost} per case", x=across, y=_FLOOR + 36, class_="tick", text_anchor="middle"))
    turned = f"rotate(-90 10 {middle:.0f})"
    out.append(element("text", score, x=10, y=middle, class_="tick", text_anchor="middle", transform=turned))
    return out


def _steps(ends: tuple[float, float]) -> list[float]:
    """Round costs within the range: powers of ten, with 2 and 5 between them while there are few; at least one."""
    reach = range(math.floor(ends[0]), math.ceil(ends[1]) + 1)
    for factors in ((1,), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 7)):
        found = [f * 10.0**k for k in reach for f in factors if ends[0] - 1e-9 <= math.log10(f) + k <= ends[1] + 1e-9]
        if len(found) >= 2:
            every = math.ceil(len(found) / 5)  # no more labels than a narrow screen can hold
            return found[::every]
    return [float(f"{10 ** ends[0]:.3g}")] if ends[1] - ends[0] < 1e-9 else [10 ** ends[0], 10 ** ends[1]]


def _front(tried: Sequence[Tried], up: Scale, ends: tuple[float, float]) -> list[Markup]:
    held = sorted((t for t in tried if not t.dominated), key=lambda t: t.cost)
    path = " ".join(f"{_x(t.cost, ends):.1f},{_y(t.score, up):.1f}" for t in held)
    return [element("polyline", points=path, class_="reference", fill="none")] if len(held) > 1 else []


def _places(tried: Sequence[Tried], up: Scale, ends: tuple[float, float]) -> dict[int, tuple[float, float]]:
    """Where each number stands: at its values where it hides no other point, else at the nearest free place."""
    points = {t.number: (_x(t.cost, ends), _y(t.score, up)) for t in tried}
    out: dict[int, tuple[float, float]] = {}
    for one in sorted(tried, key=lambda t: (not t.chosen, t.dominated, t.number)):
        x, y = points[one.number]
        others = [point for point in points.values() if point != (x, y)]
        spots = [(x, y), *((x + r * math.cos(a), y + r * math.sin(a)) for r in _RINGS for a in _ANGLES)]
        free = [
            at
            for at in spots
            if (at == (x, y) or _inside(at))
            and all(math.dist(at, held) >= 2 * SIZE + 2 for held in out.values())
            and all(math.dist(at, point) >= SIZE + DOT + 1 for point in others)
        ]
        clear = (at for at in free if at == (x, y) or all(abs(at[0] - a) > SIZE + 1 for a, _ in points.values()))
        out[one.number] = next(clear, free[0] if free else (x, y))
    return out


def _inside(at: tuple[float, float]) -> bool:
    return _LEFT + SIZE <= at[0] <= _WIDE - SIZE - 1 and _TOP - SIZE <= at[1] <= _FLOOR - SIZE


def _kind(one: Tried) -> str:
    return "chosen" if one.chosen else "dominated" if one.dominated else "open"


def _point(one: Tried, place: tuple[float, float], up: Scale, ends: tuple[float, float]) -> list[Markup]:
    """Interval and values of a variant, and the line to its number where that stands aside."""
    x, y, kind = _x(one.cost, ends), _y(one.score, up), _kind(one)
    out: list[Markup] = []
    if one.low is not None and one.high is not None:
        low, high = _y(one.low, up), _y(one.high, up)
        out.append(element("line", x1=x, x2=x, y1=low, y2=high, class_=f"reach {kind}"))
        out += [element("line", x1=x - 4, x2=x + 4, y1=end, y2=end, class_=f"reach {kind}") for end in (low, high)]
    if math.dist(place, (x, y)) > 1:
        out.append(element("line", x1=x, x2=place[0], y1=y, y2=place[1], class_="leader"))
        out.append(element("circle", cx=x, cy=y, r=DOT, class_=f"point {kind}"))
    return out


def _number(one: Tried, place: tuple[float, float]) -> list[Markup]:
    (x, y), kind = place, _kind(one)
    out = [element("circle", cx=x, cy=y, r=SIZE + 1.5 * one.chosen, class_=f"tried {kind}")]
    if one.chosen and one.dominated:
        out.append(element("circle", cx=x, cy=y, r=SIZE + 4.5, class_="tried dominated ring"))
    number = element("text", str(one.number), x=x, y=y + 4, class_=f"tried-number {kind}", text_anchor="middle")
    return [*out, number]
