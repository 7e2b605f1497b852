"""The record behind a report, with every optional part filled in so that the page can say what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.errors import DataError

Record = dict[str, Any]

_STUDY: Record = {
    "name": "",
    "question": "",
    "toml": "",
    "id": "",
    "primary": "",
    "primary_named": True,
    "accept": None,
}
_TASK: Record = {
    "name": "",
    "title": "",
    "capability": "",
    "area": "",
    "input": "",
    "output": "",
    "intended_use": "",
    "users": "",
    "oversight": "",
    "hazards": [],
    "labels": [],
    "instruction": "",
}
_DATA: Record = {
    "source": "",
    "hash": "",
    "n": None,
    "clusters": None,
    "cluster": "",
    "splits": {},
    "folds": 0,
    "labels": {},
    "subgroups": {},
    "overlap": None,
    "licence": "",
    "citation": "",
    "synthetic": False,
}
_METRIC: Record = {"title": "", "definition": "", "unit": "", "higher_is_better": None, "binary": False}
_SYSTEM: Record = {
    "name": "",
    "model": "",
    "system": "",
    "seeds": [],
    "cells": [],
    "spec": {},
    "n": 0,
    "cases": None,
    "left_out": [],
    "failures": {},
    "unparsed": 0,
    "estimates": {},
    "subgroups": {},
    "confusion": None,
    "reliability": None,
    "usage": {},
    "training": None,
    "fitting": None,
}
_ESTIMATE: Record = {
    "value": None,
    "low": None,
    "high": None,
    "n": None,
    "clusters": None,
    "unscored": 0,
    "method": "",
}
_USAGE: Record = {
    "calls": None,
    "cached": None,
    "tokens_in": None,
    "tokens_out": None,
    "cost_usd": None,
    "latency_p50_s": None,
    "latency_p90_s": None,
}
_COMPARISON: Record = {
    "a": "",
    "b": "",
    "metric": "",
    "difference": None,
    "low": None,
    "high": None,
    "p": None,
    "p_adjusted": None,
    "method": "",
    "n": None,
    "cases": None,
    "clusters": None,
    "only_a": None,
    "only_b": None,
    "detectable": None,
    "verdict": "",
    "subgroup": None,
}
_PUBLISHED: Record = {
    "system": "",
    "group": "",
    "metric": "",
    "published": None,
    "rule": None,
    "ours": None,
    "n": None,
    "items": [],
    "source": "",
}
_ITEM: Record = {"id": "", "published_reading": "", "our_reading": "", "target": "", "reason": ""}
_CASE: Record = {
    "id": "",
    "system": "",
    "target": "",
    "answer": None,
    "parsed": True,
    "failure": "",
    "meta": {},
    "question": "",
    "evidence": [],
    "gold_evidence": [],
    "cited": [],
    "rationale": "",
    "reply": "",
    "choices": [],
    "labelled": False,
}
_STAGE: Record = {"stage": "", "state": "not reached", "note": ""}
_GATE: Record = {"edge": "", "passed": None, "reason": "", "at": ""}
_FLOW: Record = {"step": "", "n": None, "note": ""}
_OVERLAP: Record = {"exact": None, "near": None, "checked": None, "note": ""}


def complete(results: Mapping[str, Any]) -> Record:
    """``results`` with every optional key present. Raises DataError without study or systems."""
    for key, kind in (("study", Mapping), ("systems", list)):
        if not isinstance(results.get(key), kind):
            raise DataError(
                f"the results have no {key!r}, got {type(results.get(key)).__name__}",
                hint="give render() the results of a scored study",
            )
    systems = [_system(item) for item in results["systems"]]
    comparisons = _all(_COMPARISON, results.get("comparisons"))
    return {
        "osler": str(results.get("osler", "")),
        "generated": str(results.get("generated", "")),
        "study": _with(_STUDY, results["study"]),
        "task": _with(_TASK, results.get("task")),
        "data": _data(results.get("data")),
        "flow": _all(_FLOW, results.get("flow")),
        "stages": _all(_STAGE, results.get("stages")),
        "gates": _all(_GATE, results.get("gates")),
        "metrics": _metrics(results.get("metrics") or {}, systems, comparisons),
        "systems": systems,
        "comparisons": comparisons,
        "published": [
            {**item, "items": _all(_ITEM, item["items"])} for item in _all(_PUBLISHED, results.get("published"))
        ],
        "rating": results.get("rating"),
        "judges": list(results.get("judges") or ()),
        "rated": list(results.get("rated") or ()),
        "jury": list(results.get("jury") or ()),
        "people": results.get("people"),
        "probes": results.get("probes"),
        "variants": list(results.get("variants") or ()),
        "matrix": list(results.get("matrix") or ()),
        "cases": _all(_CASE, results.get("cases")),
        "warnings": [str(item) for item in results.get("warnings") or ()],
        "methods": [str(item) for item in results.get("methods") or ()],
        "environment": _with({"python": "", "platform": "", "packages": {}}, results.get("environment")),
    }


def _with(defaults: Record, given: Mapping[str, Any] | None) -> Record:
    """``given`` over ``defaults``; null stands for the default, so a list is always a list."""
    return {**defaults, **{key: item for key, item in (given or {}).items() if item is not None}}


def _all(defaults: Record, given: Any) -> list[Record]:
    return [_with(defaults, item) for item in given or ()]


def _data(given: Mapping[str, Any] | None) -> Record:
    data = _with(_DATA, given)
    if data["overlap"] is not None:
        data["overlap"] = _with(_OVERLAP, data["overlap"])
    return data


def _system(given: Mapping[str, Any]) -> Record:
    system = _with(_SYSTEM, given)
    system["estimates"] = _estimates(system["estimates"])
    system["subgroups"] = {
        field: {str(value): _estimates(found) for value, found in groups.items()}
        for field, groups in system["subgroups"].items()
    }
    system["usage"] = _with(_USAGE, system["usage"])
    return system


def _estimates(given: Mapping[str, Any]) -> dict[str, Record]:
    return {name: _with(_ESTIMATE, item) for name, item in given.items()}


def _metrics(given: Mapping[str, Any], systems: list[Record], comparisons: list[Record]) -> dict[str, Record]:
    """The described metrics, then those that only occur among the estimates."""
    used = [name for system in systems for name in system["estimates"]]
    used += [item["metric"] for item in comparisons]
    found = {name: _with(_METRIC, item) for name, item in given.items()}
    for name in used:
        found.setdefault(name, dict(_METRIC))
    for name, item in found.items():
        item["title"] = item["title"] or name.replace("_", " ")
    return found
