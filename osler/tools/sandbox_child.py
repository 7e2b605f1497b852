"""What runs inside the sandbox, as a script of its own that imports nothing but the standard library.

Order: load the modules that programs may use, leave the machine's namespaces, set limits, give the kernel the filter,
try that it holds, and only then ask the parent for the program. Hiding names from Python would fence off nothing, so
nothing is hidden: the kernel is the fence, and what is loaded here is all that can be reached.

Frames on the two pipes are 4 bytes of length (big-endian) and a JSON object.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import ctypes
import errno
import importlib
import io
import json
import os
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

MODULES = (
    "abc array base64 binascii bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime "
    "decimal difflib enum fractions functools heapq io itertools json math numbers operator pprint random re statistics "
    "string textwrap time typing unicodedata"
)
_HIDDEN = (
    "_strptime encodings.ascii encodings.latin_1 encodings.utf_8 encodings.utf_16 encodings.utf_8_sig encodings.cp1252 "
    "encodings.unicode_escape traceback gc inspect"
)  # what the modules above load when they are first used, and what costs nothing
NAME = "<program>"
SPACES = {"mount": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "process": 0x20000000, "network": 0x40000000}
OWN_USERS = 0x10000000
NOBODY = 65534
SET_PARENT_DEATH, SET_SECCOMP, NO_NEW_PRIVILEGES, FILTER = 1, 22, 38, 2
SHORT = 2_000
_NO_MEMORY = (
    b'{"end": true, "answer": null, "error": {"type": "MemoryError", "message": "out of memory", "line": null}}'
)
_NO_MEMORY = struct.pack(">I", len(_NO_MEMORY)) + _NO_MEMORY


def receive() -> dict[str, Any]:
    """The next frame from the parent; the process ends when there is none."""
    size = struct.unpack(">I", _take(4))[0]
    frame: dict[str, Any] = json.loads(_take(size))
    return frame


def _take(size: int) -> bytes:
    held = bytearray()
    while len(held) < size:
        more = os.read(0, min(size - len(held), 1 << 16))
        if not more:
            os._exit(0)
        held += more
    return bytes(held)


def send(frame: dict[str, Any]) -> None:
    body = json.dumps(frame, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    _put(struct.pack(">I", len(body)) + body)


def _put(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def isolate(limits: dict[str, int], rules: bytes) -> list[str]:
    """Give up every right; the layers that hold, by name. Returns in a new process; the old one waits for it."""
    importlib.import_module("resource")  # while there still are files; other systems than ours have no such module
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p, ctypes.c_ulong, ctypes.c_ulong]
    layers = _leave(libc)
    _become_worker(libc)
    _limit(limits)
    layers.append("limits")
    if libc.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs was refused")
    code = ctypes.create_string_buffer(rules, len(rules))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    program = Program(len(rules) // 8, ctypes.addressof(code))
    if libc.prctl(SET_SECCOMP, FILTER, ctypes.addressof(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused the filter")
    try:
        os.open("/", os.O_RDONLY)
    except OSError as error:
        if error.errno != errno.EPERM:
            raise OSError(error.errno or 0, "the filter does not hold") from None
    else:
        raise OSError(0, "the filter does not hold")
    return [*layers, "no_new_privs", "seccomp"]


def _leave(libc: Any) -> list[str]:
    """Own namespaces, an empty root, no user and no capability, each where the kernel lets us."""
    layers = []
    every = sum(SPACES.values())
    for flags in (every, every | OWN_USERS):
        if libc.unshare(flags) == 0:
            layers += [f"own {name}" for name in SPACES] + (["own user"] if flags & OWN_USERS else [])
            break
    with contextlib.suppress(OSError):
        os.chroot(".")  # the parent started us in an empty folder
        os.chdir("/")
        layers.append("empty root")
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            layers.append("nobody")
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    if libc.capset(header, (ctypes.c_uint32 * 6)()) == 0:
        layers.append("no capabilities")
    return layers


def _become_worker(libc: Any) -> None:
    """Go on in a child, the first process of its namespace. The one that stays passes on how it ended."""
    worker = 0

    def stop(number: int, frame: Any) -> None:
        if worker:
            os.kill(worker, signal.SIGKILL)
        else:
            os._exit(signal.SIGKILL)

    libc.prctl(SET_PARENT_DEATH, signal.SIGTERM, 0, 0, 0)
    signal.signal(signal.SIGTERM, stop)
    worker = os.fork()
    if worker == 0:
        libc.prctl(SET_PARENT_DEATH, signal.SIGKILL, 0, 0, 0)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        return
    os.close(0)
    os.close(1)
    _, status = os.waitpid(worker, 0)
    # 1 to 64 is the signal that ended the worker: an exit status of the program's own cannot look like one.
    os._exit(os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0 if os.WEXITSTATUS(status) == 0 else 255)


def _limit(limits: dict[str, int]) -> None:
    import resource

    seconds, memory = limits["seconds"], limits["memory"]
    for kind, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + 1),
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_NOFILE, 3, 3),
        (resource.RLIMIT_NPROC, 0, 0),
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        resource.setrlimit(kind, (soft, hard))


class ToolError(Exception):
    """A tool refused a call; the message says what to do."""


class _Printed(io.TextIOBase):
    """Standard output: whole lines go to the parent as they come, so that a killed program's output is not lost."""

    def __init__(self) -> None:
        self.held: list[str] = []
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.held.append(text)
        self.size += len(text)
        if self.size > 8_192 or text.endswith("\n"):
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self.held, self.size = "".join(self.held), [], 0
        for start in range(0, len(text), 1 << 16):
            send({"out": text[start : start + (1 << 16)]})


class _Absent:
    """The finder that says which modules there are."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> None:
        raise ModuleNotFoundError(f"no module {name!r} here; there are: {MODULES}", name=name)


def asked(name: str) -> Callable[..., str]:
    """The function by which a program calls the tool ``name``."""

    def tool(**arguments: Any) -> str:
        return call(name, **arguments)

    tool.__name__ = name
    return tool


def call(name: str, /, **arguments: Any) -> str:
    """What the parent's tool ``name`` answers, as text. Raises ToolError where it refuses."""
    sys.stdout.flush()
    send({"call": name, "arguments": arguments})
    reply = receive()
    if "error" in reply:
        raise ToolError(reply["error"])
    return str(reply["result"])


def execute(job: dict[str, Any]) -> None:
    """Run the program and send how it ended."""
    printed = _Printed()
    sys.stdout, sys.stderr, sys.stdin = printed, printed, io.StringIO()
    tools = {name: asked(name) for name in job["tools"]}
    space: dict[str, Any] = {"__name__": "__main__", "__builtins__": builtins, "call": call, "ToolError": ToolError}
    space |= tools | job["variables"]
    answer: str | None = None
    error: dict[str, Any] | None = None
    try:
        answer = _shown(_run(job["program"], space))
    except SystemExit:
        answer = _shown(space.get("answer"))
    except MemoryError as broken:
        space.clear()
        broken.__traceback__ = None
        _put(_NO_MEMORY)
        return
    except BaseException as broken:  # noqa: BLE001 - whatever the program raised is the result
        error = _fault(broken)
    printed.flush()
    send({"end": True, "answer": answer, "error": error})


def _run(program: str, space: dict[str, Any]) -> Any:
    """Run the statements; the variable ``answer`` where the program sets it, else the value of its last expression."""
    tree = ast.parse(program, NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, NAME, "exec"), space)
    value = eval(compile(ast.Expression(last.value), NAME, "eval"), space) if isinstance(last, ast.Expr) else None
    return space.get("answer", value)


def _shown(value: Any) -> str | None:
    """A value as text: JSON for lists and objects of plain values, else as ``str`` shows it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list, tuple)):
        with contextlib.suppress(TypeError, ValueError):
            return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return str(value)


def _fault(broken: BaseException) -> dict[str, Any]:
    line = broken.lineno if isinstance(broken, SyntaxError) else None
    trace = broken.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    try:
        message = str(broken)[:SHORT]
    except Exception as unprintable:  # noqa: BLE001 - a program may raise what cannot be shown
        message = type(unprintable).__name__
    return {"type": type(broken).__name__[:200], "message": message, "line": line}


def main() -> None:
    first = receive()
    for name in f"{MODULES} {_HIDDEN}".split():
        importlib.import_module(name)
    os.closerange(3, 1 << 16)
    try:
        layers = isolate(first["limits"], bytes.fromhex(first["filter"]))
    except (OSError, ValueError, AttributeError) as error:
        send({"refused": str(error)})
        os._exit(1)
    sys.path[:], sys.meta_path[:], sys.path_importer_cache = [], [_Absent], {}
    send({"ready": layers})
    job = receive()
    importlib.import_module("random").seed(0)
    execute(job)
    os._exit(0)


if __name__ == "__main__":
    main()
