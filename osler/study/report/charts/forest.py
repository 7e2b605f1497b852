"""Forest plots: one line per estimate, a point with its interval, ticks and a reference line.

Every line is its own SVG, so names and numbers stay text beside it and wrap on a phone. Horizontal positions are
percent of the width and nothing is stretched.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from osler.study.report.charts.svg import element, image, percent
from osler.study.report.quantities import tick

_MARGIN = 0.03  # of the width, left and right of the scale, so that markers and tick labels are not cut
_STEPS = (1, 2, 2.5, 5, 10)
_SHAPES = (
    "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
    "M-4.6 -4.6h9.2v9.2h-9.2z",
    "M0 -6.2l6.2 6.2l-6.2 6.2l-6.2 -6.2z",
    "M0 -5.6l5.8 10h-11.6z",
    "M0 5.6l5.8 -10h-11.6z",
    "M-2 -5.5h4v3.5h3.5v4h-3.5v3.5h-4v-3.5h-3.5v-4h3.5z",
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """An estimate to draw. ``series`` picks colour and shape; ``value`` None draws nothing but the grid."""

    title: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    series: int = 0


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The horizontal axis: ``low`` to ``high`` in the metric's unit, with round ticks and an optional reference."""

    low: float
    high: float
    ticks: tuple[float, ...]
    unit: str
    reference: float | None = None
    signed: bool = False

    def at(self, value: float) -> float:
        """The place of ``value`` as a share of the width."""
        width = (self.high - self.low) or 1.0
        return _MARGIN + (1 - 2 * _MARGIN) * (value - self.low) / width


def scale(points: Iterable[Point], unit: str, *, reference: float | None = None, signed: bool = False) -> Scale:
    """A scale that holds every value, interval end and the reference. Shares stay within 0 and 1 unless signed."""
    held = [
        value
        for point in points
        for value in (point.value, point.low, point.high)
        if value is not None and math.isfinite(value)
    ]
    if reference is not None:
        held.append(reference)
    low, high = (min(held), max(held)) if held else (0.0, 1.0)
    if high - low < 1e-9:
        room = 0.1 * (abs(high) if abs(high) > 1e-6 else 1.0)
        low, high = low - room, high + room
    step = _step((high - low) / 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    if unit == "share" and not signed:
        low, high = max(0.0, low), min(1.0, high)
    ticks = tuple(low + index * step for index in range(round((high - low) / step + 1e-9) + 1))
    ticks = tuple(0.0 if abs(value) < step * 1e-6 else value for value in ticks)
    return Scale(low=low, high=high, ticks=ticks, unit=unit, reference=reference, signed=signed)


def _step(rough: float) -> float:
    size = math.pow(10, math.floor(math.log10(rough)))
    return next(factor * size for factor in _STEPS if factor * size >= rough * (1 - 1e-9))


def line(points: Sequence[Point], axis: Scale) -> Markup:
    """The SVGs of one row, grid and marks; several points (one per system) stand below each other.

    The grid fills the row whatever its height, so that the lines of neighbouring rows join.
    """
    gap, edge = 18, 17
    height = 2 * edge + gap * (len(points) - 1)
    drawn: list[Markup] = []
    for index, point in enumerate(points):
        drawn += _mark(point, axis, edge + gap * index)
    title = points[0].title if len(points) == 1 else "; ".join(point.title for point in points)
    text = "; ".join(point.text for point in points)
    return _grid(axis) + image(title, text, *drawn, class_="plot", width="100%", height=height)


def _grid(axis: Scale) -> Markup:
    lines = [_vertical(axis, value, "grid") for value in axis.ticks]
    if axis.reference is not None:
        lines.append(_vertical(axis, axis.reference, "reference"))
    return element("svg", *lines, class_="behind", aria_hidden="true")


def _vertical(axis: Scale, value: float, kind: str) -> Markup:
    x = percent(axis.at(value))
    return element("line", x1=x, x2=x, y1=0, y2="100%", class_=kind)


def _mark(point: Point, axis: Scale, y: int) -> list[Markup]:
    if point.value is None:
        return [element("text", "not scored", x=percent(0.5), y=y + 4, class_="tick", text_anchor="middle")]
    colour = f"series-{point.series % len(_SHAPES)}"
    out: list[Markup] = []
    if point.low is not None and point.high is not None:
        low, high = percent(axis.at(point.low)), percent(axis.at(point.high))
        out.append(element("line", x1=low, x2=high, y1=y, y2=y, class_=f"whisker {colour}"))
        out += [element("line", x1=end, x2=end, y1=y - 4, y2=y + 4, class_=f"whisker {colour}") for end in (low, high)]
    shape = marker(point.series)
    out.append(element("svg", shape, x=percent(axis.at(point.value)), y=y, width=1, height=1, overflow="visible"))
    return out


def marker(series: int) -> Markup:
    """The mark of a series, centred on the origin. Colour and shape both tell it apart, up to 36 of them."""
    turn, kind = divmod(series, len(_SHAPES))
    return element("path", d=_SHAPES[(kind + turn) % len(_SHAPES)], class_=f"mark series-{kind}")


def key(series: int) -> Markup:
    """The mark as a small picture for a legend; the name beside it says what it is."""
    return element("svg", marker(series), class_="key", view_box="-8 -8 16 16", aria_hidden="true")


def ruler(axis: Scale) -> Markup:
    """The axis with its tick labels, drawn once under the lines. Hidden from screen readers: lines say their values."""
    drawn: list[Markup] = []
    for value in axis.ticks:
        x = percent(axis.at(value))
        drawn.append(element("line", x1=x, x2=x, y1=0, y2=5, class_="grid"))
        drawn.append(
            element("text", tick(value, axis.unit, signed=axis.signed), x=x, y=19, class_="tick", text_anchor="middle")
        )
    return element("svg", *drawn, class_="plot ruler", width="100%", height=24, aria_hidden="true")


def bar(title: str, text: str, share: float, series: int = 0) -> Markup:
    """A horizontal bar, ``share`` (0 to 1) of the width."""
    track = element("rect", x=0, y=4, width="100%", height=14, rx=3, class_="track")
    body = element("rect", x=0, y=4, width=percent(min(max(share, 0.0), 1.0)), height=14, rx=3, class_=f"bar-{series}")
    return image(title, text, track, body, class_="plot", width="100%", height=22)
