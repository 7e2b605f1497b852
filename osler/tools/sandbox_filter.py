"""The list of system calls that a program in the sandbox may make, as a seccomp filter for the kernel.

The filter is classic BPF, assembled here by hand (kernel documentation, userspace-api/seccomp_filter; struct
``seccomp_data`` in linux/seccomp.h): the number of the call stands at byte 0, the architecture at byte 4, argument i at
byte 16 + 8 i. What is not on the list answers "operation not permitted", so that an honest program that opens a file
gets an ordinary error; what no honest program asks for kills the process.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from osler.core.errors import SpecError, nearest

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
KILL, REFUSE, ALLOW = 0x80000000, 0x00050000 | 1, 0x7FFF0000  # REFUSE gives the caller EPERM
NUMBER, ARCHITECTURE, FIRST_ARGUMENT, THIRD_ARGUMENT = 0, 4, 16, 32
EXECUTABLE = 0x4  # PROT_EXEC
X32 = 0x40000000  # calls of the x32 interface carry this bit on top of an x86_64 number

ALLOWED = (
    "munmap brk mremap madvise futex clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday getrandom "
    "rt_sigprocmask rt_sigreturn restart_syscall sched_yield getpid gettid close exit exit_group"
)
KILLED = (
    "execve execveat ptrace kill tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_send_signal pidfd_open "
    "process_vm_readv process_vm_writev prctl seccomp bpf unshare setns mount umount2 pivot_root chroot init_module "
    "finit_module kexec_load io_uring_setup userfaultfd perf_event_open keyctl memfd_create personality"
)


@dataclass(frozen=True)
class Machine:
    """A kind of processor: its AUDIT_ARCH word and the numbers of the calls that the filter names."""

    architecture: int
    numbers: Mapping[str, int]
    highest: int = 0  # call numbers from here on belong to another interface; 0: there is none


def _numbers(text: str) -> dict[str, int]:
    pairs = (pair.split(":") for pair in text.split())
    return {name: int(number) for name, number in pairs}


X86_64 = Machine(
    architecture=0xC000003E,
    highest=X32,
    numbers=_numbers(
        "read:0 write:1 close:3 mmap:9 mprotect:10 munmap:11 brk:12 rt_sigprocmask:14 rt_sigreturn:15 sched_yield:24 "
        "mremap:25 madvise:28 nanosleep:35 getpid:39 execve:59 exit:60 kill:62 gettimeofday:96 ptrace:101 "
        "rt_sigqueueinfo:129 personality:135 pivot_root:155 prctl:157 chroot:161 mount:165 umount2:166 init_module:175 "
        "gettid:186 tkill:200 futex:202 restart_syscall:219 clock_gettime:228 clock_getres:229 clock_nanosleep:230 "
        "exit_group:231 kexec_load:246 keyctl:250 unshare:272 rt_tgsigqueueinfo:297 perf_event_open:298 setns:308 "
        "process_vm_readv:310 process_vm_writev:311 finit_module:313 seccomp:317 getrandom:318 memfd_create:319 bpf:321 "
        "execveat:322 userfaultfd:323 pidfd_send_signal:424 io_uring_setup:425 pidfd_open:434"
    ),
)
AARCH64 = Machine(
    architecture=0xC00000B7,
    numbers=_numbers(
        "umount2:39 mount:40 pivot_root:41 chroot:51 close:57 read:63 write:64 personality:92 exit:93 exit_group:94 "
        "unshare:97 futex:98 nanosleep:101 kexec_load:104 init_module:105 clock_gettime:113 clock_getres:114 "
        "clock_nanosleep:115 ptrace:117 sched_yield:124 restart_syscall:128 kill:129 tkill:130 rt_sigprocmask:135 "
        "rt_sigqueueinfo:138 rt_sigreturn:139 prctl:167 gettimeofday:169 getpid:172 gettid:178 brk:214 munmap:215 "
        "mremap:216 keyctl:219 execve:221 mmap:222 mprotect:226 madvise:233 rt_tgsigqueueinfo:240 perf_event_open:241 "
        "setns:268 process_vm_readv:270 process_vm_writev:271 finit_module:273 seccomp:277 getrandom:278 "
        "memfd_create:279 bpf:280 execveat:281 userfaultfd:282 pidfd_send_signal:424 io_uring_setup:425 pidfd_open:434"
    ),
)
MACHINES: Mapping[str, Machine] = {"x86_64": X86_64, "amd64": X86_64, "aarch64": AARCH64, "arm64": AARCH64}


def assemble(machine: str) -> bytes:
    """The filter for a processor as ``platform.machine()`` names it: 8 bytes an instruction, little-endian.

    SpecError for a processor whose call numbers are not known here.
    """
    found = MACHINES.get(machine.lower())
    if found is None:
        raise SpecError(
            f"the sandbox knows no system calls of the processor {machine!r}", hint=nearest(machine, MACHINES)
        )
    numbers = found.numbers
    code = [(LOAD, 0, 0, ARCHITECTURE), (EQUAL, 1, 0, found.architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER)]
    if found.highest:
        code += [(AT_LEAST, 0, 1, found.highest), (RETURN, 0, 0, KILL)]
    for name, descriptor in (("read", 0), ("write", 1)):  # nothing but the pipes to the parent
        code += [(EQUAL, 0, 4, numbers[name]), (LOAD, 0, 0, FIRST_ARGUMENT), (EQUAL, 0, 1, descriptor)]
        code += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE)]
    for name in ("mmap", "mprotect"):  # memory may be had, but never made into code
        code += [(EQUAL, 0, 4, numbers[name]), (LOAD, 0, 0, THIRD_ARGUMENT), (ANY_BIT, 0, 1, EXECUTABLE)]
        code += [(RETURN, 0, 0, KILL), (RETURN, 0, 0, ALLOW)]
    for names, verdict in ((ALLOWED, ALLOW), (KILLED, KILL)):
        for name in names.split():
            code += [(EQUAL, 0, 1, numbers[name]), (RETURN, 0, 0, verdict)]
    code.append((RETURN, 0, 0, REFUSE))
    return b"".join(struct.pack("<HBBI", *step) for step in code)
