"""The gates and loops of the workflow (reference: the guide's figure 1), judged from results and kept as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.store import Store
from osler.study import after_tuning
from osler.study.report import ranking
from osler.tuning.gate import Attempt

STAGES = ("task formulation", "model selection", "prompt engineering", "fine-tuning", "deployment")
_UNCOUNTED = "simulated models, baselines and recorded answers"
NOT_COUNTED = "only baselines and simulated models ran, and what they reach passes no gate"
FEW = 200  # below this many paired cases the workflow speaks of a development evaluation


def gates(results: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each edge of the workflow with passed (None: not asked yet) and the reason.

    Baselines such as the majority's label are what a system has to beat, and simulated models were told the answers:
    they pass no gate. Recorded answers of a real model count, but no prompt was tried in this study with them.
    """
    systems = [row for row in results["systems"] if not ranking.baseline(row)]
    rows = [_formulated(results), _selected(systems)]
    accept, cases = results["study"]["accept"], results["data"]["n"]
    if not accept:
        rows.append(
            _row("prompt engineering -> deployment", None, "the study names no acceptance, so nothing can be accepted")
        )
        return rows
    prompted = [row for row in systems if not _trained(row)]
    tuned = [row for row in systems if _trained(row)]
    shown = _candidate(prompted, accept, cases)
    met = shown is not None and meets(shown, accept, cases)
    rows.append(
        _row("prompt engineering -> deployment", met, _against(shown, accept, cases) if systems else NOT_COUNTED)
    )
    asked = results.get("tuning") or {}
    if asked.get("passed") is None:
        rows.append(_to_tuning(prompted, met))
    else:  # the study has models to tune, and the gate was asked when the prompted systems had answered
        rows.append(_row("prompt engineering -> fine-tuning", asked["passed"], asked["reason"]))
    if tuned:
        rows += _after_tuning(results, _best(prompted, accept, cases), _candidate(tuned, accept, cases), accept)
    return rows


def attempts_of(results: Mapping[str, Any]) -> tuple[list[Attempt], float]:
    """The prompting attempts of a study that count, and the tokens of a call of its shortest prompt (0: none ran)."""
    accept, cases = results["study"]["accept"], results["data"]["n"]
    rows = [row for row in results["systems"] if not ranking.baseline(row) and not _trained(row) and not _replayed(row)]
    read = {row["name"]: row["usage"]["tokens_in"] / max(1, row["usage"]["calls"]) for row in rows}
    made = [Attempt(row["name"], bool(accept) and meets(row, accept, cases), read[row["name"]]) for row in rows]
    return made, min((tokens for tokens in read.values() if tokens), default=0.0)


def meets(row: Mapping[str, Any], accept: Mapping[str, Any], cases: int | None = None) -> bool:
    """Whether an arm passes: the bound of the interval on the unsafe side, or the value where lower_bound is false.

    An arm that was not asked all ``cases``, or with more than 5 % of its answers unscored, does not pass.
    """
    return ranking.acceptance(row, accept, cases) == "met"


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


def _selected(systems: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    models = sorted({row["model"] for row in systems})
    failed = [row["name"] for row in systems if row["n"] and sum(row["failures"].values()) == row["n"]]
    if not models:
        return _row(
            "model selection -> prompt engineering",
            False,
            "only baselines and simulated models ran: they do not count, so no model can be chosen",
        )
    if len(failed) == len(systems):
        return _row("model selection -> prompt engineering", False, "no model answered")
    many = "1 model" if len(models) == 1 else f"{len(models)} models"
    named = "; ".join(models)  # a name may hold a comma
    return _row("model selection -> prompt engineering", True, f"{many} passed the filters: {named}")


def _to_tuning(prompted: Sequence[Mapping[str, Any]], met: bool) -> dict[str, Any]:
    edge = "prompt engineering -> fine-tuning"
    if met:
        return _row(edge, False, "not needed: a prompted system met the target")
    tried = sorted({row["system"] for row in prompted if not _replayed(row)})
    if not tried:
        return _row(
            edge,
            False,
            f"no prompting attempt is logged that counts ({_UNCOUNTED} do not); fine-tuning before one needs a recorded reason",
        )
    return _row(edge, True, f"the target was missed with {len(tried)} prompting methods: {', '.join(tried)}")


def _after_tuning(
    results: Mapping[str, Any],
    best: Mapping[str, Any] | None,
    tuned: Mapping[str, Any] | None,
    accept: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """The tuned model must meet the target, beat the best prompt in a paired test (where prompts were only too long: be
    no worse and pay off), and be no worse in safety; else the study goes back to its task card."""
    cases = results["data"]["n"]
    met = tuned is not None and meets(tuned, accept, cases)
    reason, good = _against(tuned, accept, cases), True
    found = results.get("tuning") or {}
    if best is not None and tuned is not None:
        shorter = found.get("trigger") == "shorter prompts"
        if shorter:
            good, said = after_tuning.no_worse(
                results, tuned["name"], best["name"], accept["metric"], found["safety_margin"]
            )
        else:
            good, said = _beats(results, tuned["name"], best["name"], accept["metric"])
        reason += f"; {said}"
        safe, said = after_tuning.safety(results, tuned["name"], best["name"], found)
        pays, paid = after_tuning.pays(found, needed=shorter)
        good = good and safe and pays
        reason += "".join(f"; {part}" for part in (said, paid) if part)
    passed = met and good
    return [
        _row("fine-tuning -> deployment", passed, reason),
        _row(
            "fine-tuning -> task formulation",
            not passed,
            "not needed: the tuned model passes"
            if passed
            else f"the tuned model {'misses the target' if not met else 'meets the target and fails its gate'}: revise the task card",
        ),
    ]


def _beats(results: Mapping[str, Any], tuned: str, best: str, metric: str) -> tuple[bool, str]:
    """Whether the paired comparison in the metric of the acceptance settles it for the tuned model, in words, too."""
    found = ranking.between(results["comparisons"], metric, tuned, best)
    if found is None:
        about = "" if metric == results["study"]["primary"] else f" in {metric}, which is not the primary metric"
        return False, f"it was not compared with the best prompt ({best}) on the same cases{about}"
    if found["low"] is None or found["high"] is None:
        return False, f"its difference from the best prompt ({best}) has no interval"
    higher = results["metrics"].get(metric, {}).get("higher_is_better")
    if higher is None:
        return False, f"{metric} has no better end, so it beats no prompt ({best}) in it"
    better = ranking.ahead(found, tuned, higher)
    open_p = found.get("p_adjusted") if found.get("p_adjusted") is not None else found.get("p")
    p = "" if open_p is None else f" (p {'< 0.001' if open_p < 0.001 else f'= {open_p:.3f}'})"
    return better, f"it {'beats' if better else 'does not beat'} the best prompt ({best}) in a paired comparison{p}"


def _best(rows: Sequence[Mapping[str, Any]], accept: Mapping[str, Any], cases: int | None) -> Mapping[str, Any] | None:
    """The arm with the best value, among those that could be accepted where there are any."""
    metric, sign = accept["metric"], -1.0 if ranking.target(accept)[1] else 1.0
    known = [row for row in rows if (row["estimates"].get(metric) or {}).get("value") is not None]
    whole = [row for row in known if not ranking.refusal(row, metric, cases)]
    return max(whole or known, key=lambda row: sign * row["estimates"][metric]["value"], default=None)


def _candidate(
    rows: Sequence[Mapping[str, Any]], accept: Mapping[str, Any], cases: int | None
) -> Mapping[str, Any] | None:
    """The best of the arms that pass, else the best of all."""
    return _best([row for row in rows if meets(row, accept, cases)] or rows, accept, cases)


def _against(row: Mapping[str, Any] | None, accept: Mapping[str, Any], cases: int | None) -> str:
    if row is None:
        return f"no system has a value of {accept['metric']}"
    found = row["estimates"][accept["metric"]]
    wanted, limit = ranking.target(accept)
    bound = found["high" if limit else "low"]
    shown = "the value itself counts"
    if accept.get("lower_bound", True):
        side = "upper" if limit else "lower"
        shown = f"it has no {side} bound" if bound is None else f"its {side} bound is {bound:.3f}"
    refused = ranking.refusal(row, accept["metric"], cases)
    return (
        f"{row['name']}: {accept['metric']} {found['value']:.3f} (n = {_size(row, found)}), {shown}; "
        f"wanted {'at most' if limit else 'at least'} {wanted:g}" + (f"; not accepted, as {refused}" if refused else "")
    )


def _size(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """``60 cases x 2 seeds`` where each case was asked more than once, else the number of scored answers."""
    cases, n = row.get("cases") or row["n"], found["n"]
    if cases < n == row["n"] and n % cases == 0:
        return f"{cases:,} cases x {n // cases} seeds"
    return f"{n:,}"


def _replayed(row: Mapping[str, Any]) -> bool:
    """A recorded answer was prompted by somebody else: it is no prompting attempt of this study."""
    system = (row.get("spec") or {}).get("system")
    return row["system"] == "replay" or (isinstance(system, Mapping) and system.get("block") == "Replay")


def _trained(row: Mapping[str, Any]) -> bool:
    return bool(row.get("training")) and row["training"].get("tuned", True)


def _stage(name: str, gate: Mapping[str, Any]) -> dict[str, str]:
    return {"stage": name, "state": "done" if gate["passed"] else "failed", "note": str(gate["reason"])}


def _row(edge: str, passed: bool | None, reason: str) -> dict[str, Any]:
    return {"edge": edge, "passed": passed, "reason": reason}
