"""From predictions to the results of a study: every number with its n, interval, method and data hash.

The same function serves ``score`` (predictions from the store) and ``score --from`` (predictions from a bundle).
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from osler.core.block import snake
from osler.core.types import Example, Metric
from osler.evaluation.compare import Comparison, compare, verdict
from osler.evaluation.estimate import confusion, estimate, estimates, reliability
from osler.evaluation.table import Table
from osler.study.answers import Answers, Frame, answered, arms, asked, closed, complete, table_metric, table_of
from osler.study.pairing import Asked, shared
from osler.study.verdicts import named, settle

RESAMPLES = 10_000
MOST_PAIRS = 15  # up to six arms are all compared with each other; beyond that, with the first


def systems(examples: Sequence[Example], answers: Sequence[Answers], frame: Frame) -> list[dict[str, Any]]:
    """One row per arm: estimates, subgroups, confusion, calibration, failures and use."""
    out = []
    labelled = closed(examples)
    for label, cells in arms(answers).items():
        counted, left_out = complete(cells)
        table = table_of(examples, counted, frame)
        out.append(
            {
                "name": label,
                "model": cells[0].model,
                "system": cells[0].system,
                "seeds": [cell.seed for cell in counted],
                "left_out": [{"seed": cell.seed, "n": len(cell.ids)} for cell in left_out],
                "cells": [cell.cell for cell in cells],
                "spec": {"model": cells[0].spec.get("model"), "system": cells[0].spec.get("system")},
                "n": len(table),
                "cases": len(set(table.ids.tolist())),
                "failures": dict(Counter(str(kind) for kind in table.failures if kind)),
                "unparsed": int(np.sum(~table.parsed & (table.failures == ""))),
                "estimates": _estimates(frame, table)
                if answered(counted)
                else {m: dict(_UNANSWERED) for m in frame.metrics},
                "subgroups": {
                    field: _subgroups(frame, table, field)
                    for field in frame.subgroups
                    if field in table.meta and answered(counted)
                },
                "confusion": _confusion(table) if labelled else None,
                "reliability": _reliability(table),
                "usage": usage(cells),
                "training": None,
            }
        )
    return out


def comparisons(examples: Sequence[Example], answers: Sequence[Answers], frame: Frame) -> list[dict[str, Any]]:
    """Paired differences on the primary metric; p-values adjusted by Holm over the study's comparisons of a kind."""
    grouped = arms(answers)
    pairs = [pair for pair in (frame.compare or _all_pairs(list(grouped))) if set(pair) <= set(grouped)]
    # An arm whose every call failed says nothing about its model; comparing it would make a finding of a dead server.
    grouped = {label: cells for label, cells in grouped.items() if answered(cells)}
    pairs = [pair for pair in pairs if set(pair) <= set(grouped)]
    tables = {label: asked(examples, complete(cells)[0], frame) for label, cells in grouped.items()}
    out: list[dict[str, Any]] = []
    for name in dict.fromkeys((frame.primary, *frame.compare_metrics)):
        out += _compared(frame.metrics[name], name, pairs, tables, None)
    metric = frame.metrics[frame.primary]
    if frame.compare_by and pairs:
        field = frame.compare_by
        for value in tables[pairs[0][0]].table.subgroups(field):
            part = {label: table.select(field, value) for label, table in tables.items()}
            out += _compared(metric, frame.primary, pairs, part, {"field": field, "value": value})
    for whole in (True, False):
        family = [row for row in out if (row["subgroup"] is None) is whole]
        settle(family)
    return out


_UNANSWERED: Mapping[str, Any] = {
    "value": None,
    "low": None,
    "high": None,
    "n": 0,
    "clusters": 0,
    "unscored": 0,
    "method": "no call was answered",
}


def _compared(
    metric: Metric,
    name: str,
    pairs: Sequence[tuple[str, str]],
    tables: Mapping[str, Asked],
    subgroup: Mapping[str, str] | None,
) -> list[dict[str, Any]]:
    out = []
    for a, b in pairs:
        first, second = shared(tables[a], tables[b])
        if not len(first):
            continue
        found: Comparison = compare(
            table_metric(name, metric, first, second), first, second, resamples=RESAMPLES, seed=0
        )
        row: dict[str, Any] = {"a": a, "b": b, "metric": name, "subgroup": dict(subgroup) if subgroup else None}
        row |= {
            field: getattr(found, field)
            for field in (
                "difference",
                "low",
                "high",
                "p",
                "method",
                "n",
                "cases",
                "clusters",
                "only_a",
                "only_b",
                "detectable",
            )
        }
        row |= {"p_adjusted": None, "verdict": named(verdict(found, getattr(metric, "unit", "")), a, b)}
        out.append(row)
    return out


def _all_pairs(labels: list[str]) -> list[tuple[str, str]]:
    pairs = list(itertools.combinations(labels, 2))
    return pairs if len(pairs) <= MOST_PAIRS else [(labels[0], other) for other in labels[1:]]


def seeds_left_out(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """A warning for each seed that is not part of the numbers."""
    return [
        f"{row['name']}: seed {left['seed']} has answers to {left['n']:,} of {row['cases']:,} cases and is left out of "
        "the numbers; run the study again to finish it"
        for row in rows
        for left in row["left_out"]
    ]


def usage(cells: Sequence[Answers]) -> dict[str, Any]:
    replies = [reply for cell in cells for prediction in cell.predictions for reply in prediction.replies]
    latency = np.array([reply.latency_s for reply in replies]) if replies else np.zeros(1)
    return {
        "calls": len(replies),
        "cached": sum(reply.cached for reply in replies),
        "tokens_in": sum(reply.tokens_in for reply in replies),
        "tokens_out": sum(reply.tokens_out for reply in replies),
        "cost_usd": float(sum(reply.cost_usd for reply in replies)),
        "latency_p50_s": float(np.quantile(latency, 0.5)),
        "latency_p90_s": float(np.quantile(latency, 0.9)),
    }


def _estimates(frame: Frame, table: Table) -> dict[str, dict[str, Any]]:
    """Every metric of the study on a table; metrics that score the same rows share their resamples."""
    measures = {name: table_metric(name, metric, table) for name, metric in frame.metrics.items()}
    return {name: found.json() for name, found in estimates(measures, table, resamples=RESAMPLES, seed=0).items()}


def _json(name: str, metric: Metric, table: Table) -> dict[str, Any]:
    return dict(estimate(table_metric(name, metric, table), table, resamples=RESAMPLES, seed=0).json())


def _subgroups(frame: Frame, table: Table, field: str) -> dict[str, Any]:
    metric = frame.metrics[frame.primary]
    return {
        value: {frame.primary: _json(frame.primary, metric, table.select(field, value))}
        for value in table.subgroups(field)
    }


def _confusion(table: Table) -> dict[str, Any]:
    labels, counts = confusion(table)
    return {"labels": list(labels), "answers": [*labels, "unparsed"], "counts": np.asarray(counts).tolist()}


def _reliability(table: Table) -> list[dict[str, Any]] | None:
    if table.probabilities is None:
        return None
    bins = reliability(table, bins=10)
    return [dataclasses.asdict(row) for row in bins] if bins else None


def _title(name: str, metric: Metric) -> str:
    """What a metric is called; one that the study gave settings or a name of its own shows that, too."""
    own = snake(type(metric).__name__)
    title = str(getattr(metric, "title", own.replace("_", " ")))
    return title if name == own else f"{title}, {name}"


def describe(metrics: Mapping[str, Metric]) -> dict[str, dict[str, Any]]:
    """Title, definition, unit and direction of each metric."""
    return {
        name: {
            "title": _title(name, metric),
            "definition": getattr(metric, "definition", ""),
            "unit": getattr(metric, "unit", ""),
            "higher_is_better": getattr(metric, "higher_is_better", None),
        }
        for name, metric in metrics.items()
    }
