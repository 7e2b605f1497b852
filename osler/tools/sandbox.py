"""A sandbox: runs a Python program that nobody trusts, where it reaches no file, no network and no other process.

Each run is a new process, closed before it is given the program. Layers, outermost first: a session of its own with an
empty environment, no open files but two pipes and an empty folder; namespaces of its own, an empty root, the user
nobody, no capabilities (each where the kernel lets us); limits of memory, processor time, files and processes; and a
list of allowed system calls that the kernel holds to (seccomp). Without the last nothing is run.
"""

from __future__ import annotations

import asyncio
import platform
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError, ToolError
from osler.core.types import Tool
from osler.tools.calling import named, use
from osler.tools.sandbox_filter import assemble
from osler.tools.sandbox_process import Broken, Child

Ending = Literal["", "time", "memory", "syscall", "output", "calls", "crash"]
LONGEST = 100_000  # characters of a program


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An error that ended a program: its kind, what it says, and the line of the program (None: not known)."""

    type: str
    message: str
    line: int | None = None


@dataclass(frozen=True, kw_only=True)
class Called:
    """A tool that a program called, and what came back (``refused``: the tool's own words why not)."""

    name: str
    arguments: Mapping[str, Any]
    result: str
    refused: bool = False


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a program went.

    ``answer``: the variable ``answer`` or else the value of the last expression, as text. ``killed_by``: "" where the
    program ended by itself; ``crash`` is an end without a result. ``seconds``: wall clock, the start not counted.
    """

    stdout: str = ""
    answer: str | None = None
    error: Fault | None = None
    seconds: float = 0.0
    calls: tuple[Called, ...] = ()
    killed_by: Ending = ""
    layers: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return self.error is None and not self.killed_by


@block
class Sandbox:
    """Runs untrusted Python programs.

    seconds: wall clock of a program, its tool calls included. memory_mb: address space in MiB. output: characters that
    it may print and that its answer may have. calls: tool calls of one program. at_once: programs at the same time.
    Hashes and the module ``random`` are seeded, so a program that does not ask for the time gives the same result twice.
    """

    seconds: float = 10.0
    memory_mb: int = 256
    output: int = 20_000
    calls: int = 20
    at_once: int = 4

    operational: ClassVar[tuple[str, ...]] = ("at_once",)

    def check(self) -> None:
        for name, least in (("seconds", 0.05), ("memory_mb", 64), ("output", 100), ("calls", 0), ("at_once", 1)):
            if getattr(self, name) < least:
                raise SpecError(f"sandbox.{name} must be at least {least}, got {getattr(self, name)}")

    async def run(self, program: str, *, variables: Mapping[str, Any] | None = None, tools: Sequence[Tool] = ()) -> Ran:
        """Run ``program``; ``variables`` (JSON) are its first global names, and it may call ``tools`` by name.

        Raises SpecError where programs cannot be closed in on this machine, ToolError for a program that is too long
        or a sandbox that does not start. What the program does wrong is in the result.
        """
        if sys.platform != "linux":
            raise SpecError(f"the sandbox needs Linux, got {sys.platform}", hint="run code agents on Linux")
        if len(program) > LONGEST:
            raise ToolError(
                f"the program has {len(program)} characters and may have {LONGEST}", hint="send a shorter one"
            )
        rules = assemble(platform.machine())
        async with self._gate():
            child = await Child.start(rules, seconds=self.seconds, memory=self.memory_mb << 20)
            try:
                return await _Session(self, child, tools).run(program, variables or {})
            finally:
                await child.gone()

    def _gate(self) -> asyncio.Semaphore:
        gates: Any = self.__dict__.setdefault("_gates", weakref.WeakKeyDictionary())
        gate: asyncio.Semaphore = gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.at_once))
        return gate


class _Session:
    """One program and what it said. It may say anything: only known frames count, and only so many."""

    def __init__(self, sandbox: Sandbox, child: Child, tools: Sequence[Tool]) -> None:
        self.sandbox, self.child, self.tools = sandbox, child, tools
        self.printed: list[str] = []
        self.room = sandbox.output
        self.calls: list[Called] = []
        self.asked = 0
        self.answer: str | None = None
        self.error: Fault | None = None

    async def run(self, program: str, variables: Mapping[str, Any]) -> Ran:
        started = time.monotonic()
        job = {"program": program, "variables": dict(variables), "tools": [tool.name for tool in self.tools]}
        killed: Ending = ""
        try:
            async with asyncio.timeout(self.sandbox.seconds):
                await self.child.send(job)
                killed = await self._listen()
        except TimeoutError:
            killed = "time"
        except Broken as broken:
            killed = await self._why(broken, started)
        if self.error is not None and self.error.type == "MemoryError":
            killed = killed or "memory"
        return Ran(
            stdout="".join(self.printed),
            answer=None if killed else self.answer,
            error=self.error,
            seconds=time.monotonic() - started,
            calls=tuple(self.calls),
            killed_by=killed,
            layers=self.child.layers,
        )

    async def _listen(self) -> Ending:
        while True:
            frame = await self.child.receive()
            if "out" in frame:
                text = str(frame["out"])
                self.printed.append(text[: self.room])
                self.room -= len(text)
                if self.room < 0:
                    return "output"
            elif "call" in frame:
                self.asked += 1
                if self.asked > 2 * self.sandbox.calls + 10:
                    return "calls"
                await self.child.send(await self._call(frame["call"], frame.get("arguments")))
            elif frame.get("end") is True:
                return self._end(frame)
            else:
                raise Broken("garbage")

    def _end(self, frame: Mapping[str, Any]) -> Ending:
        answer, error = frame.get("answer"), frame.get("error")
        if isinstance(answer, str):
            if len(answer) > self.sandbox.output:
                return "output"
            self.answer = answer
        if isinstance(error, Mapping):
            line = error.get("line")
            self.error = Fault(
                type=str(error.get("type"))[:200],
                message=str(error.get("message"))[:2_000],
                line=line if isinstance(line, int) else None,
            )
        return ""

    async def _call(self, name: object, arguments: object) -> dict[str, str]:
        """One tool call, by the rules that any model's call is held to: allowed tools, their schema, a cap."""
        if not isinstance(name, str) or not isinstance(arguments, Mapping):
            return {"error": "a tool is called by its name with named arguments"}
        if len(self.calls) >= self.sandbox.calls:
            return {"error": f"a program may call tools {self.sandbox.calls} times and this one has"}
        try:
            result, refused = await use(named(name[:200], self.tools), arguments), False
        except ToolError as error:
            result, refused = str(error), True
        self.calls.append(Called(name=name[:200], arguments=dict(arguments), result=result, refused=refused))
        return {"error" if refused else "result": result}

    async def _why(self, broken: Broken, started: float) -> Ending:
        """Why the program is gone, or why its frames cannot be read."""
        if broken.reason == "flood":
            return "output"
        if broken.reason == "garbage":
            return "crash"
        ended = await self.child.ended()
        if ended == 31:  # SIGSYS: the filter
            return "syscall"
        if ended == 9:  # nobody of ours sent it: the limit of processor time did, or the kernel when memory ran out
            return "time" if time.monotonic() - started >= self.sandbox.seconds else "memory"
        return "time" if ended == 24 else "crash"  # SIGXCPU
