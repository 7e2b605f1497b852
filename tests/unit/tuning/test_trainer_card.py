"""The card and the learning curve of a trained model."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from training_toy import ToyStage

from osler.core.block import replace
from osler.tuning.schedule import Schedule
from osler.tuning.stage import made
from osler.tuning.trainer import card, curve
from osler.tuning.trainer.launch import Launch
from osler.tuning.trainer.record import Record, record_from, record_json

SVG = "{http://www.w3.org/2000/svg}"


def record(steps: int = 200, start: float = 8.0, floor: float = 0.5, looks: bool = True) -> dict[str, Any]:
    rows = [
        {"step": at, "loss": floor + start * math.exp(-at / 20), "tokens": 10.0, "norm": 1.0}
        for at in range(1, steps + 1)
    ]
    seen = [{"step": float(at), "loss": 1.0 + start * math.exp(-at / 20)} for at in range(20, steps + 1, 20)]
    return record_json(
        Record(curve=rows, looks=seen if looks else [], best=60 if looks else steps, seconds=2.0, tokens=10)
    )


def points(svg: str, kind: str) -> list[tuple[float, float]]:
    root = ET.fromstring(svg)
    (line,) = [one for one in root.iter(f"{SVG}polyline") if one.get("class") == kind]
    return [(float(x), float(y)) for x, y in (pair.split(",") for pair in str(line.get("points")).split())]


def test_the_curve_is_a_picture_with_words_in_light_and_dark() -> None:
    held = record()
    held["skipped"] = [{"step": 30, "what": "loss", "rows": ["a"]}]
    svg = curve.svg(held, "Pretrain <loss>")
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Pretrain <loss>"
    assert "in 200 steps" in str(root.findtext(f"{SVG}desc"))
    assert "prefers-color-scheme: dark" in svg
    words = [one.text for one in root.iter(f"{SVG}text")]
    assert {"each step", "held-out rows", "kept weights", "not applied", "step"} <= set(words)
    for kind in ("steps", "mean", "held"):
        assert all(0 <= x <= 720 and 0 <= y <= 320 for x, y in points(svg, kind))
    falling = [y for _, y in points(svg, "steps")]
    assert falling == sorted(falling)  # down on the picture is a lower loss


def test_a_long_training_is_thinned_and_a_steep_one_has_a_log_scale() -> None:
    svg = curve.svg(record(steps=5000), "long")
    assert len(points(svg, "steps")) <= 400
    assert "loss, log" in svg
    flat = curve.svg(record(start=0.4), "flat")
    assert "loss, log" not in flat


@pytest.mark.parametrize("steps", [1, 2])
def test_the_shortest_trainings_have_a_curve(steps: int) -> None:
    svg = curve.svg(record(steps=steps, looks=False), "short")
    assert len(points(svg, "steps")) == steps
    assert "held-out" not in svg


def test_a_mean_of_neighbours_keeps_the_mean_and_starts_at_the_first_loss() -> None:
    rising = [(float(at), float(at % 7)) for at in range(1000)]
    thin = curve._thinned(rising)
    assert abs(sum(y for _, y in thin) / len(thin) - sum(y for _, y in rising) / 1000) < 0.05
    assert curve._smooth(rising)[0] == rising[0]


def test_the_record_comes_back_from_json() -> None:
    held = Record(curve=[{"step": 1, "loss": 2.0}], skipped=[{"step": 2}], frozen="ab", joules=3.0, notes=["n"])
    assert record_from(record_json(held)) == held
    assert record_from({**record_json(held), "unknown": 1}) == held


def test_every_trained_folder_has_a_card(tmp_path: Path) -> None:
    schedule = Schedule(steps=6, batch_tokens=128, evaluate_every=2, keep="best", precision="float32")
    stage = made(ToyStage(schedule=schedule), seed=4, shelf=tmp_path, launch=Launch(watts=100.0))
    text = (stage.folder / "README.md").read_text("utf-8")
    manifest = stage.held.manifest
    assert text.startswith("# ToyStage, trained with Osler")
    assert card.NOT_FOR_CARE in text
    for said in (
        "| seed | 4 |",
        f"| hash of the data | {manifest['data']} |",
        "| learning_rate | 0.0005 |",
        "| steps applied | 6 |",
        "| energy by | 100 W as given |",
        "| licence | not known: see those of the base and of the data |",
        "![The loss by step](curve.svg)",
        "Not checked in this training.",
        "| rows | 40 |",
    ):
        assert said in text
    assert ET.fromstring((stage.folder / "curve.svg").read_text("utf-8")).tag == f"{SVG}svg"
    assert replace(stage, weights=stage.weights).held.manifest["weights"] == manifest["weights"]


def test_overlap_and_licence_are_told_where_the_stage_knows_them() -> None:
    manifest = {
        "stage": "SFT",
        "base": "b",
        "data": "d",
        "seed": 0,
        "spec": {"base": {"block": "Local", "path": "hub/name"}, "data": {"block": "CohortNotes", "name": "x|y"}},
        "record": record(),
        "about": {"overlap": {"rows shared with the test cases": 0}, "licence": "MIT", "share": 0.123456789},
    }
    text = "\n".join(card._lines(manifest))
    assert "| rows shared with the test cases | 0 |" in text
    assert "| licence | MIT |" in text
    assert "| base | local (name) |" in text
    assert "| data | cohort_notes (x\\|y) |" in text
    assert "| share | 0.12346 |" in text
    assert "| updates not applied (no number) | 0 |" in text
