"""The process in which a sandboxed program runs, seen from the parent: start, frames, end.

The other side may send anything or nothing at all: a frame has a largest size, so has all that is read from one child,
and only JSON is read. Frames are 4 bytes of length (big-endian) and a JSON object.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import shutil
import signal
import struct
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from osler.core.errors import SpecError, ToolError

SCRIPT = Path(__file__).with_name("sandbox_child.py")
FRAME = 1 << 20  # bytes of one frame
ALL = 4 << 20  # bytes of all frames of one child
START = 60.0  # seconds in which a child must be ready, on a machine with other work
LINGER = 2.0  # seconds in which a child whose pipe has closed must be gone
GRACE = 5.0  # seconds from asking a child to go until it is killed


class Broken(Exception):
    """No further frame can be read: ``gone`` (the child has ended), ``garbage`` or ``flood``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Child:
    """One process, closed off and ready for its program. ``layers`` are the walls that hold."""

    def __init__(self, process: asyncio.subprocess.Process, folder: str) -> None:
        self._process = process
        self._folder = folder
        self._read = 0
        self._handle: int | None = None  # means the process and never another one that has got its number since
        with contextlib.suppress(OSError):  # kernels before 5.3 have none
            self._handle = os.pidfd_open(process.pid)
        self.layers: tuple[str, ...] = ()

    @classmethod
    async def start(cls, rules: bytes, *, seconds: float, memory: int) -> Child:
        """``rules``: the seccomp filter; ``seconds`` of processor time; ``memory`` in bytes of address space."""
        making = asyncio.ensure_future(cls._made())
        cancelled: asyncio.CancelledError | None = None
        while not making.done():  # a process half made, given up, would be nobody's to end
            try:
                await asyncio.shield(making)
            except asyncio.CancelledError as error:
                cancelled = error
        child = making.result()
        try:
            if cancelled is not None:
                raise cancelled
            async with asyncio.timeout(START):
                await child._settle({"seconds": math.ceil(seconds) + 1, "memory": memory}, rules)
        except BaseException as error:
            await child.gone()
            if isinstance(error, TimeoutError):
                raise ToolError(
                    f"the sandbox was not ready in {START:g} s", hint="run fewer programs at once"
                ) from None
            raise
        return child

    @classmethod
    async def _made(cls) -> Child:
        folder = tempfile.mkdtemp(prefix="osler-sandbox-")
        try:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-s", "-S", "-P", "-B", "-X", "utf8", str(SCRIPT)),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=folder,
                env={"PYTHONHASHSEED": "0"},  # sets are in the same order each time
                start_new_session=True,
            )
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(process, folder)

    async def _settle(self, limits: Mapping[str, int], rules: bytes) -> None:
        try:
            await self.send({"limits": dict(limits), "filter": rules.hex()})
            frame = await self.receive()
        except Broken:
            frame = {"refused": f"its process ended with {await self.ended()}"}
        layers = frame.get("ready")
        if not isinstance(layers, list) or "seccomp" not in layers:
            raise SpecError(
                f"a program cannot be closed in on this machine: {frame.get('refused', 'no answer')}",
                hint="use a Linux kernel with seccomp filters (any since 3.17 has them; a container may forbid them)",
            )
        self.layers = tuple(str(layer) for layer in layers)

    async def send(self, frame: Mapping[str, Any]) -> None:
        """Raises Broken where nobody listens any more."""
        pipe = self._process.stdin
        assert pipe is not None
        try:
            body = orjson.dumps(frame)
        except TypeError:  # half a character, which is no text in any encoding
            import json

            body = json.dumps(frame, ensure_ascii=False).encode("utf-8", "replace")
        try:
            pipe.write(struct.pack(">I", len(body)) + body)
            await pipe.drain()
        except (BrokenPipeError, ConnectionResetError):
            raise Broken("gone") from None

    async def receive(self) -> dict[str, Any]:
        """The next frame. Raises Broken for the end, for a flood, and for what is no JSON object."""
        pipe = self._process.stdout
        assert pipe is not None
        try:
            size = struct.unpack(">I", await pipe.readexactly(4))[0]
            self._read += 4 + size
            if size > FRAME or self._read > ALL:
                raise Broken("flood")
            frame = orjson.loads(await pipe.readexactly(size))
        except asyncio.IncompleteReadError:
            raise Broken("gone") from None
        except orjson.JSONDecodeError:
            raise Broken("garbage") from None
        if not isinstance(frame, dict):
            raise Broken("garbage")
        return frame

    async def ended(self) -> int | None:
        """How the child ended: 0, 1 to 64 for a signal, 255 for any other status; None where it had to be ended."""
        try:
            async with asyncio.timeout(LINGER):
                await self._process.wait()
        except TimeoutError:
            await self.end()
            return None
        return abs(self._process.returncode or 0)

    async def gone(self) -> None:
        """``end``, to its end: whoever is cancelled again while it waits is cancelled when the process is gone."""
        cancelled: asyncio.CancelledError | None = None
        while True:
            try:
                await self.end()
                break
            except asyncio.CancelledError as error:
                cancelled = error
        if cancelled is not None:
            raise cancelled

    async def end(self) -> None:
        """End the child and all that belongs to it, and leave nothing behind. May be called again."""
        process = self._process
        assert process.stdin is not None
        if process.returncode is None:
            self._ask_to_go()
            try:
                async with asyncio.timeout(GRACE):
                    await self._drained()
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        process.stdin.close()
        await self._drained()
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask_to_go(self) -> None:
        """The waiting process ends the one that runs the program, then itself.

        Not by ``Process.terminate``, which looks whether the process has ended and so takes its status away from asyncio.
        """
        with contextlib.suppress(ProcessLookupError):
            if self._handle is None:
                os.kill(self._process.pid, signal.SIGTERM)
            else:
                signal.pidfd_send_signal(self._handle, signal.SIGTERM)

    async def _drained(self) -> None:
        """Read what is left in the pipe, without which it never closes, and wait for the process."""
        assert self._process.stdout is not None
        while await self._process.stdout.read(1 << 16):
            pass
        await self._process.wait()
