"""The section on variants tried: how many, which was chosen, what the search cost, score against cost as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.study.report import quantities as say
from osler.study.report.charts import pareto

COST = {"usd": "US dollars", "tokens": "tokens", "calls": "calls"}


def variant_views(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the template draws, one entry for each search; [] without any."""
    return [_view(search) for search in record["variants"]]


def _view(search: Mapping[str, Any]) -> dict[str, Any]:
    rows = [{**row, "number": number} for number, row in enumerate(search["rows"], start=1)]
    return {
        **search,
        "heading": _heading(search),
        "measure": _title(search),
        "cost_name": COST[search["cost_unit"]],
        "picture": _picture(search, rows),
        "rows": [_row(row, search) for row in rows],
    }


def _heading(search: Mapping[str, Any]) -> str:
    fold = f", fold {search['fold'] + 1}" if search.get("folds") or search["fold"] else ""
    return f"{search['name']}, seed {search['seed']}{fold}"


def _title(search: Mapping[str, Any]) -> str:
    """The measure by which variants were held against each other."""
    title = str(search["title"])
    return title if search.get("averaged", True) else f"Mean over single cases of {title}"


def _picture(search: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Any:
    tried = [
        pareto.Tried(
            number=row["number"],
            name=_short(row["change"]),
            text=f"{_score(row, search['unit'])}, {_cost(row, search['cost_unit'])} per case",
            score=row["score"],
            low=row["low"],
            high=row["high"],
            cost=row["cost"],
            chosen=row["chosen"],
            dominated=row["dominated"],
        )
        for row in rows
        if row["score"] is not None and row["cost"]
    ]
    if len(tried) < 2:
        return None
    title = f"{_title(search)} on validation cases against cost, {_heading(search)}"
    return pareto.picture(
        title, tried, unit=search["unit"], cost=COST[search["cost_unit"]], score=search["title"].lower()
    )


def _row(row: Mapping[str, Any], search: Mapping[str, Any]) -> dict[str, Any]:
    change = say.difference(
        {"difference": row["difference"], "low": row["difference_low"], "high": row["difference_high"]}, search["unit"]
    )
    return {
        **row,
        "name": _short(row["change"]),
        "score_said": _score(row, search["unit"]),
        "cost_said": _cost(row, search["cost_unit"]),
        "learnt": row.get("fitting_calls") or 0,
        "difference_said": change if row["difference"] is not None else "",
        "fate": "chosen" if row["chosen"] else "skipped" if row["skipped"] else "taken" if row["kept"] else "not taken",
    }


def _score(row: Mapping[str, Any], unit: str) -> str:
    if row["score"] is None:
        return "\u2013"
    ends = say.interval(row["low"], row["high"], unit)
    return say.quantity(row["score"], unit) + (f" ({ends})" if ends else "")


def _cost(row: Mapping[str, Any], unit: str) -> str:
    if row["cost"] is None:
        return "\u2013"
    if unit == "usd":
        return f"${row['cost']:,.6f}".rstrip("0").rstrip(".")
    shown = f"{row['cost']:,.1f}".removesuffix(".0")
    return f"{shown} {unit}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:59] + "\u2026"
