"""Calling a tool: the arguments are held against its schema before it sees them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from osler.core.block import canonical
from osler.core.errors import ToolError, nearest
from osler.core.types import Tool


def signature(tool: Tool) -> dict[str, Any]:
    """A tool as ``Model.generate(tools=...)`` and prompts show it: name, description, parameters."""
    return {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}


def named(name: str, tools: Sequence[Tool]) -> Tool:
    """The tool called ``name`` among those allowed. ToolError, which names them, when there is none."""
    for tool in tools:
        if tool.name == name:
            return tool
    raise ToolError(f"there is no tool {name!r}", hint=nearest(name, [tool.name for tool in tools]))


async def use(tool: Tool, arguments: str | Mapping[str, Any]) -> str:
    """What ``tool`` answers to ``arguments`` (a mapping, or its JSON text as a model wrote it).

    Raises ToolError where they are no JSON object or break the tool's schema, in words a model can act on.
    """
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments or "{}")
        except orjson.JSONDecodeError:
            raise ToolError(f"the arguments of {tool.name} are no JSON", hint="send one JSON object") from None
    if not isinstance(arguments, Mapping):
        raise ToolError(f"the arguments of {tool.name} are no JSON object", hint='send {"name": value, ...}')
    validator = _validator(canonical(dict(tool.parameters)))
    wrong = sorted(validator.iter_errors(dict(arguments)), key=lambda error: list(map(str, error.path)))
    if wrong:
        where = ".".join(map(str, wrong[0].path))
        raise ToolError(
            f"{tool.name}: {where + ': ' if where else ''}{wrong[0].message}",
            hint="follow the parameters of the tool",
        )
    return await tool.use(arguments)


@functools.lru_cache(maxsize=256)
def _validator(schema: bytes) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(orjson.loads(schema))
