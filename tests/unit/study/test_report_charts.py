from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from osler.study.report.charts import forest, reliability, workflow
from osler.study.report.charts.svg import element, image, percent

SHARES = st.floats(0, 1)


def _point(value: float, low: float, high: float) -> forest.Point:
    return forest.Point(title="s", text="t", value=value, low=low, high=high)


@given(st.lists(st.tuples(SHARES, SHARES, SHARES), min_size=1, max_size=6), st.none() | SHARES)
def test_a_scale_holds_everything(rows: list[tuple[float, float, float]], reference: float | None) -> None:
    points = [_point(middle, low, high) for low, middle, high in map(sorted, rows)]
    axis = forest.scale(points, "share", reference=reference)
    values = [value for row in rows for value in row] + ([] if reference is None else [reference])
    assert axis.low <= min(values) + 1e-9
    assert axis.high >= max(values) - 1e-9
    assert all(0 <= axis.at(value) <= 1 for value in values)
    assert 2 <= len(axis.ticks) <= 9
    assert list(axis.ticks) == sorted(axis.ticks)


@given(st.floats(-1e5, 1e5), st.floats(0, 1e4))
def test_a_signed_scale_has_a_place_for_zero(value: float, half: float) -> None:
    axis = forest.scale([_point(value, value - half, value + half)], "s", reference=0.0, signed=True)
    assert axis.low <= 0 <= axis.high
    assert axis.low <= value - half + 1e-6 * max(abs(value), half)


def test_a_scale_without_values_still_draws() -> None:
    point = forest.Point(title="none", text="not available", value=None, low=None, high=None)
    axis = forest.scale([point], "share")
    assert "not scored" in forest.line([point], axis)
    assert "%" in forest.ruler(axis)


def test_charts_are_well_formed_and_named() -> None:
    point = _point(0.5, 0.4, 0.6)
    axis = forest.scale([point], "share")
    stages = [{"stage": "task formulation", "state": "done", "note": ""}]
    bins: list[dict[str, float | None]] = [
        {"confidence": 0.4, "accuracy": 0.3, "n": 10},
        {"confidence": 0.9, "accuracy": None, "n": 0},
    ]
    for drawn in (
        forest.line([point, point], axis),
        workflow.wide(stages),
        workflow.tall(stages),
        reliability.diagram("s", bins),
        forest.bar("included", "66 cases", 0.4),
    ):
        root = ElementTree.fromstring(f"<all>{drawn}</all>")
        named = [svg for svg in root if svg.get("role") == "img"]
        assert len(named) == 1
        assert named[0].findtext("title")
        assert named[0].findtext("desc")
        assert all(svg.get("aria-hidden") == "true" for svg in root if svg.get("role") != "img")


def test_text_and_attributes_are_escaped() -> None:
    drawn = image("<script>", 'a "b" & c', element("text", "<b>", class_='x" onload="y'))
    assert "<script>" not in drawn
    assert "<b>" not in drawn
    assert 'onload="y"' not in drawn
    ElementTree.fromstring(drawn)


def test_the_study_stands_at_the_last_open_or_failed_stage() -> None:
    states = ["done", "done", "failed", "open", "not reached"]
    assert workflow.standing([{"state": state} for state in states]) == 3
    assert workflow.standing([{"state": "done"}, {"state": "done"}]) == 1
    assert workflow.standing([]) is None


def test_percent_is_short() -> None:
    assert percent(0.305) == "30.5%"
    assert percent(0.0) == "0%"
    assert percent(1.0) == "100%"


def test_marks_of_many_systems_differ() -> None:
    assert len({str(forest.marker(index)) for index in range(36)}) == 36
