"""``list``: everything that a study can name, with one line on each."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections.abc import Mapping
from typing import Any

from osler import recipes
from osler.core.block import snake


def listing(kind: str) -> list[dict[str, Any]]:
    """Rows of name, summary and (for models, systems and blocks) settings with their values and, of a choice, all that
    are allowed; recipes first, with the values of the recipe, then blocks that can be used with ``use``."""
    rows: list[dict[str, Any]] = []
    if kind in ("tasks", "models", "systems"):
        folder: Any = kind
        for name in recipes.names(folder):
            # A task is put together of texts: its recipe is read whole, and not set word by word.
            settings = {} if kind == "tasks" else _settings(recipes.recipe(folder, name))
            rows.append({"name": name, "what": recipes.summary(folder, name), "settings": settings})
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


def _settings(block: Any) -> dict[str, str]:
    """Setting to what it is without a word of the author: the value of a block, the default of a class of blocks."""
    hints = typing.get_type_hints(block if isinstance(block, type) else type(block))
    out = {}
    for field in dataclasses.fields(block):
        missing = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if not isinstance(block, type):
            said = _short(getattr(block, field.name))
        elif missing:
            said = "required"
        else:
            made = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
            said = _short(made)
        out[field.name] = said + _others(hints[field.name], said)
    return out


def _others(hint: Any, said: str) -> str:
    """The other values that a setting of fixed words may have."""
    others = [word for word in map(_short, _words(hint)) if word != said]
    return f" or {', '.join(others)}" if others else ""


def _words(hint: Any) -> list[Any]:
    """The words of a choice, those of its arms where it is one of several types."""
    if typing.get_origin(hint) is typing.Literal:
        return list(typing.get_args(hint))
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return [word for arm in typing.get_args(hint) for word in _words(arm)]
    return []


def _short(value: Any) -> str:
    """A value as a study file writes it; what is left out there is "unset", a block goes by its name."""
    if hasattr(value, "__osler_block__"):
        return snake(type(value).__name__)
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = f'"{value}"'
    elif isinstance(value, (tuple, list)):
        text = f"[{', '.join(_short(item) for item in value)}]"
    elif isinstance(value, Mapping):
        text = "{}" if not value else "{...}"
    else:
        text = repr(value)
    return text if len(text) <= 24 else text[:21] + "..."
