"""Which system may be called best, and which is accepted: the two claims that a report must not make lightly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALPHA = 0.05
MOST_UNSCORED = 0.05  # of an arm's answers; beyond it the figure is one of the answers that could be scored


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
    """The leader's name where its paired comparison with every other system is settled in its favour, else None."""
    best = leader(systems, metric, higher)
    others = [item for item in systems if item is not best and value(item, metric) is not None]
    if best is None or higher is None or not others:
        return None
    for other in others:
        found = between(comparisons, metric, best["name"], other["name"])
        if found is None or not ahead(found, best["name"], higher):
            return None
    return str(best["name"])


def between(comparisons: Sequence[Mapping[str, Any]], metric: str, first: str, second: str) -> Mapping[str, Any] | None:
    """The overall comparison (no subgroup) of two systems, whichever of them stands first."""
    for item in comparisons:
        if item["metric"] == metric and item["subgroup"] is None and {item["a"], item["b"]} == {first, second}:
            return item
    return None


def open_question(found: Mapping[str, Any]) -> bool:
    """True when neither side is better: the interval holds 0 or is missing, or p is above 0.05.

    p is the one adjusted for the number of comparisons, where there is one.
    """
    low, high, p = found["low"], found["high"], found.get("p_adjusted")
    p = found.get("p") if p is None else p
    return low is None or high is None or low <= 0 <= high or (p is not None and p > ALPHA)


def ahead(found: Mapping[str, Any], name: str, higher: bool) -> bool:
    """Whether the comparison shows that system ``name`` is the better one of its pair."""
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


def baseline(system: Mapping[str, Any]) -> bool:
    """Whether the system is one that has to be beaten (the majority's label): it is never accepted itself."""
    training = system.get("training") or {}
    return not training.get("tuned", True)


def refusal(system: Mapping[str, Any], metric: str, cases: int | None) -> str:
    """Why no value of ``metric`` is ground to accept the system; empty where nothing stands against it.

    A figure of the answers that happened to be there flatters: the system must have been asked all ``cases`` of the
    study, and at most 5 % of its answers may be without a score.
    """
    asked, rows = system.get("cases"), system.get("n") or 0
    asked = rows if asked is None else asked
    if cases and asked and asked < cases:
        return f"it answered {asked:,} of {cases:,} cases"
    found = system["estimates"].get(metric) or {}
    unscored = found.get("unscored") or 0
    if unscored > MOST_UNSCORED * max(rows, unscored):
        return f"{unscored:,} of its {max(rows, unscored):,} answers have no {metric}"
    return ""


def acceptance(system: Mapping[str, Any], rule: Mapping[str, Any] | None, cases: int | None = None) -> str:
    """``met``, ``not met`` or ``cannot tell``; empty when the study set no rule.

    Unless ``lower_bound`` is false the cautious end of the interval must reach the value. What reaches it cannot tell
    where ``refusal`` names a reason. ``cases``: how many the study has.
    """
    if not rule:
        return ""
    found = system["estimates"].get(rule["metric"])
    if found is None:
        return "cannot tell"
    wanted, limit = target(rule)
    held = found["value"]
    if held is not None and rule.get("lower_bound", True):
        held = found["high"] if limit else found["low"]
    if held is None:
        return "cannot tell"
    if not (held <= wanted if limit else held >= wanted):
        return "not met"
    return "cannot tell" if refusal(system, rule["metric"], cases) else "met"
