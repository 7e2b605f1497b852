"""What the searches of a study tried, as its report and bundle show it: every variant, its score, its cost, its fate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osler.core.store import Store
from osler.study.cells import Cell
from osler.study.disclosure import MASK, pseudonym
from osler.study.fitting import averages
from osler.study.plan import Plan

_ROW = (
    *("step", "variant", "parent", "change", "split", "n", "unscored", "score", "low", "high", "failures"),
    *("calls", "tokens", "usd", "fitting_calls", "kept", "skipped", "reason", "against", "difference"),
    *("difference_low", "difference_high", "p", "p_adjusted", "test", "detectable", "demos", "spec"),
)


def variants(plan: Plan, store: Store) -> list[dict[str, Any]]:
    """One entry for each search of an arm, a seed and a fold; a system may hold several. [] where none searches."""
    events = store.events(plan.study.name, "variant")
    private = plan.study.sensitivity == "identifiable"
    out = []
    for row in plan.rows:
        own = [event for event in events if event["cell"] == row.cell.id]
        searches: dict[tuple[int, str, str], list[Mapping[str, Any]]] = {}
        for event in own:
            searches.setdefault((event["fold"], event["optimiser"], event.get("search", "")), []).append(event)
        out += [_search(plan, row.cell, fold, held, private) for (fold, *_), held in searches.items()]
    return out


def counted(plan: Plan, store: Store) -> int:
    """How many different variants the searches of a study have tried so far."""
    cells = {row.cell.id for row in plan.rows}
    events = store.events(plan.study.name, "variant")
    return len({(e["cell"], e["fold"], e["variant"]) for e in events if "variant" in e and e["cell"] in cells})


def _search(plan: Plan, cell: Cell, fold: int, events: Sequence[Mapping[str, Any]], private: bool) -> dict[str, Any]:
    # A search that was killed and started again writes the same trials again: the last of each counts.
    latest = {(e["step"], e["variant"]): e for e in events if "variant" in e}
    rows = [{key: event.get(key) for key in _ROW} for event in latest.values()]
    ends = [event for event in events if "chosen" in event]
    metric = str(events[0].get("metric") or next((e["metric"] for e in events if "metric" in e), ""))
    about = plan.study.metrics.get(metric)
    end = ends[-1] if ends else {}
    basis = _basis(rows)
    for row in rows:
        row["skipped"] = bool(row["skipped"])
        row["chosen"] = bool(row["kept"]) and row["variant"] == end.get("chosen")
        row["cost"] = row[basis] / row["n"] if row["calls"] and row["n"] else None
    mark_dominated(rows, higher_is_better=getattr(about, "higher_is_better", None) is not False)
    known = [row for row in rows if row["score"] is not None]
    return {
        "name": plan.study.label(cell.model.name, cell.system.name),
        "seed": cell.seed,
        "fold": fold,
        "folds": plan.study.folds,
        "optimiser": str(events[0]["optimiser"]),
        "metric": metric,
        "title": str(getattr(about, "title", metric.replace("_", " "))),
        "unit": str(getattr(about, "unit", "share")),
        "averaged": about is None or averages(about),
        "n": max((int(row["n"] or 0) for row in rows), default=0),
        "tried": len({row["variant"] for row in known}),
        "start": known[0]["score"] if known else None,
        "chosen": _said(end.get("change"), events[0]["optimiser"], private),
        "chosen_id": end.get("chosen", ""),
        "score": end.get("score"),
        "reason": end.get("reason", "not finished"),
        "calls": end.get("calls"),
        "tokens": end.get("tokens"),
        "usd": end.get("usd"),
        "cost_unit": basis,
        "rows": [_hidden(row, str(events[0]["optimiser"])) if private else row for row in rows],
    }


def _basis(rows: Iterable[Mapping[str, Any]]) -> str:
    """What costs are counted in: US dollars where any were paid, else tokens, else calls."""
    held = list(rows)
    return next((unit for unit in ("usd", "tokens") if any(row[unit] for row in held)), "calls")


def mark_dominated(rows: Sequence[dict[str, Any]], *, higher_is_better: bool = True) -> None:
    """Set ``dominated``: another variant costs no more and scores no worse, and is better in one of the two."""
    sign = 1 if higher_is_better else -1
    points = [(row["cost"], sign * row["score"]) for row in rows if _drawn(row)]
    for row in rows:
        row["dominated"] = _drawn(row) and any(
            cost <= row["cost"] and worth >= sign * row["score"] and (cost, worth) != (row["cost"], sign * row["score"])
            for cost, worth in points
        )


def _drawn(row: Mapping[str, Any]) -> bool:
    return row["cost"] is not None and row["score"] is not None


def _said(change: Any, optimiser: Any, private: bool) -> str:
    """What a variant is; an instruction may quote a case, so of identifiable data only the author's own names leave."""
    return MASK if private and change and optimiser not in ("ladder", "bootstrap_demos") else str(change or "")


def _hidden(row: Mapping[str, Any], optimiser: str) -> dict[str, Any]:
    """A row of identifiable data: numbers, names of rungs, pseudonyms; no instruction and no message about a case."""
    return {
        **row,
        "change": _said(row["change"], optimiser, private=True),
        "reason": MASK if row["skipped"] else row["reason"],
        "demos": [pseudonym(str(name)) for name in row["demos"] or ()] or None,
        "spec": None,
    }
