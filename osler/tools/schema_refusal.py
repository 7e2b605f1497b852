"""Why arguments break a tool's schema, in words that a person and a model can act on."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.errors import nearest

_KINDS = {
    "number": "a number",
    "integer": "a whole number",
    "string": "a text",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_VALUE = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*([^\s\d\"][^\"]*)?")
_SHOWN = 60  # characters of a value that was sent


def refusal(errors: Sequence[Any], parameters: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong first, and what to do. ``errors``: at least one, of jsonschema; ``parameters``: the tool's schema.

    A name that is not known comes before one that is missing: mostly it is the same one, spelled otherwise.
    """
    first = min(errors, key=lambda error: ([str(part) for part in error.path], error.validator != _UNKNOWN))
    where = ".".join(map(str, first.path))
    return _SAID.get(first.validator, _other)(first, where, parameters)


def _unknown(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    known = list(error.schema.get("properties", {}))
    extra = next((name for name in error.instance if name not in known), "")
    inside = f" in {where}" if where else ""
    names, near = _listed(error.schema), nearest(str(extra)[:_SHOWN], known)
    hint = f"{near} {names}" if near.endswith("?") else names
    return f"no input{inside} is named {_short(extra)}", hint


def _missing(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    missing = [name for name in error.validator_value if name not in error.instance]
    about = [_needed(name, error.schema.get("properties", {}).get(name, {})) for name in missing]
    inside = f"{where} " if where else ""
    return f"{inside}needs {', '.join(missing)}", "; ".join(about)


def _needed(name: str, schema: Mapping[str, Any]) -> str:
    said = str(schema.get("description", ""))
    return f"give {said if said.startswith(name) else f'{name} ({said})' if said else name}"


def _kind(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    wanted = _wanted(error.validator_value)
    return f"{where or 'the whole'} must be {wanted}, got {_short(error.instance)}", _about(where, parameters)


def _one_of(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    options = " | ".join(str(one) for one in error.validator_value)
    return f"{where} must be one of {options}, got {_short(error.instance)}", "write it as it stands there"


def _any_of(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    forms = error.validator_value
    if any({"value", "unit"} <= set(form.get("properties", {})) for form in forms):
        said = f"{where} must be a number, or a value and a unit, got {_short(error.instance)}"
        return said, f"send {_pair(error.instance)}; {_about(where, parameters)}"
    wanted = " or ".join(_wanted(form.get("type", "")) for form in forms)
    return f"{where} must be {wanted}, got {_short(error.instance)}", _about(where, parameters)


def _pair(given: Any) -> str:
    """The form of a value with its unit: of what was sent where it can be read ("140 mmol/L"), else in general."""
    read = _VALUE.fullmatch(given[:_SHOWN]) if isinstance(given, str) else None
    value, unit = (read[1], read[2]) if read else ("a number", "its unit")
    return f'{{"value": {value}, "unit": "{unit}"}}' if unit else value


def _other(error: Any, where: str, parameters: Mapping[str, Any]) -> tuple[str, str]:
    message = error.message if len(error.message) <= 400 else f"{error.message[:200]} ... {error.message[-200:]}"
    return f"{where}: {message}" if where else message, _about(where, parameters)


def _about(where: str, parameters: Mapping[str, Any]) -> str:
    """What the schema says of the input that stands at ``where``, else the names of all."""
    top = where.partition(".")[0]
    said = parameters.get("properties", {}).get(top, {}).get("description", "")
    return (said if said.startswith(top) else f"{top}: {said}") if said else _listed(parameters)


def _listed(schema: Mapping[str, Any]) -> str:
    needed = set(schema.get("required", ()))
    names = [f"{name} (needed)" if name in needed else name for name in schema.get("properties", {})]
    return f"its inputs: {', '.join(names)}" if names else "it has no inputs"


def _wanted(kind: Any) -> str:
    return " or ".join(_KINDS.get(one, str(one)) for one in ([kind] if isinstance(kind, str) else kind))


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


_UNKNOWN = "additionalProperties"
_SAID = {_UNKNOWN: _unknown, "required": _missing, "type": _kind, "enum": _one_of, "anyOf": _any_of, "oneOf": _any_of}
