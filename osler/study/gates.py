"""The gates and loops of the workflow (reference: the guide's figure 1), judged from results and kept as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.store import Store

STAGES = ("task formulation", "model selection", "prompt engineering", "fine-tuning", "deployment")
FEW = 200  # below this many paired cases the workflow speaks of a development evaluation


def gates(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each edge of the workflow with passed (None: not asked yet) and the reason."""
    rows = [_formulated(results), _selected(results)]
    accept = results["study"]["accept"]
    prompted = [row for row in results["systems"] if not _trained(row)]
    tuned = [row for row in results["systems"] if _trained(row)]
    if not accept:
        rows.append(
            _row("prompt engineering -> deployment", None, "the study names no acceptance, so nothing can be accepted")
        )
        return rows
    best = _best(prompted, accept)
    met = best is not None and meets(best, accept)
    rows.append(_row("prompt engineering -> deployment", met, _against(best, accept)))
    rows.append(_to_tuning(prompted, met))
    if tuned:
        rows += _after_tuning(results, best, _best(tuned, accept), accept)
    return rows


def meets(row: Mapping[str, Any], accept: Mapping[str, Any]) -> bool:
    """Whether an arm passes: the bound of the interval on the unsafe side, or the value where lower_bound is false."""
    found = row["estimates"].get(accept["metric"]) or {}
    if found.get("value") is None:
        return False
    strict = accept.get("lower_bound", True)
    if "at_least" in accept:
        value = found["low"] if strict else found["value"]
        return value is not None and value >= accept["at_least"]
    value = found["high"] if strict else found["value"]
    return value is not None and value <= accept["at_most"]


def stages(results: Mapping[str, Any]) -> list[dict[str, str]]:
    """The state of each stage for the workflow picture."""
    found = {row["edge"]: row for row in results["gates"]}
    tuned = [row for row in results["systems"] if _trained(row)]
    prompted = found.get("prompt engineering -> deployment", {})
    after = found.get("fine-tuning -> deployment", {})
    out = [
        _stage("task formulation", found["task formulation -> model selection"]),
        _stage("model selection", found["model selection -> prompt engineering"]),
        {
            "stage": "prompt engineering",
            "state": {True: "done", False: "failed", None: "open"}[prompted.get("passed")],
            "note": str(prompted.get("reason", "")),
        },
    ]
    if tuned:
        state = {True: "done", False: "failed", None: "open"}[after.get("passed")]
        out.append({"stage": "fine-tuning", "state": state, "note": str(after.get("reason", ""))})
    else:
        out.append({"stage": "fine-tuning", "state": "not reached", "note": "nothing was trained in this study"})
    ready = prompted.get("passed") or after.get("passed")
    note = (
        "a system met its acceptance; release asks for the four dossiers" if ready else "no system met its acceptance"
    )
    out.append({"stage": "deployment", "state": "open" if ready else "not reached", "note": note})
    return out


def record(store: Store, results: Mapping[str, Any]) -> None:
    """Keep each gate as an event when its answer or reason is new: loops back are rows, too."""
    name = results["study"]["name"]
    last = {event["edge"]: event for event in store.events(name, "gate")}
    for row in results["gates"]:
        known = last.get(row["edge"])
        if known is None or (known["passed"], known["reason"]) != (row["passed"], row["reason"]):
            store.event(name, "gate", edge=row["edge"], passed=row["passed"], reason=row["reason"])


def _formulated(results: Mapping[str, Any]) -> dict[str, Any]:
    data, task = results["data"], results["task"]
    missing = [
        field
        for field in ("capability", "intended_use", "oversight")
        if not task.get(field) or "to be written" in task[field]
    ]
    if missing:
        reason = f"the task card lacks {', '.join(missing)}"
        return _row("task formulation -> model selection", False, reason)
    size = "enough to compare, not to prove small gains" if data["n"] < FEW else "enough for a first evaluation"
    reason = f"task card complete, {data['n']:,} gold cases ({size}), metric {results['study']['primary']} fixed"
    return _row("task formulation -> model selection", True, reason)


def _selected(results: Mapping[str, Any]) -> dict[str, Any]:
    models = sorted({row["model"] for row in results["systems"]})
    failed = [row["name"] for row in results["systems"] if row["n"] and sum(row["failures"].values()) == row["n"]]
    if not models or len(failed) == len(results["systems"]):
        return _row("model selection -> prompt engineering", False, "no model answered")
    return _row(
        "model selection -> prompt engineering", True, f"{len(models)} models passed the filters: {', '.join(models)}"
    )


def _to_tuning(prompted: Sequence[Mapping[str, Any]], met: bool) -> dict[str, Any]:
    edge = "prompt engineering -> fine-tuning"
    if met:
        return _row(edge, False, "not needed: a prompted system met the target")
    tried = sorted({row["system"] for row in prompted})
    if not tried:
        return _row(edge, False, "no prompting attempt is logged; fine-tuning before one needs a recorded reason")
    return _row(edge, True, f"the target was missed with {len(tried)} prompting methods: {', '.join(tried)}")


def _after_tuning(
    results: Mapping[str, Any],
    best: Mapping[str, Any] | None,
    tuned: Mapping[str, Any] | None,
    accept: Mapping[str, Any],
) -> list[dict[str, Any]]:
    met = tuned is not None and meets(tuned, accept)
    reason = _against(tuned, accept)
    better = True
    if best is not None and tuned is not None:
        found = next(
            (
                c
                for c in results["comparisons"]
                if not c["subgroup"] and {c["a"], c["b"]} == {best["name"], tuned["name"]}
            ),
            None,
        )
        if found is None:
            better, reason = False, reason + "; it was not compared with the best prompt on the same cases"
        elif found["low"] is None or found["high"] is None:
            better, reason = False, reason + "; its difference from the best prompt has no interval"
        else:
            sign = 1 if found["b"] == tuned["name"] else -1
            low = min(sign * found["low"], sign * found["high"])
            better = low > 0
            word = "beats" if better else "does not beat"
            reason += f"; it {word} the best prompt ({best['name']}) in a paired comparison"
    return [
        _row("fine-tuning -> deployment", met and better, reason),
        _row(
            "fine-tuning -> task formulation",
            not met,
            "the tuned model misses the target: revise the task card"
            if not met
            else "not needed: the tuned model meets the target",
        ),
    ]


def _best(rows: Sequence[Mapping[str, Any]], accept: Mapping[str, Any]) -> Mapping[str, Any] | None:
    sign = 1.0 if "at_least" in accept else -1.0
    known = [row for row in rows if (row["estimates"].get(accept["metric"]) or {}).get("value") is not None]
    return max(known, key=lambda row: sign * row["estimates"][accept["metric"]]["value"], default=None)


def _against(row: Mapping[str, Any] | None, accept: Mapping[str, Any]) -> str:
    if row is None:
        return f"no system has a value of {accept['metric']}"
    found = row["estimates"][accept["metric"]]
    word = "at least" if "at_least" in accept else "at most"
    target = accept.get("at_least", accept.get("at_most"))
    strict = accept.get("lower_bound", True)
    side = ("lower" if "at_least" in accept else "upper") + " bound"
    bound = found["low"] if "at_least" in accept else found["high"]
    shown = f"its {side} is {bound:.3f}" if strict and bound is not None else "the value itself counts"
    return (
        f"{row['name']}: {accept['metric']} {found['value']:.3f} (n = {found['n']:,}), {shown}; wanted {word} {target}"
    )


def _trained(row: Mapping[str, Any]) -> bool:
    return bool(row.get("training")) and row["training"].get("tuned", True)


def _stage(name: str, gate: Mapping[str, Any]) -> dict[str, str]:
    return {"stage": name, "state": "done" if gate["passed"] else "failed", "note": str(gate["reason"])}


def _row(edge: str, passed: bool | None, reason: str) -> dict[str, Any]:
    return {"edge": edge, "passed": passed, "reason": reason}
