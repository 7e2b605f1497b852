"""A block: a frozen value with keyword-only fields that are JSON or blocks.

``from_spec(to_spec(x)) == x`` for every block, and ``block_id(x)`` is the hash of its spec: the id that is
evaluated is the id that is served. Fitted state (demonstrations, weights) lives in fields too, so it is hashed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
import re
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeVar, Union, dataclass_transform, overload

import orjson

from osler.core.errors import SpecError, nearest

T = TypeVar("T")
_BLOCKS: dict[str, type[Any]] = {}


@overload
@dataclass_transform(kw_only_default=True, frozen_default=True)
def block(cls: type[T]) -> type[T]: ...
@overload
@dataclass_transform(kw_only_default=True, frozen_default=True)
def block(*, checked: bool = True) -> typing.Callable[[type[T]], type[T]]: ...
@dataclass_transform(kw_only_default=True, frozen_default=True)
def block(cls: type[T] | None = None, *, checked: bool = True) -> Any:
    """Make ``cls`` a block and register it under its class name.

    A class variable ``operational`` names fields that do not change what the block answers (see ``to_spec``).
    Field values are normalised (lists become tuples) and held against their annotations; a method ``check(self)``
    may refuse combinations by raising SpecError. ``checked=False`` skips both, for values made by the thousand.
    """

    def make(kind: type[T]) -> type[T]:
        if kind.__name__ in _BLOCKS and _BLOCKS[kind.__name__].__module__ != kind.__module__:
            raise SpecError(f"two blocks are named {kind.__name__!r}", hint="rename one of them")
        if checked:
            kind.__post_init__ = _post_init  # type: ignore[attr-defined]
        for name, default in list(vars(kind).items()):
            if name in kind.__annotations__ and isinstance(default, dict):  # a table as default is a fresh copy each
                setattr(kind, name, dataclasses.field(default_factory=default.copy))
        made = dataclasses.dataclass(frozen=True, kw_only=True)(kind)
        made.__hash__ = _hash  # type: ignore[method-assign]
        made.__osler_block__ = True  # type: ignore[attr-defined]
        _BLOCKS[made.__name__] = made
        return made

    return make if cls is None else make(cls)


def is_block(value: object) -> bool:
    return getattr(type(value), "__osler_block__", False) is True


def blocks() -> Mapping[str, type[Any]]:
    """Every registered block by class name. Call ``osler.recipes.discover()`` first to have them all."""
    return types.MappingProxyType(_BLOCKS)


def snake(name: str) -> str:
    """``ChainOfThought`` -> ``chain_of_thought``, the spelling of study files."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def to_spec(value: Any, *, identity: bool = False) -> Any:
    """The JSON form of a block (or of a plain JSON value): every field written out, so it is complete.

    ``identity`` leaves out the fields that a block names in ``operational``: how fast and at what price it is asked
    (concurrency, time-outs, the name of the key) changes nothing of what it answers.
    """
    if is_block(value):
        spec: dict[str, Any] = {"block": type(value).__name__}
        skipped = getattr(value, "operational", ()) if identity else ()
        for field in dataclasses.fields(value):
            if field.name not in skipped:
                spec[field.name] = to_spec(getattr(value, field.name), identity=identity)
        return spec
    if isinstance(value, Mapping):
        return {str(key): to_spec(item, identity=identity) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_spec(item, identity=identity) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise SpecError(f"a block may hold JSON or blocks, got {type(value).__name__}")


def from_spec(spec: Any) -> Any:
    """The value that ``spec`` describes. Unknown blocks and fields are refused with the nearest name."""
    if isinstance(spec, Mapping):
        if "block" not in spec:
            return {key: from_spec(item) for key, item in spec.items()}
        name = str(spec["block"])
        if name not in _BLOCKS:
            raise SpecError(f"no block is named {name!r}", hint=nearest(name, _BLOCKS))
        fields = {key: from_spec(item) for key, item in spec.items() if key != "block"}
        return build(_BLOCKS[name], fields)
    if isinstance(spec, (list, tuple)):
        return tuple(from_spec(item) for item in spec)
    return spec


def build(kind: type[T], fields: Mapping[str, Any]) -> T:
    """Construct ``kind`` from ``fields``, refusing unknown and missing ones by name."""
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in fields:
        if key not in known:
            raise SpecError(f"{snake(kind.__name__)} has no setting {key!r}", hint=nearest(key, known))
    for name, field in known.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if required and name not in fields:
            raise SpecError(f"{snake(kind.__name__)} needs the setting {name!r}", hint=f"add {name} = ...")
    return kind(**fields)


def replace(value: T, **changes: Any) -> T:
    """A copy of a block with ``changes``; a dotted key (``inner.k``, given as a mapping) reaches inner blocks."""
    direct: dict[str, Any] = {}
    for key, item in changes.items():
        head, _, rest = key.partition(".")
        if rest:
            held = direct.get(head, getattr(value, head, None))
            if not is_block(held):
                raise SpecError(f"{type(value).__name__}.{head} is no block, so {key!r} cannot be set")
            direct[head] = replace(held, **{rest: item})
        else:
            direct[head] = item
    known = {field.name for field in dataclasses.fields(value)}  # type: ignore[arg-type]
    for key in direct:
        if key not in known:
            raise SpecError(f"{snake(type(value).__name__)} has no setting {key!r}", hint=nearest(key, known))
    return dataclasses.replace(value, **direct)  # type: ignore[type-var]


def canonical(value: Any) -> bytes:
    """Canonical JSON (sorted keys, no spaces) of a plain value: what every hash of Osler is taken over."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY)


def digest(data: bytes, *, size: int = 16) -> str:
    """BLAKE2b in hex, ``2 * size`` characters."""
    return hashlib.blake2b(data, digest_size=size).hexdigest()


def block_id(value: Any) -> str:
    """The identity of a block: the hash of its spec less operational fields (16 hex characters)."""
    found: str | None = value.__dict__.get("_block_id")
    if found is None:
        found = digest(canonical(to_spec(value, identity=True)), size=8)
        value.__dict__["_block_id"] = found  # a cache beside the fields; equality and spec do not see it
    return found


def _hash(self: Any) -> int:
    return hash(block_id(self))


def _post_init(self: Any) -> None:
    for field in dataclasses.fields(self):
        object.__setattr__(self, field.name, _held(type(self), field.name, getattr(self, field.name)))
    check = getattr(self, "check", None)
    if check is not None:
        check()


def faults(kind: type[Any], fields: Mapping[str, Any]) -> list[SpecError]:
    """What is wrong with the type of each of ``fields``, one error each; ``build`` would stop at the first."""
    found = []
    for name in (field.name for field in dataclasses.fields(kind) if field.name in fields):
        try:
            _held(kind, name, fields[name])
        except SpecError as error:
            found.append(error)
    return found


def _held(kind: type[Any], name: str, given: Any) -> Any:
    """A value as the field ``name`` of ``kind`` holds it; SpecError where it does not fit."""
    hint = _hints(kind).get(name, Any)
    value = _cast(_normal(given, f"{snake(kind.__name__)}.{name}"), hint)
    if not _fits(value, hint):
        raise SpecError(
            f"{snake(kind.__name__)}.{name} must be {_name(hint)}, got {_shown(value)}",
            hint=f"set {name} to {_name(hint)}",
        )
    return value


_HINTS: dict[type[Any], dict[str, Any]] = {}


def _hints(kind: type[Any]) -> dict[str, Any]:
    if kind not in _HINTS:
        _HINTS[kind] = typing.get_type_hints(kind)
    return _HINTS[kind]


def _normal(value: Any, where: str) -> Any:
    """Tuples and fresh dicts; refuses what would not come back from its spec as it was."""
    if isinstance(value, (list, tuple)):
        return tuple(_normal(item, where) for item in value)
    if isinstance(value, Mapping):
        for key in value:
            if key == "block" or not isinstance(key, str):
                hint = 'a block is named by use = "..."' if key == "block" else "use another word as the key"
                raise SpecError(f"{where} cannot hold the key {key!r}", hint=hint)
        return {key: _normal(item, where) for key, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):  # JSON has no word for it, so it would hash as null
        raise SpecError(f"{where} must be a finite number, got {value}", hint="leave it out for the default")
    return value


def _cast(value: Any, hint: Any) -> Any:
    """Whole numbers as floats where floats stand, so that equal blocks have equal specs."""
    arms = typing.get_args(hint)
    if isinstance(value, int) and not isinstance(value, bool):
        either = typing.get_origin(hint) in (Union, types.UnionType) and float in arms and int not in arms
        return float(value) if hint is float or either else value
    if isinstance(value, tuple) and typing.get_origin(hint) is tuple and arms:
        each = arms[:1] * len(value) if arms[-1] is Ellipsis else arms
        return (
            tuple(_cast(item, arm) for item, arm in zip(value, each, strict=True)) if len(each) == len(value) else value
        )
    return value


def _fits(value: Any, hint: Any) -> bool:
    if hint is Any or isinstance(hint, TypeVar):
        return True
    origin = typing.get_origin(hint)
    if origin is Literal:
        return value in typing.get_args(hint)
    if origin in (Union, types.UnionType):
        return any(_fits(value, arm) for arm in typing.get_args(hint))
    if hint is None or hint is type(None):
        return value is None
    if origin is tuple:
        arms = typing.get_args(hint)
        if not isinstance(value, tuple):
            return False
        if len(arms) == 2 and arms[1] is Ellipsis:
            return all(_fits(item, arms[0]) for item in value)
        return len(value) == len(arms) and all(_fits(item, arm) for item, arm in zip(value, arms, strict=True))
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        return isinstance(value, Mapping)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Sequence):
        return isinstance(value, tuple)
    if hint is bool:
        return isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(hint, type):
        if getattr(hint, "_is_protocol", False):  # a phase's protocol: any block may stand there
            return is_block(value)
        return isinstance(value, hint)
    return True


_WORDS: Mapping[Any, tuple[str, str]] = {
    str: ("a text", "texts"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    bool: ("true or false", "true or false"),
}


def _name(hint: Any, *, many: bool = False) -> str:
    """What a field holds in the words of a study file, not of Python; ``many``: in the plural, for lists of it."""
    origin, arms = typing.get_origin(hint), typing.get_args(hint)
    if origin is Literal:
        return "one of " + ", ".join(repr(arm) for arm in arms)
    if origin in (Union, types.UnionType):
        said = " or ".join(_name(arm, many=many) for arm in arms if arm is not type(None))
        return f"{said}, or left out" if type(None) in arms else said
    if hint in _WORDS:
        return _WORDS[hint][many]
    if origin is tuple or (isinstance(origin, type) and issubclass(origin, Sequence)):
        lists = "lists" if many else "a list"
        if origin is not tuple or arms[-1] is Ellipsis:
            return f"{lists} of {_name(arms[0], many=True)}"
        return f"{lists} of {len(arms)}: {', '.join(_name(arm) for arm in arms)}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return "tables" if many else "a table"
    if isinstance(hint, type) and getattr(hint, "_is_protocol", False):
        return f"{snake(hint.__name__)}s" if many else f"a {snake(hint.__name__)}"
    named = snake(hint.__name__) if isinstance(hint, type) else str(hint)
    return f'{"tables" if many else "a table"} {{ use = "{named}", ... }}' if isinstance(hint, type) else named


def _shown(value: Any) -> str:
    text = type(value).__name__ if is_block(value) else repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
