"""Reliability diagram: how often answers given with a stated probability were right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from osler.study.report.charts.svg import element, image
from osler.study.report.quantities import count, quantity, tick

_SIDE, _LEFT, _TOP, _BARS = 250, 52, 12, 44


def diagram(system: str, bins: Sequence[Mapping[str, Any]]) -> Markup:
    """Points of mean confidence (x) against share right (y), the diagonal of perfect calibration, and case counts."""
    used = [item for item in bins if item["n"] and item["confidence"] is not None and item["accuracy"] is not None]
    drawn = [*_frame(), *_counts(used)]
    path = " ".join(f"{_x(item['confidence']):.1f},{_y(item['accuracy']):.1f}" for item in used)
    drawn.append(element("polyline", points=path, class_="whisker series-0", fill="none"))
    for item in used:
        x, y = _x(item["confidence"]), _y(item["accuracy"])
        drawn.append(element("circle", cx=x, cy=y, r=4.5, class_="mark series-0"))
    said = "; ".join(
        f"stated {quantity(item['confidence'], 'share')}, right {quantity(item['accuracy'], 'share')}, "
        f"{count(item['n'])} cases"
        for item in used
    )
    height = _TOP + _SIDE + _BARS + 62
    return image(
        f"Reliability diagram of {system}",
        said or "no case had a stated probability",
        *drawn,
        view_box=f"0 0 {_LEFT + _SIDE + 24} {height}",
        class_="square",
    )


def _x(share: float) -> float:
    return _LEFT + _SIDE * share


def _y(share: float) -> float:
    return _TOP + _SIDE * (1 - share)


def _frame() -> list[Markup]:
    floor = _TOP + _SIDE
    out = [element("line", x1=_x(0), y1=_y(0), x2=_x(1), y2=_y(1), class_="reference")]
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        out.append(element("line", x1=_x(share), x2=_x(share), y1=_TOP, y2=floor, class_="grid"))
        out.append(element("line", x1=_x(0), x2=_x(1), y1=_y(share), y2=_y(share), class_="grid"))
        label = tick(share, "share")
        out.append(element("text", label, x=_x(share), y=floor + 17, class_="tick", text_anchor="middle"))
        out.append(element("text", label, x=_LEFT - 7, y=_y(share) + 4, class_="tick", text_anchor="end"))
    across = _LEFT + _SIDE / 2
    out.append(element("text", "stated probability", x=across, y=floor + 34, class_="tick", text_anchor="middle"))
    turned = f"rotate(-90 10 {_TOP + _SIDE / 2:.0f})"
    out.append(
        element("text", "share right", x=10, y=_TOP + _SIDE / 2, class_="tick", text_anchor="middle", transform=turned)
    )
    return out


def _counts(used: Sequence[Mapping[str, Any]]) -> list[Markup]:
    """A small bar under the plot for the number of cases behind each point."""
    most = max((item["n"] for item in used), default=1)
    floor = _TOP + _SIDE + 42 + _BARS
    out: list[Markup] = []
    for item in used:
        tall = _BARS * item["n"] / most * 0.7
        x = _x(item["confidence"])
        out.append(element("rect", x=x - 6, y=floor - tall, width=12, height=tall, class_="bar-0"))
        label = count(item["n"])
        out.append(element("text", label, x=x, y=floor - tall - 3, class_="tick small", text_anchor="middle"))
    caption = "cases behind each point"
    out.append(element("text", caption, x=_LEFT + _SIDE / 2, y=floor + 15, class_="tick", text_anchor="middle"))
    return out
