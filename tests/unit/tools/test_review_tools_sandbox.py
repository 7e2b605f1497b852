"""The sandbox under a second set of hostile programs, cancelled in the middle, many at once, with tools that break."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hostile_programs_second import PROGRAMS

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.sandbox import Ran, Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")


@block
class FaultyEcho:
    """Gives back what it is told; ``how`` makes it wait for ever or fall over instead."""

    how: str = "answer"

    @property
    def name(self) -> str:
        return "echo"

    @property
    def description(self) -> str:
        return "Gives back a text."

    @property
    def parameters(self) -> Mapping[str, Any]:
        text = {"type": "string"}
        return {"type": "object", "properties": {"text": text}, "required": ["text"], "additionalProperties": False}

    async def use(self, arguments: Mapping[str, Any]) -> str:
        if self.how == "wait":
            await asyncio.sleep(60)
        if self.how == "break":
            raise ValueError("a fault of the tool")
        return str(arguments["text"])


@dataclasses.dataclass(frozen=True)
class Held:
    """What this process holds: its children, open descriptors and the sandbox's folders."""

    children: frozenset[str]
    descriptors: int
    folders: frozenset[str]


def held() -> Held:
    tasks = Path("/proc/self/task").iterdir()
    return Held(
        children=frozenset(pid for task in tasks for pid in (task / "children").read_text().split()),
        descriptors=len(os.listdir("/proc/self/fd")),
        folders=frozenset(path.name for path in Path(tempfile.gettempdir()).glob("osler-sandbox-*")),
    )


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of sandboxes that other processes run are not looked at."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def run(program: str, *, seconds: float = 8.0, tool: FaultyEcho | None = None) -> Ran:
    return asyncio.run(Sandbox(seconds=seconds, memory_mb=192, calls=5).run(program, tools=(tool or FaultyEcho(),)))


@pytest.mark.usefixtures("own_folder")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_hostile_program_is_contained(name: str) -> None:
    hostile, before = PROGRAMS[name], held()
    ran = run(hostile.program, seconds=1.0 if "time" in hostile.killed else 8.0)
    assert held() == before
    if ran.killed_by:
        assert ran.killed_by in hostile.killed, ran
        assert ran.answer is None
    elif ran.error is not None:
        assert ran.error.type in hostile.errors, ran
    else:
        assert ran.answer == hostile.answer, ran
        assert hostile.answer is not None


@pytest.mark.usefixtures("own_folder")
def test_a_dozen_at_once_leave_nothing_behind() -> None:
    programs = ["1 + 1", "while True: pass", "import os\nos._exit(3)", "import os\nos.fork()"] * 3

    async def all_of_them() -> list[Ran]:
        sandbox = Sandbox(seconds=1.0, memory_mb=128, at_once=4)
        return list(await asyncio.gather(*map(sandbox.run, programs)))

    before = held()
    found = asyncio.run(all_of_them())
    assert [one.answer for one in found[::4]] == ["2"] * 3
    assert [one.killed_by for one in found[1::4]] == ["time"] * 3
    assert [one.killed_by for one in found[2::4]] == ["crash"] * 3
    assert held() == before


@pytest.mark.usefixtures("own_folder")
@pytest.mark.parametrize("delay", [0.0, 0.01, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_program_that_is_given_up_leaves_nothing_behind(delay: float, times: int) -> None:
    """Cancelled once by a time-out and again by whoever shuts down, at whatever moment."""

    async def given_up() -> None:
        task = asyncio.create_task(Sandbox(seconds=30).run("while True: pass"))
        await asyncio.sleep(delay)
        for _ in range(times):
            task.cancel()
            await asyncio.sleep(0.001)
        with pytest.raises(asyncio.CancelledError):
            await task

    before, started = held(), time.monotonic()
    asyncio.run(given_up())
    assert held() == before
    assert time.monotonic() - started < 10


@pytest.mark.usefixtures("own_folder")
def test_a_tool_that_breaks_ends_the_run_and_leaves_nothing_behind() -> None:
    before = held()
    with pytest.raises(ValueError, match="a fault of the tool"):
        run("echo(text='x')\nwhile True: pass", tool=FaultyEcho(how="break"))
    assert held() == before


@pytest.mark.usefixtures("own_folder")
def test_a_tool_that_hangs_costs_the_program_its_time() -> None:
    before = held()
    ran = run("echo(text='x')", seconds=1.0, tool=FaultyEcho(how="wait"))
    assert ran.killed_by == "time"
    assert ran.seconds < 5
    assert held() == before


@pytest.mark.parametrize("count", [100_001, 1_000_000])
def test_a_program_that_is_too_long_starts_nothing(count: int) -> None:
    with pytest.raises(ToolError, match=f"has {count} characters"):
        run("#" * count)
