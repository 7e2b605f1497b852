"""A second set of hostile programs: other system calls, lies on the pipe, and the interpreter turned against itself."""

from __future__ import annotations

import os
from collections.abc import Mapping

from hostile_programs import DENIED, FRAMES, KILLED, LIBC, Hostile

CALL = LIBC + "def ask(*a):\n    return libc.syscall(*map(ctypes.c_long, a))\n"
BUFFER = "held = ctypes.create_string_buffer(4096)\nat = ctypes.addressof(held)\n"
X86 = os.uname().machine == "x86_64"


def refused(numbers: Mapping[str, tuple[int, ...]]) -> Hostile:
    """Calls that must each answer -1 (EPERM): the number on x86-64 and its arguments."""
    asked = ", ".join(f"ask({', '.join(map(str, call))})" for call in numbers.values())
    return Hostile(f"{CALL}{BUFFER}answer = str({{{asked}}})", answer="{-1}")


BY_NUMBER = {
    "processes_by_number": refused({"clone": (56, 0x11, 0, 0, 0, 0), "vfork": (58,), "clone3": (435, 0, 88)}),
    "pipes_otherwise": refused(
        {"readv": (19, 0, 0, 0), "writev": (20, 1, 0, 0), "splice": (275, 0, 0, 1, 0, 4096, 0), "tee": (276, 0, 1, 9, 0)}
    ),
    "descriptors": refused({"dup": (32, 0), "dup3": (292, 0, 9, 0), "fcntl": (72, 0, 0, 9), "pidfd_getfd": (438, 3, 0, 0)}),
    "terminal": refused({"ioctl": (16, 0, 0x5412, 0), "ioctl on the pipe": (16, 1, 0x541B, 0)}),
    "limits_of_the_parent": refused({"prlimit64": (302, 1, 7, 0, 0), "setpriority": (141, 0, 0, 0), "cpus": (203, 0, 0, 0)}),
    "handles": refused({"open_by_handle_at": (304, 0, 0, 0), "name_to_handle_at": (303, 0, 0, 0, 0, 0)}),
    "shared_between_processes": refused({"shmget": (29, 0, 4096, 0o1600), "msgget": (68, 0, 0o1600), "mq_open": (240, 0, 0, 0, 0)}),
    "watching": refused({"inotify": (253,), "eventfd": (284, 0), "timerfd": (283, 0, 0), "fanotify": (300, 0, 0)}),
    "tables_of_the_processor": refused({"arch_prctl": (158, 0x1002, 0), "modify_ldt": (154, 1, 0, 0), "iopl": (172, 3)}),
    "new_mounts": refused({"fsopen": (430, 0, 0), "open_tree": (428, 0, 0, 0), "mount_setattr": (442, 0, 0, 0, 0, 0)}),
    "alarm_and_handlers": refused({"alarm": (37, 1), "rt_sigaction": (13, 2, 0, 0, 8), "sigaltstack": (131, 0, 0)}),
    "stat_and_folders": refused({"stat": (4, 0, 0), "getdents64": (217, 0, 0, 0), "getcwd": (79, 0, 0), "statfs": (137, 0, 0)}),
    "names": refused({"uname": (63, 0), "sysinfo": (99, 0), "getuid": (102,), "syslog": (103, 2, 0, 0), "times": (100, 0)}),
    "call_of_the_x32_interface": Hostile(CALL + "ask(0x40000000 | 2, 0, 0)", **KILLED),
    "a_number_beyond_all": Hostile(CALL + "answer = str({ask(9999), ask(2**20)})", answer="{-1}"),
    "a_number_with_high_bits": Hostile(CALL + "answer = ask((1 << 32) + 2, 0, 0)", answer="-1"),
}  # fmt: skip
PROGRAMS: Mapping[str, Hostile] = {
    **(BY_NUMBER if X86 else {}),
    # the interpreter turned against itself
    "call_into_old_code": Hostile(
        LIBC + "import re\nbase = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~0xFFF\n"
        "found = re.search(rb'\\xcd\\x80', ctypes.string_at(base, 1 << 17))\n"
        "ctypes.CFUNCTYPE(ctypes.c_long)(base + found.start())() if found else ctypes.string_at(0)",
        killed=("crash", "syscall"),
        errors=(),
    ),
    "unmap_oneself": Hostile(
        LIBC + "at = ctypes.cast(libc.getpid, ctypes.c_void_p).value & ~0xFFF\n"
        "libc.munmap(ctypes.c_void_p(at), 1 << 20)\nlibc.getpid()",
        killed=("crash",),
        errors=(),
    ),
    "write_over_code": Hostile(
        LIBC + "ctypes.memmove(ctypes.cast(libc.getpid, ctypes.c_void_p).value, b'\\xc3' * 8, 8)",
        killed=("crash",),
        errors=(),
    ),
    "write_over_the_interpreter": Hostile(
        LIBC + "for n in (0, 1, True, None, '', (), int, str): ctypes.memset(id(n), 0x41, 64)",
        killed=("crash", "time"),
        errors=(),
    ),
    "free_twice": Hostile(
        LIBC + "libc.malloc.restype = ctypes.c_void_p\np = ctypes.c_void_p(libc.malloc(100))\n"
        "libc.free(p)\nlibc.free(p)\nlibc.free(p)\nlibc.malloc(100)\nlibc.free(p)",
        killed=("crash",),
        errors=(),
        answer=None,
    ),
    "import_by_the_builtin_finder": Hostile(
        "import sys\nfrom importlib.machinery import BuiltinImporter, FrozenImporter\n"
        "sys.meta_path[:] = [BuiltinImporter, FrozenImporter]\nimport posix\nposix.listdir('/')",
        errors=(*DENIED, "AttributeError"),
    ),
    "code_object_made_by_hand": Hostile(
        "def f(): pass\nc = f.__code__.replace(co_code=bytes([100, 255] * 40), co_consts=())\nexec(c)",
        killed=("crash", "memory", "time"),
        errors=("SystemError", "MemoryError", "TypeError", "AttributeError", "NameError", "KeyError"),
    ),
    "subinterpreter": Hostile("import _xxsubinterpreters as s\ns.run_string(s.create(), 'open(\"/etc/passwd\")')"),
    "garbage_collector_at_the_end": Hostile(
        "import os\nclass D:\n    def __del__(self): os.execv('/bin/sh', ['sh'])\nx = D()\nanswer = 'done'",
        answer="done",
    ),
    # using things up
    "numbers_as_text": Hostile("import sys\nsys.set_int_max_str_digits(0)\nstr(1 << 40_000_000)", killed=("time", "memory"),
                               errors=("MemoryError",)),
    "decimal_of_many_digits": Hostile(
        "import decimal as d\nd.getcontext().prec = 10 ** 9\nd.Decimal(2) ** 10 ** 9",
        killed=("time", "memory"),
        errors=("MemoryError", "Overflow", "InvalidOperation"),
    ),
    "classes_that_compare_forever": Hostile(
        "class A:\n    def __eq__(self, other): return other == self\n    def __hash__(self): return 1\n"
        "import sys\nsys.setrecursionlimit(10 ** 8)\n{A(): 1, A(): 2}",
        killed=("crash", "memory", "time"),
        errors=("RecursionError", "MemoryError"),
    ),
    "object_nested_deeply": Hostile(
        "x = []\nfor _ in range(2_000_000): x = [x]\nanswer = x",
        killed=("crash", "memory", "time"),
        errors=("RecursionError", "MemoryError"),
    ),
    "sleep_in_the_kernel": Hostile(
        LIBC + "libc.syscall(202, ctypes.byref(ctypes.c_int(0)), 0, 0, None, None, 0)", killed=("time",), errors=()
    ) if X86 else Hostile("import time\ntime.sleep(1000)", killed=("time",), errors=()),
    "close_and_keep_computing": Hostile("import os\nos.close(1)\nwhile True: pass", killed=("crash", "time"), errors=()),
    # lies on the pipe
    "an_end_and_on": Hostile(
        FRAMES + "put(b'{\"end\": true, \"answer\": \"forged\", \"error\": null}')\nwhile True: pass", answer="forged"
    ),
    "an_end_with_other_kinds": Hostile(
        FRAMES + "put(json.dumps({'end': True, 'answer': [1], 'error': {'type': {'a': 1}, 'message': [0] * 9999, "
        "'line': 'x'}}).encode())\nwhile True: pass",
        errors=("{'a': 1}",),
    ),
    "a_printed_object": Hostile(FRAMES + "put(b'{\"out\": {\"a\": [1, 2]}}')\nanswer = 1", answer="1"),
    "huge_numbers": Hostile(FRAMES + "put(b'{\"out\": 1e999}')\nanswer = 1", killed=("crash",), answer="1"),
    "a_call_nested_deeply": Hostile(
        FRAMES + "put(b'{\"call\": \"echo\", \"arguments\": {\"text\": ' + b'[' * 900 + b']' * 900 + b'}}')\n"
        "n = struct.unpack('>I', os.read(0, 4))[0]\nanswer = 'error' in json.loads(os.read(0, n))",
        killed=("crash",),
        answer="True",
    ),
    "a_call_with_a_megabyte": Hostile("answer = len(call('echo', text='x' * 900_000))", killed=("output",), errors=("OSError",),
                                      answer="900000"),
    "frames_of_nothing": Hostile(FRAMES + "while True: put(b'')", killed=("crash",), errors=()),
    "not_an_object": Hostile(FRAMES + "put(b'[1, 2]')", killed=("crash",), errors=()),
    "not_text": Hostile(FRAMES + "put(b'{\"out\": \"\\xff\\xfe\"}')", killed=("crash",), errors=()),
}  # fmt: skip
