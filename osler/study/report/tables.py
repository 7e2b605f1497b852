"""The rows of the result tables and forest plots, ready to be written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from osler.study.report import quantities as say
from osler.study.report import ranking
from osler.study.report.charts import forest
from osler.study.report.palette import HEAT


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a forest plot: name, picture and the numbers as text."""

    name: str
    picture: Markup
    numbers: tuple[str, ...]
    note: str = ""
    flag: str = ""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A forest plot. ``reference`` says what the dashed line means; ``legend`` pairs marks with names."""

    title: str
    lines: tuple[Line, ...]
    ruler: Markup
    reference: str = ""
    legend: tuple[tuple[Markup, str], ...] = ()


def primary_plot(record: Mapping[str, Any]) -> Plot | None:
    """The primary metric of every system, with the acceptance line where the rule is about that metric."""
    metric = record["study"]["primary"]
    about = record["metrics"].get(metric)
    if about is None or not record["systems"]:
        return None
    rule = record["study"]["accept"]
    wanted, limit = ranking.target(rule) if rule and rule["metric"] == metric else (None, False)
    pairs = [(item, _point(item["name"], item["estimates"].get(metric), about)) for item in record["systems"]]
    axis = forest.scale([point for _, point in pairs], about["unit"], reference=wanted)
    lines = tuple(
        Line(
            name=item["name"],
            picture=forest.line([point], axis),
            numbers=(point.text,),
            note=_support(item["estimates"].get(metric)),
            flag="baseline" if ranking.baseline(item) and rule else ranking.acceptance(item, rule, record["data"]["n"]),
        )
        for item, point in pairs
    )
    side = "up to" if limit else "from"
    shown = "" if wanted is None else f"accepted {side} {say.quantity(wanted, about['unit'])}"
    return Plot(title=about["title"], lines=lines, ruler=forest.ruler(axis), reference=shown)


def difference_plot(record: Mapping[str, Any], *, grouped: bool = False) -> Plot | None:
    """Differences of the primary metric between pairs of systems, with the line of no difference.

    ``grouped``: those within subgroups instead of the overall ones.
    """
    metric = record["study"]["primary"]
    found = [
        item for item in record["comparisons"] if item["metric"] == metric and (item["subgroup"] is not None) is grouped
    ]
    if not found:
        return None
    about = record["metrics"][metric]
    points = [
        forest.Point(
            title=(f"{item['subgroup']['value']}: " if grouped else "") + f"{item['b']} minus {item['a']}",
            text=say.difference(item, about["unit"]),
            value=item["difference"],
            low=item["low"],
            high=item["high"],
            series=5 if ranking.open_question(item) else 0,
        )
        for item in found
    ]
    axis = forest.scale(points, about["unit"], reference=0.0, signed=True)
    lines = tuple(
        Line(
            name=point.title,
            picture=forest.line([point], axis),
            numbers=(point.text,),
            note=say.p_value(item["p_adjusted"]) + " (Holm)" if item["p_adjusted"] is not None else "",
            flag=verdict(item),
        )
        for item, point in zip(found, points, strict=True)
    )
    return Plot(title=about["title"], lines=lines, ruler=forest.ruler(axis), reference="no difference")


def verdict(found: Mapping[str, Any]) -> str:
    """The recorded verdict with names for "a" and "b"; ``no difference shown`` whenever the question is open."""
    if found["difference"] is None:
        return str(found["verdict"] or "not compared")
    if ranking.open_question(found):
        return str(found["verdict"]) if found["verdict"].startswith("not settled") else "no difference shown"
    side, _, rest = found["verdict"].partition(" ")
    return f"{found[side]} {rest}" if side in ("a", "b") else found["verdict"] or "interval excludes 0"


def subgroup_plots(record: Mapping[str, Any]) -> list[tuple[str, Plot]]:
    """One plot for each field: a line per value, a mark per system."""
    metric = record["study"]["primary"]
    about = record["metrics"].get(metric)
    if about is None:
        return []
    fields: dict[str, dict[str, None]] = {}
    for system in record["systems"]:
        for field, groups in system["subgroups"].items():
            fields.setdefault(field, {}).update(dict.fromkeys(groups))
    return [(field, _subgroups(record, field, list(values), metric, about)) for field, values in fields.items()]


def _subgroups(
    record: Mapping[str, Any], field: str, values: Sequence[str], metric: str, about: Mapping[str, Any]
) -> Plot:
    systems = record["systems"]
    rows = {
        value: [
            _point(item["name"], item["subgroups"].get(field, {}).get(value, {}).get(metric), about, index)
            for index, item in enumerate(systems)
        ]
        for value in values
    }
    axis = forest.scale([point for points in rows.values() for point in points], about["unit"])
    lines = []
    for value, points in rows.items():
        n = _group_size(record, field, value, metric)
        lines.append(
            Line(
                name=value or "not stated",
                picture=forest.line(points, axis),
                numbers=tuple(point.text for point in points),
                note=f"n = {say.count(n)}",
                flag=f"too few to judge (n < {say.SMALL_GROUP})" if n is not None and n < say.SMALL_GROUP else "",
            )
        )
    legend = tuple((forest.key(index), item["name"]) for index, item in enumerate(systems))
    return Plot(title=field, lines=tuple(lines), ruler=forest.ruler(axis), legend=legend if len(systems) > 1 else ())


def _group_size(record: Mapping[str, Any], field: str, value: str, metric: str) -> int | None:
    found = [item["subgroups"].get(field, {}).get(value, {}).get(metric, {}).get("n") for item in record["systems"]]
    held = [int(n) for n in found if n is not None]
    return min(held) if held else record["data"]["subgroups"].get(field, {}).get(value)


def _point(title: str, found: Mapping[str, Any] | None, about: Mapping[str, Any], series: int = 0) -> forest.Point:
    found = found or {"value": None, "low": None, "high": None, "n": None, "clusters": None}
    text = say.estimate(found, about["unit"], binary=about["binary"])
    return forest.Point(
        title=title, text=text, value=found["value"], low=found["low"], high=found["high"], series=series
    )


def _support(found: Mapping[str, Any] | None) -> str:
    """``n = 180 in 60 clusters, 2 not scored``."""
    if found is None or found["n"] is None:
        return ""
    grouped = found["clusters"] is not None and found["clusters"] < found["n"]
    out = f"n = {say.count(found['n'])}" + (f" in {say.count(found['clusters'])} clusters" if grouped else "")
    return out + (f", {found['unscored']} not scored" if found["unscored"] else "")


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A value in the table of all metrics; ``bold`` only for a proven best."""

    value: str
    interval: str
    support: str
    bold: bool


def metric_rows(record: Mapping[str, Any]) -> list[tuple[str, list[Cell]]]:
    """One row for each system, one cell for each metric in the order of ``record["metrics"]``."""
    best = {
        name: ranking.winner(record["systems"], record["comparisons"], name, about["higher_is_better"])
        for name, about in record["metrics"].items()
    }
    return [
        (
            item["name"],
            [
                _cell(item["estimates"].get(name), about, best[name] == item["name"])
                for name, about in record["metrics"].items()
            ],
        )
        for item in record["systems"]
    ]


def _cell(found: Mapping[str, Any] | None, about: Mapping[str, Any], bold: bool) -> Cell:
    if found is None or found["value"] is None:
        reason = "not scored" if found is not None else "\u2013"
        return Cell(value=reason, interval="", support=_support(found), bold=False)
    unit = about["unit"]
    bound = say.extreme(found, unit, binary=about["binary"])
    if bound:
        value, _, rest = bound.partition(" (")
        return Cell(value=value, interval=rest.rstrip(")"), support=_support(found), bold=bold)
    ends = say.interval(found["low"], found["high"], unit)
    return Cell(value=say.quantity(found["value"], unit), interval=ends, support=_support(found), bold=bold)


@dataclass(frozen=True, kw_only=True)
class Matrix:
    """A confusion matrix: rows are targets, columns answers, every cell with count, shade and meaning."""

    system: str
    answers: tuple[str, ...]
    rows: tuple[tuple[str, int, tuple[tuple[int, str], ...]], ...]


def matrix(system: Mapping[str, Any]) -> Matrix | None:
    """Shades go by the share of the row; an answer equal to the target is a hit, everything else a miss."""
    found = system["confusion"]
    if not found:
        return None
    rows = []
    for label, counts in zip(found["labels"], found["counts"], strict=True):
        total = sum(counts)
        shaded = tuple(
            (n, _shade(n, total, hit=answer == label)) for answer, n in zip(found["answers"], counts, strict=True)
        )
        rows.append((str(label), total, shaded))
    return Matrix(system=system["name"], answers=tuple(map(str, found["answers"])), rows=tuple(rows))


def _shade(n: int, total: int, *, hit: bool) -> str:
    if not n:
        return "none"
    level = min(HEAT, 1 + int(HEAT * n / total))
    return f"{'hit' if hit else 'miss'}-{level}"
