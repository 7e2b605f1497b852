"""``list``: everything that a study can name, with one line on each."""

from __future__ import annotations

import dataclasses
import inspect
from typing import Any

from osler import recipes


def listing(kind: str) -> list[dict[str, Any]]:
    """Rows of name, summary and (for blocks) settings; recipes first, then blocks that can be used with ``use``."""
    rows: list[dict[str, Any]] = []
    if kind in ("tasks", "models", "systems"):
        folder: Any = kind
        rows = [{"name": n, "what": recipes.summary(folder, n), "settings": {}} for n in recipes.names(folder)]
    protocol = {
        "tools": "tool",
        "models": "model",
        "systems": "strategy",
        "metrics": "metric",
        "sources": "source",
    }.get(kind)
    if protocol is not None:
        named: Any = protocol
        taken = {row["name"] for row in rows}
        for name, block in sorted(recipes.named_blocks(named).items()):
            if name not in taken:
                rows.append({"name": name, "what": _first_line(block), "settings": _settings(block)})
    return rows


def _first_line(block: type[Any]) -> str:
    definition = getattr(block, "definition", "")
    if isinstance(definition, str) and definition:
        return definition
    text = (inspect.getdoc(block) or "").strip()
    return text.splitlines()[0] if text else ""


def _settings(block: type[Any]) -> dict[str, str]:
    out = {}
    for field in dataclasses.fields(block):
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        out[field.name] = "required" if missing else _short(made)
    return out


def _short(value: Any) -> str:
    text = type(value).__name__ if hasattr(value, "__osler_block__") else repr(value)
    return text if len(text) <= 24 else text[:21] + "..."
