"""The programs of ``test_sandbox_hostile``: what each tries, and how it must end."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LIBC = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nlibc.syscall.restype = ctypes.c_long\n"
# Frames as the sandbox sends them, written past it. FAKE asks for a tool; FORGED claims a result.
FRAMES = "import os, json, struct\ndef put(body):\n    os.write(1, struct.pack('>I', len(body)) + body)\n"
# What a program may be seen to end with, where the test names nothing else: an ordinary error or a kill.
DENIED = ("PermissionError", "ModuleNotFoundError", "OSError", "FileNotFoundError", "RuntimeError", "ImportError")


@dataclass(frozen=True)
class Hostile:
    """A program and how it must end: ``killed`` by one of these, or ``errors`` it may raise, or an answer it may give."""

    program: str
    killed: tuple[str, ...] = ()
    errors: tuple[str, ...] = DENIED
    answer: str | None = None


KILLED: Any = {"killed": ("syscall",), "errors": ()}
SUBCLASSES = (
    "found = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]\n"
    "found.__init__.__globals__['open']('/etc/passwd', 0)"
)
READ_BY_SYSCALL = "fd = libc.syscall({number}, {before}b'/etc/passwd', 0, 0)\nanswer = f'{{fd}} {{ctypes.get_errno()}}'"
SHELLCODE = "b'\\x48\\xc7\\xc0\\x3b\\x00\\x00\\x00\\x0f\\x05\\xc3'"
PROGRAMS: Mapping[str, Hostile] = {
    # files
    "open": Hostile("open('/etc/passwd').read()"),
    "os_open": Hostile("import os\nos.read(os.open('/etc/passwd', os.O_RDONLY), 100)"),
    "io_open_code": Hostile("import io\nio.open_code('/etc/passwd').read()"),
    "posix_by_sys_modules": Hostile("import sys\nsys.modules['posix'].open('/etc/passwd', 0)"),
    "builtins_by_subclasses": Hostile(SUBCLASSES, errors=(*DENIED, "IndexError", "KeyError")),
    "modules_by_gc": Hostile(
        "import gc\nm = [o for o in gc.get_objects() if type(o).__name__ == 'module' and o.__name__ == 'posix'][0]\n"
        "m.listdir('/')"
    ),
    "frames_of_the_runner": Hostile(
        "import inspect\nf = inspect.currentframe()\nwhile f.f_back: f = f.f_back\nf.f_globals['os'].listdir('/')"
    ),
    "importlib_from_file": Hostile(
        "import importlib.util\ns = importlib.util.spec_from_file_location('x', '/etc/hostname')\n"
        "importlib.util.module_from_spec(s)",
        errors=(*DENIED, "AttributeError"),
    ),
    "import_with_a_path_of_ones_own": Hostile(
        "import sys\nfrom importlib.machinery import PathFinder\nsys.meta_path.append(PathFinder)\n"
        "sys.meta_path.pop(0)\nsys.path.append('/usr/lib/python3')\nimport socket"
    ),
    "dynamic_import": Hostile("__import__('pathlib').Path('/etc/passwd').read_text()"),
    "open_by_libc": Hostile(LIBC + "answer = libc.open(b'/etc/passwd', 0)", answer="-1"),
    "openat2_by_syscall": Hostile(
        LIBC + "how = (ctypes.c_uint64 * 3)()\nanswer = libc.syscall(437, -100, b'/etc/passwd', how, 24)", answer="-1"
    ),
    "write_a_file": Hostile("open('/tmp/{secret}', 'w').write('x')"),
    "write_here": Hostile("open('{secret}', 'w').write('x')"),
    "delete_and_make": Hostile("import os\nos.mkdir('{secret}')"),
    "proc_reads": Hostile("open('/proc/1/environ', 'rb').read()"),
    "proc_of_the_parent": Hostile("import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')"),
    "file_of_the_parent": Hostile("import os\nos.read({inherited}, 100)"),
    "every_descriptor": Hostile(
        "import os\nfound = []\nfor fd in range(2, 500):\n    try:\n        found.append(os.read(fd, 10))\n"
        "    except OSError: pass\nanswer = str(found)",
        answer="[]",
    ),
    "shared_memory_file": Hostile(LIBC + "libc.syscall(319, b'x', 0)", **KILLED)
    if os.uname().machine == "x86_64"
    else Hostile("open('/dev/shm/x', 'w')"),
    # network
    "socket_module": Hostile("import socket\nsocket.create_connection(('127.0.0.1', {port}))"),
    "socket_builtin": Hostile("import _socket\n_socket.socket().connect(('127.0.0.1', {port}))"),
    "urllib": Hostile("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/')"),
    "dns": Hostile("import socket\nsocket.gethostbyname('example.org')"),
    "connect_by_libc": Hostile(
        LIBC
        + "fd = libc.socket(2, 1, 0)\na = bytes([2, 0]) + ({port}).to_bytes(2, 'big') + bytes([127, 0, 0, 1]) + bytes(8)\n"
        "answer = str((fd, libc.connect(fd, a, 16), libc.sendto(fd, b'x', 1, 0, a, 16)))",
        answer="(-1, -1, -1)",
    ),
    "connect_on_own_pipe": Hostile(
        LIBC + "a = bytes([2, 0]) + ({port}).to_bytes(2, 'big') + bytes([127, 0, 0, 1]) + bytes(8)\n"
        "answer = str([libc.connect(fd, a, 16) for fd in range(3)])",
        answer="[-1, -1, -1]",
    ),
    "unix_socket": Hostile(
        LIBC + "answer = str((libc.socket(1, 1, 0), libc.socketpair(1, 1, 0, (ctypes.c_int * 2)())))", answer="(-1, -1)"
    ),
    # processes
    "fork_bomb": Hostile("import os\nwhile True: os.fork()"),
    "fork_by_libc": Hostile(LIBC + "answer = str({libc.fork() for _ in range(100)})", answer="{-1}"),
    "threads_bomb": Hostile("import _thread\nwhile True: _thread.start_new_thread(lambda: 1, ())"),
    "subprocess": Hostile("import subprocess\nsubprocess.run(['/bin/sh', '-c', 'touch /tmp/{secret}'])"),
    "fork_exec": Hostile(
        "import os\nos.system('touch /tmp/{secret}')\nos.posix_spawn('/bin/touch', ['touch', '/tmp/{secret}'], {})"
    ),
    "exec": Hostile("import os\nos.execv('/bin/sh', ['sh', '-c', 'touch /tmp/{secret}'])", **KILLED),
    "kill_the_parent": Hostile("import os\nos.kill({parent}, 9)", **KILLED),
    "kill_everything": Hostile("import os\nos.kill(-1, 9)", **KILLED),
    "kill_the_group": Hostile("import os\nos.killpg(0, 9)", **KILLED),
    "ptrace": Hostile(LIBC + "libc.ptrace(16, {parent}, 0, 0)", **KILLED),
    "read_the_parents_memory": Hostile(LIBC + "libc.process_vm_readv({parent}, None, 0, None, 0, 0)", **KILLED),
    "leave_the_session": Hostile("import os\nos.setsid()"),
    # undoing the walls
    "drop_the_filter": Hostile(LIBC + "libc.prctl(22, 0, 0, 0, 0)", **KILLED),
    "another_filter": Hostile(LIBC + "libc.prctl(22, 2, None, 0, 0)", **KILLED),
    "new_privileges": Hostile(LIBC + "libc.prctl(38, 0, 0, 0, 0)", **KILLED),
    "new_namespace": Hostile(LIBC + "libc.unshare(0x10000000)", **KILLED),
    "leave_the_root": Hostile("import os\nos.chroot('..')", **KILLED),
    "become_root": Hostile("import os\nos.setuid(0)"),
    "raise_the_limits": Hostile(
        "import resource\nresource.setrlimit(resource.RLIMIT_NPROC, (100, 100))", errors=(*DENIED, "ValueError")
    ),
    "run_shellcode": Hostile(
        LIBC + "libc.mmap.restype = ctypes.c_void_p\np = libc.mmap(None, 4096, 7, 0x22, -1, 0)\n"
        f"ctypes.memmove(p, {SHELLCODE}, 10)\nctypes.CFUNCTYPE(ctypes.c_int)(p)()",
        **KILLED,
    ),
    "make_memory_executable": Hostile(
        LIBC + "libc.mmap.restype = ctypes.c_void_p\np = libc.mmap(None, 4096, 3, 0x22, -1, 0)\n"
        "libc.mprotect(ctypes.c_void_p(p), 4096, 5)",
        **KILLED,
    ),
    "ring_of_calls": Hostile(LIBC + "libc.syscall(425, 8, ctypes.create_string_buffer(120))", **KILLED),
    # using things up
    "memory_bomb": Hostile(
        "x = []\nwhile True: x.append(bytes(10_000_000))", killed=("memory",), errors=("MemoryError",)
    ),
    "memory_at_once": Hostile("bytes(10 ** 13)", killed=("memory",), errors=("MemoryError",)),
    "memory_by_libc": Hostile(
        LIBC + "libc.mmap.restype = ctypes.c_void_p\n"
        "n = 0\nwhile libc.mmap(None, 1 << 24, 3, 0x22, -1, 0) != (1 << 64) - 1: n += 1\nanswer = n < 64",
        answer="True",
    ),
    "endless_loop": Hostile("while True: pass", killed=("time",), errors=()),
    "endless_sleep": Hostile("import time\ntime.sleep(1000)", killed=("time",), errors=()),
    "loop_that_catches_all": Hostile(
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass", killed=("time",), errors=()
    ),
    "endless_print": Hostile("while True: print('x' * 1000)", killed=("output",), errors=()),
    "one_huge_print": Hostile("print('x' * 50_000_000)", killed=("output",), errors=()),
    "huge_answer": Hostile("answer = 'x' * 50_000_000", killed=("output", "memory"), errors=("MemoryError",)),
    "deep_recursion": Hostile(
        "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f(): return f() + 1\nf()",
        killed=("crash", "memory", "time"),
        errors=("MemoryError", "RecursionError"),
    ),
    "deep_source": Hostile(
        "(" * 50_000 + ")" * 50_000, killed=("crash", "memory"), errors=("SyntaxError", "MemoryError")
    ),
    "backtracking": Hostile("import re\nre.match('(a+)+$', 'a' * 60 + 'b')", killed=("time",), errors=()),
    "huge_power": Hostile("9 ** 9 ** 9 ** 9", killed=("time", "memory"), errors=("MemoryError",)),
    "deaf_to_signals": Hostile(
        LIBC + "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
        killed=("time",),
        errors=(),
    ),
    "handler_for_signals": Hostile("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nwhile True: pass"),
    # endings
    "segfault": Hostile(LIBC + "ctypes.string_at(0)", killed=("crash",), errors=()),
    "abort": Hostile("import os\nos.abort()", killed=("crash",), errors=()),
    "exit_like_a_signal": Hostile("import os\nos._exit(31)", killed=("crash",), errors=()),
    "exit_without_result": Hostile("import os\nos._exit(0)", killed=("crash",), errors=()),
    "close_the_pipes": Hostile(
        "import os\nos.close(1)\nos.close(0)\nwhile True: pass", killed=("crash", "time"), errors=()
    ),
    "raise_what_cannot_be_shown": Hostile(
        "class E(Exception):\n    def __str__(self): raise ValueError\nraise E", errors=("E",)
    ),
    "answer_that_cannot_be_shown": Hostile(
        "class A:\n    def __str__(self): raise KeyboardInterrupt\nanswer = A()", errors=("KeyboardInterrupt",)
    ),
    # lies on the pipe
    "garbage_on_the_pipe": Hostile(
        "import os\nos.write(1, b'\\x00\\x00\\x00\\x05hello')", killed=("crash",), errors=()
    ),
    "frame_too_long": Hostile("import os\nos.write(1, b'\\xff\\xff\\xff\\xff')", killed=("output",), errors=()),
    "frame_never_ended": Hostile(
        "import os, time\nos.write(1, b'\\x00\\x00\\x10\\x00{')\nwhile True: time.sleep(1)", killed=("time",), errors=()
    ),
    "nested_deeply": Hostile(FRAMES + "put(b'[' * 500_000 + b']' * 500_000)", killed=("crash",), errors=()),
    "flood_of_frames": Hostile(FRAMES + 'while True: put(b\'{"out": ""}\')', killed=("output", "time"), errors=()),
    "pickle": Hostile(
        "import os, struct\nb = b'cos\\nsystem\\n(S\"true\"\\ntR.'\nos.write(1, struct.pack('>I', len(b)) + b)",
        killed=("crash",),
        errors=(),
    ),
    "many_calls": Hostile(
        "while True:\n    try: call('echo', text='x')\n    except ToolError: pass", killed=("calls",), errors=()
    ),
    "tool_not_allowed": Hostile("call('delete_all')", errors=("ToolError",)),
    "tool_not_allowed_past_the_wrapper": Hostile(
        FRAMES + "put(json.dumps({'call': 'run_python', 'arguments': {'program': '1'}}).encode())\n"
        "n = struct.unpack('>I', os.read(0, 4))[0]\nanswer = 'error' in json.loads(os.read(0, n))",
        answer="True",
    ),
    "tool_name_of_another_kind": Hostile(
        FRAMES + "put(json.dumps({'call': {'a': 1}, 'arguments': []}).encode())\n"
        "n = struct.unpack('>I', os.read(0, 4))[0]\nanswer = 'error' in json.loads(os.read(0, n))",
        answer="True",
    ),
    "tool_name_with_a_path": Hostile("call('../echo\\x00; rm -rf', text='x')", errors=("ToolError",)),
    "tool_arguments_that_break_the_schema": Hostile("echo(text='x', path='/etc/passwd')", errors=("ToolError",)),
    "half_a_character": Hostile("print('\\ud800')\nanswer = 'a\\udfff'", answer="a?"),
    "name_in_other_letters": Hostile("ｏｐｅｎ('/etc/passwd')"),
    "environment": Hostile(
        "import os\nanswer = str(dict(os.environ))", answer="{'PYTHONHASHSEED': '0', 'LC_CTYPE': 'C.UTF-8'}"
    ),
}
