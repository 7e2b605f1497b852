"""The gate before fine-tuning, in a study: prompted systems run first, and only then is it known whether to train."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.store import Store
from osler.study.gates import attempts_of
from osler.study.plan import Plan
from osler.study.tuning_rule import is_tuned, rule_of
from osler.tuning.gate import Verdict, before, break_even

KIND = "tuning gate"  # of the events in the store


def gate(plan: Plan, store: Store, results: Mapping[str, Any] | None) -> Verdict:
    """Whether the tuned models of a study may be trained now; the answer is kept in the store.

    ``results``: of the prompted systems; None where none ran.
    """
    rule = rule_of(plan.study)
    tuned = [entry for entry in plan.study.models if is_tuned(entry)]
    reading = any(entry.block.wants_pairs for entry in tuned)
    cases = max((len(fold.train) for fold in plan.data.folds), default=0) if reading else None
    attempts, plain = attempts_of(results) if results is not None else ([], 0.0)
    found = before(rule, attempts, cases=cases, plain_tokens=plain)
    last = store.events(plan.study.name, KIND)[-1:]
    if not last or (last[0]["passed"], last[0]["reason"]) != (found.passed, found.reason):
        store.event(plan.study.name, KIND, passed=found.passed, trigger=found.trigger, reason=found.reason, cases=cases)
    return found


def tuning(plan: Plan, store: Store, results: Mapping[str, Any]) -> dict[str, Any] | None:
    """The gate's answer, what was asked of tuning, and the break-even in calls; None for a study that tunes nothing."""
    if not any(is_tuned(entry) for entry in plan.study.models):
        return None
    rule = rule_of(plan.study)
    events = store.events(plan.study.name, KIND)
    last = events[-1] if events else {"passed": None, "trigger": "", "reason": "not asked yet"}
    rows = [row for row in results["systems"] if (row.get("training") or {}).get("stage")]
    prompted = [row for row in results["systems"] if not row.get("training")]
    seconds = sum(row["training"]["seconds"] or 0.0 for row in rows)
    training_usd = seconds / 3600 * rule.usd_per_hour
    dearest = max((_per_call(row) for row in prompted), default=0.0)
    prompt_usd = rule.usd_per_call or dearest
    tuned_usd = min((_per_call(row) for row in rows), default=0.0)
    known = bool(rule.usd_per_hour and prompt_usd)
    return {
        "passed": last["passed"],
        "trigger": last["trigger"],
        "reason": last["reason"],
        "minimum": rule.minimum,
        "seconds": seconds,
        "training_usd": training_usd if rule.usd_per_hour else None,
        "prompt_usd_per_call": prompt_usd if known else None,
        "tuned_usd_per_call": tuned_usd if known else None,
        "break_even_calls": break_even(training_usd, prompt_usd, tuned_usd) if known else None,
        "break_even_known": known,
        "calls": rule.calls,
        "safety_metric": rule.safety_metric,
        "safety_margin": rule.safety_margin,
    }


def told(verdict: Verdict, names: Sequence[str]) -> str:
    """The verdict as a note of the run, for the models ``names`` that were not trained."""
    return f"not trained: {', '.join(names)}. {verdict.reason[:1].upper()}{verdict.reason[1:]}"


def _per_call(row: Mapping[str, Any]) -> float:
    usage: Mapping[str, float] = row["usage"]
    return usage["cost_usd"] / max(1, usage["calls"])
