"""Programs that try to get out of the sandbox: none reads a file, sends a packet, sees a secret or leaves a process."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hostile_programs import PROGRAMS

from osler.core.block import block
from osler.tools.sandbox import Ran, Sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
SECRET = "canary-5b1f0c"


@block
class Echo:
    """Gives back what it is told."""

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
        return str(arguments["text"])


def children() -> set[str]:
    return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


@pytest.fixture(scope="module")
def orphans_come_to_us() -> Iterator[None]:
    """What a dead sandbox leaves behind becomes a child of this process, so that it is seen."""
    libc = ctypes.CDLL(None)
    libc.prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER
    yield
    libc.prctl(36, 0, 0, 0, 0)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


@pytest.fixture
def inherited(tmp_path: Path) -> Iterator[int]:
    """A file that this process holds open and would hand on."""
    file = tmp_path / "secret.txt"
    file.write_text(SECRET)
    descriptor = os.open(file, os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    yield descriptor
    os.close(descriptor)


def run(program: str, *, seconds: float) -> Ran:
    sandbox = Sandbox(seconds=seconds, memory_mb=192, calls=5)
    return asyncio.run(sandbox.run(program, tools=(Echo(),)))


@pytest.mark.usefixtures("orphans_come_to_us")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_hostile_program_is_contained(
    name: str, listener: socket.socket, inherited: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OSLER_CANARY", SECRET)
    hostile = PROGRAMS[name]
    program = hostile.program
    for word, value in {"port": listener.getsockname()[1], "inherited": inherited, "parent": os.getpid()}.items():
        program = program.replace("{" + word + "}", str(value))
    before, started = children(), time.monotonic()
    ran = run(program.replace("{secret}", "written"), seconds=1.0 if "time" in hostile.killed else 8.0)
    assert time.monotonic() - started < 30
    assert "seccomp" in ran.layers
    said = f"{ran.stdout} {ran.answer} {ran.error}"
    assert SECRET not in said
    assert "root:" not in said
    assert children() == before
    assert not (Path(tempfile.gettempdir()) / "written").exists()
    with pytest.raises(BlockingIOError):
        listener.accept()
    if ran.killed_by:
        assert ran.killed_by in hostile.killed, ran
        assert ran.answer is None
    elif ran.error is not None:
        assert ran.error.type in hostile.errors, ran
    else:
        assert ran.answer == hostile.answer, ran
        assert hostile.answer is not None


def test_there_are_many_programs() -> None:
    assert len(PROGRAMS) >= 60
