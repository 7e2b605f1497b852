"""Our numbers beside published ones, each difference explained by the item."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from osler.core.types import Example
from osler.study.evaluate import Answers, arms

# Readings of replies as a published source did them: setting ``reading`` of a study -> what explains an item.
Reading = Callable[[Example, str], Mapping[str, Any] | None]


def _readings() -> dict[str, tuple[Callable[[str], str], Reading]]:
    from osler.evaluation.published import differences, mirage_reading

    return {"mirage_accuracy": (mirage_reading, differences)}


def published(
    examples: Sequence[Example], answers: Sequence[Answers], settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """One row per published value: it, our re-reading by the published rule, and ours, with the items that differ."""
    rows = settings.get("published", ())
    if not rows:
        return []
    reading = _readings().get(str(settings.get("reading", "")))
    field = str(settings.get("compare_by", ""))
    grouped = arms(answers)
    by_id = {example.id: example for example in examples}
    out = []
    for row in rows:
        cells = grouped.get(str(row["system"]))
        if not cells:
            continue
        group = str(row.get("group", ""))
        picked = [
            (by_id[name], prediction)
            for name, prediction in zip(cells[0].ids, cells[0].predictions, strict=True)
            if not group or str(by_id[name].meta.get(field, "")) == group
        ]
        if not picked:
            continue
        right = sum(prediction.answer == example.target for example, prediction in picked)
        made: dict[str, Any] = {
            "system": row["system"],
            "group": group or "all",
            "metric": row.get("metric", "accuracy"),
            "published": float(row["value"]),
            "rule": None,
            "ours": right / len(picked),
            "n": len(picked),
            "items": [],
            "source": str(row.get("source", settings.get("published_source", ""))),
        }
        if reading is not None:
            rule, explain = reading
            texts = [(e, p.replies[0].text if p.replies else "") for e, p in picked]
            made["rule"] = sum(rule(text) == e.target for e, text in texts) / len(picked)
            made["items"] = [dict(item) for item in (explain(e, text) for e, text in texts) if item]
        out.append(made)
    return out
