"""Which system may be called best, and which is accepted: the two claims that a report must not make lightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALPHA = 0.05


def leader(systems: Sequence[Mapping[str, Any]], metric: str, higher: bool | None) -> Mapping[str, Any] | None:
    """The system with the best value of ``metric``; None when no value or no direction is known. No claim by itself."""
    if higher is None:
        return None
    scored = [item for item in systems if value(item, metric) is not None]
    if not scored:
        return None
    return (max if higher else min)(scored, key=lambda item: value(item, metric) or 0.0)


def winner(
    systems: Sequence[Mapping[str, Any]],
    comparisons: Sequence[Mapping[str, Any]],
    metric: str,
    higher: bool | None,
) -> str | None:
    """The leader's name where its paired interval against every other system excludes 0, else None."""
    best = leader(systems, metric, higher)
    others = [item for item in systems if item is not best and value(item, metric) is not None]
    if best is None or higher is None or not others:
        return None
    for other in others:
        found = between(comparisons, metric, best["name"], other["name"])
        if found is None or not _ahead(found, best["name"], higher):
            return None
    return str(best["name"])


def between(comparisons: Sequence[Mapping[str, Any]], metric: str, first: str, second: str) -> Mapping[str, Any] | None:
    """The overall comparison (no subgroup) of two systems, whichever of them stands first."""
    for item in comparisons:
        if item["metric"] == metric and item["subgroup"] is None and {item["a"], item["b"]} == {first, second}:
            return item
    return None


def open_question(found: Mapping[str, Any]) -> bool:
    """True when the interval of the difference holds 0 or is missing, or p is above 0.05: neither side is better."""
    low, high, p = found["low"], found["high"], found["p"]
    return low is None or high is None or low <= 0 <= high or (p is not None and p > ALPHA)


def _ahead(found: Mapping[str, Any], name: str, higher: bool) -> bool:
    if open_question(found):
        return False
    rises = found["low"] > 0
    return bool(rises == ((found["b"] == name) == higher))


def value(system: Mapping[str, Any], metric: str) -> float | None:
    """The estimate of ``metric``, None when there is none."""
    found = system["estimates"].get(metric)
    return None if found is None else found["value"]


def target(rule: Mapping[str, Any]) -> tuple[float, bool]:
    """The value that is good enough, and whether it is an upper limit (``at_most``) instead of a lower one."""
    if rule.get("at_least") is not None:
        return float(rule["at_least"]), False
    return float(rule["at_most"]), True


def acceptance(system: Mapping[str, Any], rule: Mapping[str, Any] | None) -> str:
    """``met``, ``not met`` or ``cannot tell``; empty when the study set no rule.

    Unless ``lower_bound`` is false the cautious end of the interval must reach the value.
    """
    if not rule:
        return ""
    found = system["estimates"].get(rule["metric"])
    if found is None:
        return "cannot tell"
    wanted, limit = target(rule)
    held = found["value"]
    if rule.get("lower_bound", True):
        held = found["high"] if limit else found["low"]
    if held is None:
        return "cannot tell"
    return "met" if (held <= wanted if limit else held >= wanted) else "not met"
