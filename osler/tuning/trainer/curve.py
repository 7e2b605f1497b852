"""The learning curve as a picture: the loss of each step, its running mean, and the looks at held-out rows, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 320, 64, 20, 34, 46
_MOST = 400  # points of a line: more cannot be seen
_STYLE = """
svg { background: #ffffff; font: 13px system-ui, sans-serif; }
text { fill: #333333; } .title { font-weight: 600; } .grid { stroke: #e3e3e3; } .axis { stroke: #8a8a8a; }
.steps { fill: none; stroke: #9db7d9; stroke-width: 1; } .mean { fill: none; stroke: #1f5fa8; stroke-width: 2; }
.held { fill: none; stroke: #b4540a; stroke-width: 2; } .dot { fill: #b4540a; } .skipped { stroke: #c01c28; }
.best { fill: none; stroke: #b4540a; stroke-width: 2; } .told { font-size: 12px; }
@media (prefers-color-scheme: dark) {
  svg { background: #16181c; } text { fill: #d8d8d8; } .grid { stroke: #2c3036; } .axis { stroke: #7a7f87; }
  .steps { stroke: #3f5f86; } .mean { stroke: #7fb2f0; } .held, .best { stroke: #f0a35e; } .dot { fill: #f0a35e; }
  .skipped { stroke: #ff7b72; }
}
"""

Points = Sequence[tuple[float, float]]


def svg(record: Mapping[str, object], title: str) -> str:
    """The picture of a record as ``record_json`` gives it; readable in light and dark. Loss by step, log scale where the
    loss falls by more than a factor of ten."""
    rows: Sequence[Mapping[str, float]] = record["curve"]  # type: ignore[assignment]
    looks: Sequence[Mapping[str, float]] = record["looks"]  # type: ignore[assignment]
    skipped: Sequence[Mapping[str, float]] = record["skipped"]  # type: ignore[assignment]
    steps = [(float(row["step"]), float(row["loss"])) for row in rows]
    held = [
        (float(look["step"]), float(look["loss"]))
        for look in looks
        if look.get("loss") is not None and math.isfinite(look["loss"])
    ]
    frame = _Frame([*steps, *held])
    best = [point for point in held if point[0] == record["best"]]
    drawn = [
        *_grid(frame),
        _line(_thinned(steps), frame, "steps"),
        _line(_thinned(_smooth(steps)), frame, "mean"),
        *([_line(held, frame, "held")] if len(held) > 1 else []),
        *(f'<circle class="dot" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="3"/>' for x, y in held),
        *(f'<circle class="best" cx="{frame.x(x):.1f}" cy="{frame.y(y):.1f}" r="7"/>' for x, y in best),
        *(_cross(frame.x(float(one["step"])), _HEIGHT - _BOTTOM) for one in skipped),
        *_legend(bool(held), bool(best), bool(skipped)),
    ]
    told = _told(steps, held)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><desc>{escape(told)}</desc><style>{_STYLE}</style>"
        f'<text class="title" x="{_LEFT}" y="20">{escape(title)}</text>{"".join(drawn)}</svg>\n'
    )


class _Frame:
    """Where steps and losses lie on the picture."""

    def __init__(self, points: Points) -> None:
        ys = [y for _, y in points if math.isfinite(y)] or [0.0, 1.0]
        self.last = max((x for x, _ in points), default=1.0)
        self.log = min(ys) > 0 and max(ys) / min(ys) > 10
        low, high = (math.log10(min(ys)), math.log10(max(ys))) if self.log else (min(ys), max(ys))
        self.ticks = _powers(low, high) if self.log else _ticks(low, high)
        self.low, self.high = self.ticks[0], self.ticks[-1]

    def x(self, step: float) -> float:
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * step / max(self.last, 1.0)

    def y(self, loss: float) -> float:
        value = math.log10(max(loss, 1e-12)) if self.log else loss
        share = (value - self.low) / ((self.high - self.low) or 1.0)
        return _HEIGHT - _BOTTOM - (_HEIGHT - _TOP - _BOTTOM) * share


def _ticks(low: float, high: float) -> list[float]:
    """Four to eight round values around ``low`` and ``high``."""
    span = (high - low) or abs(high) or 1.0
    size = 10.0 ** math.floor(math.log10(span / 4))
    width = next(size * step for step in (1, 2, 5, 10) if span / (size * step) <= 6)
    first = math.floor(low / width)
    return [width * at for at in range(first, max(math.ceil(high / width), first + 1) + 1)]


def _powers(low: float, high: float) -> list[float]:
    """Logarithms of 1, 2 and 5 times powers of ten around ``low`` and ``high``; of powers alone where these are many."""
    steps = (0.0, math.log10(2), math.log10(5)) if high - low < 2.5 else (0.0,)
    every = [power + step for power in range(math.floor(low), math.ceil(high) + 1) for step in steps]
    below, above = [tick for tick in every if tick <= low], [tick for tick in every if tick >= high]
    return [tick for tick in every if below[-1] <= tick <= above[0]]


def _grid(frame: _Frame) -> Iterable[str]:
    for tick in frame.ticks:
        y = frame.y(10**tick if frame.log else tick)
        shown = f"{10**tick if frame.log else tick:.3g}"
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{shown}</text>'
    base = _HEIGHT - _BOTTOM
    yield f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{base}" y2="{base}"/>'
    for tick in _ticks(0, frame.last):
        if tick <= frame.last and tick == int(tick):
            yield f'<text x="{frame.x(tick):.1f}" y="{base + 18}" text-anchor="middle">{int(tick)}</text>'
    yield f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">step</text>'
    yield f'<text x="{_LEFT - 8}" y="{_TOP - 12}" text-anchor="end">{"loss, log" if frame.log else "loss"}</text>'


def _line(points: Points, frame: _Frame, kind: str) -> str:
    places = " ".join(f"{frame.x(x):.1f},{frame.y(y):.1f}" for x, y in points if math.isfinite(y))
    return f'<polyline class="{kind}" points="{places}"/>'


def _cross(x: float, y: float) -> str:
    return f'<path class="skipped" d="M{x - 4:.1f} {y - 4}l8 8m0 -8l-8 8"/>'


def _legend(held: bool, best: bool, skipped: bool) -> Iterable[str]:
    shown = [("steps", "each step"), ("mean", "running mean")]
    shown += [("held", "held-out rows")] if held else []
    shown += [("best", "kept weights")] if best else []
    shown += [("skipped", "not applied")] if skipped else []
    x = float(_LEFT)
    for kind, name in shown:
        y = _HEIGHT - 12
        yield {
            "best": f'<circle class="best" cx="{x + 9}" cy="{y - 4}" r="5"/>',
            "skipped": _cross(x + 9, y - 4),
        }.get(kind, f'<line class="{kind}" x1="{x}" x2="{x + 18}" y1="{y - 4}" y2="{y - 4}"/>')
        yield f'<text class="told" x="{x + 24}" y="{y}">{name}</text>'
        x += 40 + 7 * len(name)


def _smooth(points: Points) -> Points:
    """The mean of each point with those before it, the older the less (over about a twentieth of all)."""
    weight = 1 / max(2.0, len(points) / 20)
    found: list[tuple[float, float]] = []
    mean, mass = 0.0, 0.0
    for x, y in points:
        mean, mass = mean * (1 - weight) + y * weight, mass * (1 - weight) + weight
        found.append((x, mean / mass))
    return found


def _thinned(points: Points) -> Points:
    """At most ``_MOST`` points: means of neighbours, so that no peak is drawn where there was none."""
    if len(points) <= _MOST:
        return points
    size = -(-len(points) // _MOST)
    groups = [points[at : at + size] for at in range(0, len(points), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]


def _told(steps: Points, held: Points) -> str:
    said = f"The loss goes from {steps[0][1]:.4g} to {steps[-1][1]:.4g} in {len(steps)} steps." if steps else ""
    if held:
        said += f" On held-out rows it goes from {held[0][1]:.4g} to {held[-1][1]:.4g}."
    return said
