"""The workflow as a picture: five stages, the short cut past fine-tuning and the loop back to the task.

Stages and edge labels follow figure 1 of the primer (arXiv 2410.18856). Drawn wide for screens and tall for phones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from osler.study.report.charts.svg import element, image

STAGES = ("Task formulation", "LLM selection", "Prompt engineering", "Fine-tuning", "Deployment")
SIGNS = {"done": "\u2713", "open": "\u25cf", "failed": "\u2715", "not reached": "\u25cb"}


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float


def standing(stages: Sequence[Mapping[str, Any]]) -> int | None:
    """The index of the stage where the study stands: the last open or failed one, else the last done one."""
    for states in (("open", "failed"), ("done",)):
        found = [index for index, stage in enumerate(stages) if stage["state"] in states]
        if found:
            return found[-1]
    return None


def wide(stages: Sequence[Mapping[str, Any]]) -> Markup:
    """For screens: boxes in a row, the short cut above and the loop below."""
    boxes = [_Box(6 + 194 * index, 70, 164, 70) for index in range(len(STAGES))]
    drawn = [_arrow("wide", f"M{box.x + 164} 105H{box.x + 186}") for box in boxes[:-1]]
    tuning, top, floor = boxes[3], 70, 140
    drawn += [
        _arrow("wide", f"M{boxes[2].x + 82} {top}V34H{boxes[4].x + 82}V{top - 6}"),
        _label("target met by prompting", tuning.x + 82, 26, "middle"),
        _arrow("wide", f"M{tuning.x + 82} {floor}V182H{boxes[0].x + 82}V{floor + 6}", dashed=True),
        _label("redefine the task if fine-tuning fails", boxes[1].x + 177, 201, "middle"),
        _label("if not satisfied", tuning.x - 15, 160, "middle"),
    ]
    return _picture(stages, boxes, drawn, "0 0 952 214", "wide")


def tall(stages: Sequence[Mapping[str, Any]]) -> Markup:
    """For phones: boxes in a column, the short cut on the right and the loop on the left."""
    boxes = [_Box(72, 6 + 92 * index, 180, 62) for index in range(len(STAGES))]
    drawn = [_arrow("tall", f"M162 {box.y + 62}V{box.y + 86}") for box in boxes[:-1]]
    drawn += [
        _arrow("tall", f"M252 {boxes[2].y + 31}H276V{boxes[4].y + 31}H258"),
        _turned("target met by prompting", 290, boxes[3].y + 31),
        _arrow("tall", f"M72 {boxes[3].y + 31}H46V{boxes[0].y + 31}H66", dashed=True),
        _turned("redefine the task if fine-tuning fails", 38, boxes[1].y + 77),
        _label("if not satisfied", 172, boxes[3].y - 11, "start"),
    ]
    return _picture(stages, boxes, drawn, "0 0 310 442", "tall")


def _picture(
    stages: Sequence[Mapping[str, Any]], boxes: Sequence[_Box], drawn: list[Markup], view: str, kind: str
) -> Markup:
    here = standing(stages)
    drawn.insert(0, _head(kind))
    for index, box in enumerate(boxes):
        stage = stages[index] if index < len(stages) else {"stage": STAGES[index], "state": "not reached"}
        name = str(stage["stage"]) or STAGES[index]
        drawn += _stage(box, name[:1].upper() + name[1:], str(stage["state"]), index == here)
    said = "; ".join(f"{stage['stage']}: {stage['state']}" for stage in stages) or "no stage is recorded"
    return image(
        "The workflow and where this study stands", said, *drawn, view_box=view, class_=f"workflow-picture {kind}"
    )


def _stage(box: _Box, name: str, state: str, here: bool) -> list[Markup]:
    kind = state.replace(" ", "-") + (" here" if here else "")
    middle = box.x + box.width / 2
    sign = SIGNS.get(state, "")
    return [
        element(
            "rect",
            x=box.x,
            y=box.y,
            width=box.width,
            height=box.height,
            rx=8,
            class_=f"stage {kind}",
        ),
        element("text", name, x=middle, y=box.y + box.height / 2 - 5, class_="stage-name", text_anchor="middle"),
        element(
            "text",
            f"{sign} {state}",
            x=middle,
            y=box.y + box.height / 2 + 18,
            class_=f"stage-state {kind}",
            text_anchor="middle",
        ),
    ]


def _arrow(kind: str, path: str, *, dashed: bool = False) -> Markup:
    return element("path", d=path, class_="edge dashed" if dashed else "edge", marker_end=f"url(#arrow-{kind})")


def _head(kind: str) -> Markup:
    """The arrow head, one for each picture: a hidden picture cannot lend its own."""
    tip = element("path", d="M0 0L7 3.5L0 7z", class_="edge-head")
    sized: dict[str, str | int | float] = {
        "markerWidth": 7,
        "markerHeight": 7,
        "refX": 2,
        "refY": 3.5,
        "orient": "auto",
    }
    return element("defs", element("marker", tip, id=f"arrow-{kind}", **sized))


def _label(text: str, x: float, y: float, anchor: str) -> Markup:
    return element("text", text, x=x, y=y, class_="tick", text_anchor=anchor)


def _turned(text: str, x: float, y: float) -> Markup:
    return element(
        "text",
        text,
        x=x,
        y=y,
        class_="tick",
        text_anchor="middle",
        transform=f"rotate(-90 {x:.0f} {y:.0f})",
    )
