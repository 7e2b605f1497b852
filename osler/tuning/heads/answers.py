"""The JSON that a task's schema asks for, filled by a head: spans with their places, names in a list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from osler.core.errors import DataError
from osler.data.sets.kept import as_json
from osler.evaluation.metrics.structure.reading import json_of, listed, name_of
from osler.tuning.heads.cases import Case
from osler.tuning.heads.words import Span

_LISTS = ("entities", "spans", "mentions", "phi")


def spans_in(case: Case) -> list[Span]:
    """The spans of a target. DataError where it is no list of spans with places in the question."""
    found = listed(json_of(case.target), *_LISTS)
    if found is None:
        raise DataError(
            f"the target of {case.id!r} is no JSON list of spans",
            hint='{"entities": [{"start": 0, "end": 6, "text": "asthma", "type": "Disease"}]}',
        )
    out = []
    for item in found:
        start, end = item.get("start"), item.get("end")
        right = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(case.question)
        if not right or ("text" in item and case.question[start:end] != item["text"]):
            raise DataError(
                f"a span of {case.id!r} does not fit the text that the head reads",
                hint="offsets count in the prompt's question, so the task's question must be the text alone",
            )
        out.append(Span(start, end, str(item.get("type", ""))))
    return out


def spans_json(text: str, spans: Iterable[Span], schema: Mapping[str, Any] | None) -> str:
    """``{"entities": [{"start", "end", "text", "type"}]}``; the list is named as in ``schema``, and types that it does
    not know are left out."""
    name, items = _list_of(schema)
    types = items.get("properties", {}).get("type", {}).get("enum")
    rows = [
        {"start": span.start, "end": span.end, "text": text[span.start : span.end], "type": span.type}
        for span in sorted(spans)
        if not types or span.type in types
    ]
    return as_json({name or "entities": rows})


def names_in(case: Case) -> list[str]:
    """The names of a target that is a JSON list, of texts or of objects with a name."""
    found = listed(json_of(case.target))
    if found is None:
        raise DataError(f"the target of {case.id!r} is no JSON list", hint='{"codes": [{"code": "K35.80"}]}')
    names = [name_of(item) for item in found]
    return list(dict.fromkeys(name for name in names if name))


def names_json(names: Sequence[str], schema: Mapping[str, Any] | None) -> str:
    """The list that ``schema`` asks for, of texts or of objects. In objects the first field holds the name; other texts
    are empty, as a head quotes nothing."""
    name, items = _list_of(schema)
    fields = items.get("properties")
    rows: list[Any] = list(names)
    if fields:
        first, *others = list(fields)
        rows = [{first: one, **dict.fromkeys(others, "")} for one in names]
    return as_json({name or "labels": rows})


def _list_of(schema: Mapping[str, Any] | None) -> tuple[str, Mapping[str, Any]]:
    """The name of the list in the answer and the schema of its items."""
    for name, part in ((schema or {}).get("properties") or {}).items():
        if part.get("type") == "array":
            return name, part.get("items") or {}
    return "", {}
