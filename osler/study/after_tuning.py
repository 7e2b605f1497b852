"""What a tuned model is held against beside the target: safety, and whether the training is ever paid back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.study.report import ranking
from osler.tuning.gate import non_inferior


def safety(results: Mapping[str, Any], tuned: str, best: str, found: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether the tuned model is no worse than the best prompt in the safety metric of the study, and so in words."""
    metric = found.get("safety_metric", "")
    if not metric:
        return True, ""
    return no_worse(results, tuned, best, metric, found["safety_margin"])


def no_worse(results: Mapping[str, Any], tuned: str, best: str, metric: str, margin: float) -> tuple[bool, str]:
    """Whether the interval of the paired difference excludes that ``tuned`` is worse by ``margin``."""
    pair = ranking.between(results["comparisons"], metric, tuned, best)
    higher = results["metrics"].get(metric, {}).get("higher_is_better")
    if pair is None or pair["low"] is None or higher is None:
        return False, f"that it is no worse in {metric} than {best} is not shown: no paired difference with an interval"
    low, high = (pair["low"], pair["high"]) if pair["b"] == tuned else (-pair["high"], -pair["low"])
    if non_inferior(low, high, margin=margin, higher_is_better=higher):
        return True, f"in {metric} it is not worse than {best} by {margin:g} or more ({low:+.3f} to {high:+.3f})"
    return False, f"in {metric} it may be worse than {best} by {margin:g} or more ({low:+.3f} to {high:+.3f})"


def pays(found: Mapping[str, Any], *, needed: bool) -> tuple[bool, str]:
    """Whether the training is paid back within the calls that are expected. ``needed``: saving is why it was begun."""
    if not found.get("break_even_known"):
        return not needed, "what it saves is not known: set tuning.usd_per_hour and usd_per_call" if needed else ""
    calls, expected = found["break_even_calls"], found["calls"]
    if calls is None:
        return not needed, "a call of it saves nothing"
    said = f"its training is paid after {calls:,.0f} calls"
    if not expected:
        return not needed, said + (", and tuning.calls does not say how many are expected" if needed else "")
    return calls <= expected or not needed, f"{said}, and {expected:,} are expected"
