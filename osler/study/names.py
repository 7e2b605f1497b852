"""A name or table of a study file as the block that it means; unknown names are refused with the nearest."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_type_hints

from osler import recipes
from osler.core.block import blocks, build, faults, is_block, replace, snake
from osler.core.errors import SpecError, nearest
from osler.core.types import Model, Strategy, Tool
from osler.data.source import Source
from osler.study.file import raise_all

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
        return changed(made, settings)
    key = "source" if kind == "source" else "use"
    if key not in value:
        raise SpecError(f"a {kind} table needs {key!r}", hint=f'{{ {key} = "...", ... }}')
    name = str(value[key]).replace("-", "_")
    found = recipes.named_block(_PROTOCOL[kind], name)
    if found is None:
        if kind in _FOLDER and name in recipes.names(_FOLDER[kind]):
            made = _by_name(kind, name)
            return changed(made, settings)
        raise SpecError(f"no {kind} is named {name!r}", hint=nearest(name, recipes.named_blocks(_PROTOCOL[kind])))
    return made_of(found, settings)


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


def made_of(kind: type[Any], settings: Mapping[str, Any]) -> Any:
    """A block of ``kind`` with these settings; all that is wrong with them is said at once."""
    errors = []
    for field in dataclasses.fields(kind):
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and field.name not in settings:
            said = f"{snake(kind.__name__)} needs the setting {field.name!r}"
            errors.append(SpecError(said, hint=f"add {field.name} = ..."))
    try:
        found = inner(kind, settings)
    except SpecError as error:
        errors.append(error)
    raise_all(errors)
    return build(kind, found)


def changed(held: Any, settings: Mapping[str, Any]) -> Any:
    """A block with other settings; those not named stay as they are, in blocks inside it, too."""
    return replace(held, **inner(type(held), settings, held))


def inner(kind: type[Any], settings: Mapping[str, Any], held: Any = None) -> dict[str, Any]:
    """Settings whose field holds a block may be names or tables themselves. A dotted key (``inner.k``) changes
    the block that stands there in ``held``, or by default; so does a table for a strategy without ``use`` and ``from``,
    which is what TOML makes of a dotted key without quotes."""
    direct: dict[str, Any] = {}
    deeper: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        head, dot, rest = key.partition(".")
        if dot:
            deeper.setdefault(head, {})[rest] = value
        else:
            direct[key] = value
    known = [field.name for field in dataclasses.fields(kind)]
    out: dict[str, Any] = {}
    errors: list[SpecError] = []
    for key in (key for key in {**direct, **deeper} if key in known):
        try:
            there = _there(kind, key, held)
            if key in direct:
                there = out[key] = _one(kind, key, direct[key], there)
            if key in deeper and not is_block(there):
                named = ", ".join(f"{key}.{rest}" for rest in deeper[key])
                raise SpecError(f"{snake(kind.__name__)}.{key} is no block, so {named} cannot be set")
            if key in deeper:
                out[key] = changed(there, deeper[key])
        except SpecError as error:
            errors.append(error)
    within = out.get("inner", _there(kind, "inner", held))
    errors += [_unknown(kind, key, within) for key in {**direct, **deeper} if key not in known]
    raise_all([*errors, *faults(kind, out)])
    return out


def _there(kind: type[Any], key: str, held: Any) -> Any:
    """What stands in a field: that of ``held``, or the default; None without either."""
    if held is not None:
        return getattr(held, key, None)
    default = next((field.default for field in dataclasses.fields(kind) if field.name == key), None)
    return None if default is dataclasses.MISSING else default


def _unknown(kind: type[Any], key: str, within: Any) -> SpecError:
    """What to write in place of a setting that a block does not have: it may stand in the strategy inside."""
    fields = {field.name: get_type_hints(kind)[field.name] for field in dataclasses.fields(kind)}
    hint = nearest(key, fields)
    if key == "inner":
        several = [name for name, held in fields.items() if get_args(held)[:1] == (Strategy,)]
        hint = f'it holds several: {several[0]} = ["...", "..."]' if several else hint
    path = "inner"
    while is_block(within):
        if any(field.name == key for field in dataclasses.fields(within)):
            hint = f'{snake(type(within).__name__)} inside it has: write "{path}.{key}" = ...'
            break
        within, path = getattr(within, "inner", None), f"{path}.inner"
    return SpecError(f"{snake(kind.__name__)} has no setting {key!r}", hint=hint)


def _one(kind: type[Any], key: str, value: Any, there: Any) -> Any:
    """One setting as its field holds it; ``there``: what stands in the field so far."""
    hint: Any = _sole(get_type_hints(kind)[key])
    if hint is Strategy and isinstance(value, Mapping) and is_block(there) and not {"use", "from"} & set(value):
        return changed(there, value)
    if isinstance(value, (list, tuple)) and len(get_args(hint)) == 2 and get_args(hint)[1] is Ellipsis:
        each = get_args(hint)[0]
        value = tuple(_of_hint(item, each) for item in value)
    elif isinstance(value, (str, Mapping)) and hint is Model:
        value = resolve("model", value)
    elif isinstance(value, (str, Mapping)) and hint is Strategy:
        value = resolve("system", value)
    elif key.endswith("base") and hint is Any and isinstance(value, (str, Mapping)):
        value = _base(value)
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
    return value


def _base(value: Any) -> Any:
    """What a training stage stands on: a model by name or table, or the shape of a network that is trained from scratch."""
    named = value if isinstance(value, str) else value.get("use", "")
    if str(named).replace("-", "_") in ("encoder_shape", "decoder_shape"):
        return _any_block({"use": value} if isinstance(value, str) else value)
    return resolve("model", value)


def _sole(hint: Any) -> Any:
    """What a field holds that may also be left out: a model or none is a model."""
    arms = [arm for arm in get_args(hint) if arm is not type(None)]
    return arms[0] if len(arms) == 1 and type(None) in get_args(hint) else hint


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
    return made_of(known[name], {key: item for key, item in value.items() if key != "use"})


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
