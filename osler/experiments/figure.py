"""A figure of an experiment as SVG: measured points with intervals, joined; theory as dashed lines without marks."""

from __future__ import annotations

import math
from collections.abc import Iterable

from markupsafe import Markup

from osler.experiments.outcome import Curve, Figure, Point
from osler.study.report.charts import forest
from osler.study.report.charts.svg import element, image
from osler.study.report.palette import SERIES
from osler.study.report.quantities import quantity, tick

_WIDTH, _NARROW, _HEIGHT, _LEFT, _RIGHT, _TOP = 720, 330, 340, 66, 22, 14
_LINE = 16  # height of a line of tick text
_ROOM = 84  # width that a name of a place needs


class _Frame:
    """Where values lie on the picture, and what stands at the places of x. Numbers stand for names without room."""

    def __init__(self, figure: Figure, width: int) -> None:
        self.width = width
        room = width - _LEFT - _RIGHT >= _ROOM * len(figure.names)
        self.names = {
            place: name if room else str(at) for at, (place, name) in enumerate(figure.names.items(), start=1)
        }
        points = [point for curve in figure.curves for point in curve.points]
        xs = [point.x for point in points] or [0.0, 1.0]
        ys = [y for point in points for y in (point.y, point.low, point.high) if y is not None] or [0.0, 1.0]
        self.log = figure.scale == "log" and min(xs) > 0
        self.x_low, self.x_high = min(xs), max(xs)
        if figure.names or self.x_low == self.x_high:  # room left and right of the first and last name
            self.x_low, self.x_high = self.x_low - 0.5, self.x_high + 0.5
        self.y_ticks = _round(ys, figure.unit)
        self.y_low, self.y_high = self.y_ticks[0], self.y_ticks[-1]
        places = sorted(set(xs))
        few = len(places) <= 9
        self.x_ticks = tuple(figure.names) or (tuple(places) if few else self._between(_round(xs, "")))

    def _between(self, ticks: Iterable[float]) -> tuple[float, ...]:
        return tuple(value for value in ticks if self.x_low <= value <= self.x_high)

    def x(self, value: float) -> float:
        if self.log:
            span = math.log(self.x_high / self.x_low) or 1.0
            share = math.log(value / self.x_low) / span
        else:
            share = (value - self.x_low) / ((self.x_high - self.x_low) or 1.0)
        return _LEFT + 8 + (self.width - _LEFT - _RIGHT - 16) * share

    def y(self, value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - self.y_low) / ((self.y_high - self.y_low) or 1.0))


def _round(values: Iterable[float], unit: str) -> tuple[float, ...]:
    """Round ticks that hold all values; shares below 0 (differences) are not cut at 0."""
    held = list(values)
    points = [forest.Point(title="", text="", value=value, low=None, high=None) for value in held]
    return forest.scale(points, unit, signed=min(held) < 0).ticks


def picture(figure: Figure, *, narrow: bool = False) -> Markup:
    """The figure as one SVG with a text for those who do not see it; ``narrow`` fits a telephone."""
    frame = _Frame(figure, _NARROW if narrow else _WIDTH)
    lines = max((len(_wrapped(name)) for name in frame.names.values()), default=1)
    drawn = [*_grid(figure, frame, lines)]
    many = len([curve for curve in figure.curves if not curve.theory])
    for at, curve in enumerate(figure.curves):
        drawn += _curve(curve, frame, _series(figure, at), shift=_shift(figure, at, many) * (0.55 if narrow else 1.0))
    return image(
        figure.title,
        _told(figure),
        *drawn,
        view_box=f"0 0 {frame.width} {_TOP + _HEIGHT + 26 + _LINE * (lines + len(_wrapped(figure.x_title, frame.width // 8)))}",
        class_="lines narrow" if narrow else "lines",
    )


def numbered(figure: Figure) -> list[str]:
    """The names of the places on x, in order, where the narrow picture has numbers instead; else none."""
    shown = _Frame(figure, _NARROW).names
    return [figure.names[place] for place in shown if shown[place] != figure.names[place]]


def legend(figure: Figure) -> list[tuple[Markup, str]]:
    """The mark of each curve and its name; empty for a single curve."""
    if len(figure.curves) < 2:
        return []
    out = []
    for at, curve in enumerate(figure.curves):
        series = _series(figure, at)
        style = "whisker theory" if curve.theory else "whisker"
        parts = [element("line", x1=0, x2=26, y1=8, y2=8, class_=f"{style} series-{series}")]
        if not curve.theory:
            parts.append(_mark(13, 8, series))
        out.append((element("svg", *parts, view_box="0 0 26 16", width=26, height=16, aria_hidden="true"), curve.title))
    return out


def _series(figure: Figure, at: int) -> int:
    """Theory takes the colour of the measured curve before it, so that the two are read together."""
    measured = [i for i in range(at + 1) if not figure.curves[i].theory]
    return (len(measured) - 1 if measured else 0) % SERIES


def _shift(figure: Figure, at: int, many: int) -> float:
    """Sideways, so that intervals at the same named place do not cover each other."""
    if not figure.names or many < 2 or figure.curves[at].theory:
        return 0.0
    place = len([1 for curve in figure.curves[:at] if not curve.theory])
    return (place - (many - 1) / 2) * 14


def _grid(figure: Figure, frame: _Frame, lines: int) -> list[Markup]:
    floor, right = _TOP + _HEIGHT, frame.width - _RIGHT
    out = []
    for value in frame.y_ticks:
        y = frame.y(value)
        out.append(element("line", x1=_LEFT, x2=right, y1=y, y2=y, class_="grid"))
        out.append(element("text", tick(value, figure.unit), x=_LEFT - 8, y=y + 4, class_="tick", text_anchor="end"))
    for value in frame.x_ticks:
        x = frame.x(value)
        out.append(element("line", x1=x, x2=x, y1=floor, y2=floor + 5, class_="grid"))
        for row, words in enumerate(_wrapped(frame.names.get(value, f"{value:g}"))):
            y = floor + 20 + row * _LINE
            out.append(element("text", words, x=x, y=y, class_="tick", text_anchor="middle"))
    across, below = (_LEFT + right) / 2, floor + 26 + _LINE * lines
    for row, words in enumerate(_wrapped(figure.x_title, frame.width // 8)):  # about 8 to a letter
        y = below + 4 + row * _LINE
        out.append(element("text", words, x=across, y=y, class_="tick", text_anchor="middle"))
    turned = f"rotate(-90 12 {_TOP + _HEIGHT / 2:.0f})"
    middle = _TOP + _HEIGHT / 2
    out.append(element("text", figure.y_title, x=12, y=middle, class_="tick", text_anchor="middle", transform=turned))
    return out


def _curve(curve: Curve, frame: _Frame, series: int, *, shift: float) -> list[Markup]:
    points = sorted(curve.points, key=lambda point: point.x)
    out = []
    if curve.joined and len(points) > 1:
        path = " ".join(f"{frame.x(point.x) + shift:.1f},{frame.y(point.y):.1f}" for point in points)
        style = "whisker theory" if curve.theory else "whisker"
        out.append(element("polyline", points=path, class_=f"{style} series-{series}", fill="none"))
    if curve.theory and curve.joined:
        return out
    for point in points:
        x, y = frame.x(point.x) + shift, frame.y(point.y)
        if point.low is not None and point.high is not None:
            low, high = frame.y(point.low), frame.y(point.high)
            out.append(element("line", x1=x, x2=x, y1=low, y2=high, class_=f"whisker series-{series}"))
        out.append(_mark(x, y, series))
    return out


def _mark(x: float, y: float, series: int) -> Markup:
    return element("g", forest.marker(series), transform=f"translate({x:.1f} {y:.1f})")


def _wrapped(name: str, most: int = 14) -> list[str]:
    """A name in lines of about 14 characters, or as many as said."""
    lines: list[str] = []
    for word in name.split():
        if lines and len(lines[-1]) + len(word) < most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines or [""]


def _told(figure: Figure) -> str:
    def said(point: Point) -> str:
        where = figure.names.get(point.x, f"{point.x:g}")
        ends = (
            "" if point.low is None else f" ({quantity(point.low, figure.unit)} to {quantity(point.high, figure.unit)})"
        )
        return f"{where}: {quantity(point.y, figure.unit)}{ends}"

    return ". ".join(f"{curve.title}: " + ", ".join(said(point) for point in curve.points) for curve in figure.curves)
