"""Calling a tool: the arguments are held against its schema before it sees them."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import canonical
from osler.core.errors import ToolError, nearest
from osler.core.types import Tool
from osler.tools.schema_refusal import refusal

_SHOWN = 400  # characters of a refusal


def signature(tool: Tool) -> dict[str, Any]:
    """A tool as ``Model.generate(tools=...)`` and prompts show it: name, description, parameters."""
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def named(name: str, tools: Sequence[Tool]) -> Tool:
    """The tool called ``name`` among those allowed. ToolError, which names them, when there is none."""
    for tool in tools:
        if tool.name == name:
            return tool
    raise ToolError(f"there is no tool {name[:60]!r}", hint=nearest(name[:60], [tool.name for tool in tools]))


async def use(tool: Tool, arguments: str | Mapping[str, Any]) -> str:
    """What ``tool`` answers to ``arguments`` (a mapping, or its JSON text as a model wrote it).

    Raises ToolError where they are no JSON object or break the tool's schema, in words a model can act on.
    """
    if isinstance(arguments, str):
        arguments = _parsed(arguments or "{}", tool.name)
    if not isinstance(arguments, Mapping):
        raise ToolError(f"the arguments of {tool.name} are no JSON object", hint='send {"name": value, ...}')
    validator = _validator(canonical(dict(tool.parameters)))
    wrong = list(validator.iter_errors(dict(arguments)))
    if wrong:
        said, hint = refusal(wrong, tool.parameters)
        raise ToolError(f"{tool.name}: {said}", hint=hint)
    return await tool.use(arguments)


def _parsed(text: str, name: str) -> Any:
    """The JSON of ``text``. A key that stands twice is refused: which of its values was meant nobody can say."""
    try:
        found = orjson.loads(text)
        json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ToolError(f"the arguments of {name} are no JSON", hint="send one JSON object") from None
    except KeyError as twice:
        raise ToolError(
            f"the arguments of {name} have {_short(str(twice.args[0]))!r} twice", hint="send each argument once"
        ) from None
    return found


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise KeyError(name)
        seen.add(name)


def _short(text: str) -> str:
    """A refusal shows what was sent, which may be a megabyte."""
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN // 2]} ... {text[-_SHOWN // 2 :]}"


@functools.lru_cache(maxsize=256)
def _validator(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator, validators

    # In JSON Schema 2.0 is an integer. A tool that counts or slices with it would fall over a float.
    checker = Draft202012Validator.TYPE_CHECKER.redefine("integer", _whole)
    strict: Any = validators.extend(Draft202012Validator, type_checker=checker)  # type: ignore[no-untyped-call]
    return strict(orjson.loads(schema))


def _whole(checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
