"""A name or table of a study file as the block that it means; unknown names are refused with the nearest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

from osler import recipes
from osler.core.block import blocks, build, is_block, replace, snake
from osler.core.errors import SpecError, nearest
from osler.core.types import Model, Strategy, Tool
from osler.data.source import Source

Kind = Literal["model", "system", "source", "metric", "tool"]
_FOLDER: Mapping[str, Any] = {"model": "models", "system": "systems"}
_PROTOCOL: Mapping[str, Any] = {
    "model": "model",
    "system": "strategy",
    "source": "source",
    "metric": "metric",
    "tool": "tool",
}


def resolve(kind: Kind, value: Any) -> Any:
    """A name, or a table with ``use`` (a block), ``from`` (a recipe) or ``source``, as a block."""
    if is_block(value):
        return value
    if isinstance(value, str):
        return _by_name(kind, value)
    if not isinstance(value, Mapping):
        raise SpecError(f"a {kind} is a name or a table, got {value!r}", hint='write "name" or { use = "name", ... }')
    settings = {key: item for key, item in value.items() if key not in ("use", "from", "preset", "source", "name")}
    if "name" in value and "name" in _fields_of(kind, value):
        settings["name"] = value["name"]
    if "from" in value:
        made = _by_name(kind, str(value["from"]), preset=str(value.get("preset", "full")))
        return replace(made, **inner(type(made), settings))
    key = "source" if kind == "source" else "use"
    if key not in value:
        raise SpecError(f"a {kind} table needs {key!r}", hint=f'{{ {key} = "...", ... }}')
    name = str(value[key]).replace("-", "_")
    found = recipes.named_block(_PROTOCOL[kind], name)
    if found is None:
        if kind in _FOLDER and name in recipes.names(_FOLDER[kind]):
            made = _by_name(kind, name)
            return replace(made, **inner(type(made), settings))
        raise SpecError(f"no {kind} is named {name!r}", hint=nearest(name, recipes.named_blocks(_PROTOCOL[kind])))
    return build(found, inner(found, settings))


def _fields_of(kind: Kind, value: Mapping[str, Any]) -> set[str]:
    name = str(value.get("use") or value.get("source") or "").replace("-", "_")
    found = recipes.named_block(_PROTOCOL[kind], name)
    return {field.name for field in dataclasses.fields(found)} if found else set()


def _by_name(kind: Kind, name: str, *, preset: str = "full") -> Any:
    folder = _FOLDER.get(kind)
    file = name.replace("-", "_").replace(".", "_")
    spelled = {recipes.bare(known) for known in recipes.names(folder)} if folder else ()
    if folder and recipes.bare(file) in spelled:
        return recipes.recipe(folder, file, preset=preset)
    found = recipes.named_block(_PROTOCOL[kind], file)
    if found is not None:
        return build(found, {})
    both = {*recipes.named_blocks(_PROTOCOL[kind]), *(recipes.names(folder) if folder else ())}
    raise SpecError(f"no {kind} is named {name!r}", hint=nearest(file, both))


def inner(kind: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings whose field holds a block may be names or tables themselves."""
    hints = get_type_hints(kind)
    out = {}
    for key, value in settings.items():
        hint: Any = hints.get(key)
        if isinstance(value, (list, tuple)) and len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis:
            each = get_args(hint)[0]
            value = tuple(_of_hint(item, each) for item in value)
        elif isinstance(value, (str, Mapping)) and hint is Model:
            value = resolve("model", value)
        elif isinstance(value, (str, Mapping)) and hint is Strategy:
            value = resolve("system", value)
        elif isinstance(value, Mapping) and ("source" in value or hint is Source):
            value = resolve("source", value)
        elif isinstance(value, Mapping) and isinstance(value.get("use"), str):
            value = _any_block(value)
        elif isinstance(hint, type) and getattr(hint, "_is_protocol", False) and not is_block(value):
            value = _any_block({"use": value} if isinstance(value, str) else value)
        if is_block(value) and getattr(hint, "_is_runtime_protocol", False) and not isinstance(value, hint):
            wanted, got = snake(hint.__name__).replace("_", " "), snake(type(value).__name__)
            raise SpecError(
                f"{snake(kind.__name__)}.{key} must be a {wanted}, and {got} is none", hint="name another block"
            )
        out[key] = value
    return out


def _of_hint(value: Any, hint: Any) -> Any:
    """One item of a field that holds many: strategies, models, tools by name or table; all else as it is."""
    kinds: Mapping[Any, Kind] = {Model: "model", Strategy: "system", Tool: "tool"}
    if hint in kinds and isinstance(value, (str, Mapping)):
        return resolve(kinds[hint], value)
    return _any_block(value) if isinstance(value, Mapping) and isinstance(value.get("use"), str) else value


def _any_block(value: Any) -> Any:
    """A block of any protocol by its name, such as the played patient of a consultation."""
    if not isinstance(value, Mapping) or not isinstance(value.get("use"), str):
        raise SpecError(f"a block is a name or a table with use, got {value!r}", hint='{ use = "name", ... }')
    recipes.discover()
    known = {snake(name): kind for name, kind in blocks().items() if kind.__module__.startswith("osler.")}
    name = str(value["use"]).replace("-", "_")
    if name not in known:
        raise SpecError(f"no block is named {name!r}", hint=nearest(name, known))
    return build(known[name], inner(known[name], {key: item for key, item in value.items() if key != "use"}))


@dataclass(frozen=True)
class Entry:
    """A model or system of a study under the name that its report uses."""

    name: str
    block: Any


def entry_name(value: Any, made: Any) -> str:
    if not isinstance(value, Mapping):
        return str(value)
    if "name" in value:
        return str(value["name"])
    if isinstance(value.get("model"), str) and value.get("use") == "endpoint":
        return str(value["model"])
    base = str(value.get("use") or value.get("from") or snake(type(made).__name__))
    shown = [
        f"{key}={item}"
        for key, item in value.items()
        if key not in ("use", "from") and not isinstance(item, (dict, list))
    ]
    return f"{base}({', '.join(shown)})" if shown else base
