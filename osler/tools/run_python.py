"""Runs a Python program in the sandbox: arithmetic, dates, counting and the like, exact where a model guesses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.types import Tool
from osler.tools.sandbox import Ran, Sandbox
from osler.tools.sandbox_child import MODULES


@block
class RunPython:
    """A Python program, without files and network; it may call ``tools``, which run outside with their own checks."""

    sandbox: Sandbox = Sandbox()
    tools: tuple[Tool, ...] = ()

    @property
    def name(self) -> str:
        return "run_python"

    @property
    def description(self) -> str:
        return (
            "Runs a Python program that has no files and no network, and gives back what it prints and the value of "
            "its last expression or of the variable `answer`. " + surroundings(self.tools)
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        program = {"type": "string", "description": "The source of the program", "minLength": 1}
        return {
            "type": "object",
            "properties": {"program": program},
            "required": ["program"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        """What the program printed and its answer, or how it failed; a failed program is a result like any other."""
        return told(await self.sandbox.run(arguments["program"], tools=self.tools), str(arguments["program"]))


def surroundings(tools: tuple[Tool, ...]) -> str:
    """What a program finds in the sandbox, in words for a model."""
    text = f"It may import: {MODULES.replace(' ', ', ')}."
    if not tools:
        return text
    shown = "\n".join(f"- {tool.name}({_arguments(tool)}): {tool.description}" for tool in tools)
    return f"{text}\nIt may call these functions, with named arguments; each returns text:\n{shown}"


def _arguments(tool: Tool) -> str:
    """The names and kinds of a tool's arguments, those that may be left out with a question mark."""
    needed = tool.parameters.get("required", ())
    known: Mapping[str, Any] = tool.parameters.get("properties", {})
    return ", ".join(
        f"{name}{'' if name in needed else '?'}: {field.get('type', 'any') if isinstance(field, Mapping) else 'any'}"
        for name, field in known.items()
    )


_KILLED = {
    "time": "The program was stopped: it ran too long.",
    "memory": "The program needed too much memory.",
    "syscall": "The program was stopped: it asked for what the sandbox does not allow.",
    "output": "The program was stopped: it printed or answered too much.",
    "calls": "The program was stopped: it called tools too often.",
    "crash": "The program ended without a result.",
}


def told(ran: Ran, program: str) -> str:
    """How a program went, in words for a model: what it printed, its answer, or its error with the line."""
    parts = [f"Printed:\n{ran.stdout.rstrip()}"] if ran.stdout.strip() else []
    if ran.killed_by:
        parts.append(_KILLED[ran.killed_by])
    elif ran.error is not None:
        lines = program.splitlines()
        at = ran.error.line
        place = f" in line {at}" + (f" (`{lines[at - 1].strip()}`)" if 0 < at <= len(lines) else "") if at else ""
        parts.append(f"{ran.error.type}{place}: {ran.error.message}")
    else:
        parts.append(f"Answer of the program: {ran.answer}" if ran.answer is not None else "It set no answer.")
    return "\n".join(parts)
