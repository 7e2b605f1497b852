"""The sandbox as honest programs meet it, its filter call by call, and that it runs nothing where it cannot close."""

from __future__ import annotations

import asyncio
import platform
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from osler.core.block import block
from osler.core.errors import SpecError, ToolError
from osler.tools.calling import use
from osler.tools.run_python import RunPython, surroundings, told
from osler.tools.sandbox import Ran, Sandbox
from osler.tools.sandbox_child import MODULES
from osler.tools.sandbox_filter import ALLOW, ALLOWED, KILL, KILLED, MACHINES, REFUSE, assemble
from osler.tools.sandbox_process import Child

linux = pytest.mark.skipif(sys.platform != "linux", reason="the sandbox needs Linux")
EACH = sorted({machine.architecture: name for name, machine in MACHINES.items()}.values())


def run(program: str, *, variables: Mapping[str, Any] | None = None, tools: Any = (), **settings: Any) -> Ran:
    return asyncio.run(Sandbox(**settings).run(program, variables=variables, tools=tools))


@block
class Ages:
    """The age of a patient, which a real tool would look up."""

    @property
    def name(self) -> str:
        return "age"

    @property
    def description(self) -> str:
        return "Age in years."

    @property
    def parameters(self) -> Mapping[str, Any]:
        patient = {"type": "integer", "minimum": 1}
        return {"type": "object", "properties": {"patient": patient}, "required": ["patient"]}

    async def use(self, arguments: Mapping[str, Any]) -> str:
        if arguments["patient"] > 99:
            raise ToolError(f"there is no patient {arguments['patient']}", hint="patients are 1 to 99")
        return orjson.dumps({"age": 40 + arguments["patient"]}).decode()


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """What the filter says of a call: classic BPF, interpreted as the kernel does."""
    found = MACHINES[machine].architecture if architecture is None else architecture
    data = struct.pack("<IIQ6Q", number, found, 0, *(*arguments, *[0] * (6 - len(arguments))))
    code = list(struct.iter_unpack("<HBBI", assemble(machine)))
    at = held = 0
    while True:
        kind, yes, no, value = code[at]
        at += 1
        if kind == 0x20:
            held = struct.unpack_from("<I", data, value)[0]
        elif kind == 0x06:
            return int(value)
        else:
            met = {0x15: held == value, 0x35: held >= value, 0x45: bool(held & value)}[kind]
            at += yes if met else no


@pytest.mark.parametrize("machine", EACH)
def test_the_filter_allows_what_is_listed_and_nothing_else(machine: str) -> None:
    numbers = MACHINES[machine].numbers
    assert all(verdict(machine, numbers[name]) == ALLOW for name in ALLOWED.split())
    assert all(verdict(machine, numbers[name]) == KILL for name in KILLED.split())
    assert len(set(numbers.values())) == len(numbers)
    assert [verdict(machine, numbers["read"], fd) for fd in (0, 1, 2, 3)] == [ALLOW, REFUSE, REFUSE, REFUSE]
    assert [verdict(machine, numbers["write"], fd) for fd in (0, 1, 2, 3)] == [REFUSE, ALLOW, REFUSE, REFUSE]
    assert [verdict(machine, numbers["mmap"], 0, 4096, prot) for prot in (0, 3, 4, 7)] == [ALLOW, ALLOW, KILL, KILL]
    assert [verdict(machine, numbers["mprotect"], 0, 4096, prot) for prot in (1, 5)] == [ALLOW, KILL]


@pytest.mark.parametrize("machine", EACH)
def test_calls_of_another_architecture_kill(machine: str) -> None:
    assert verdict(machine, MACHINES[machine].numbers["getpid"], architecture=0x40000003) == KILL  # i386
    assert all(verdict("x86_64", 0x40000000 + number) == KILL for number in (0, 1, 39, 59))  # x32


@given(st.sampled_from(EACH), st.integers(0, 0x3FFFFFFF))
def test_an_unlisted_call_is_refused(machine: str, number: int) -> None:
    if number not in MACHINES[machine].numbers.values():
        assert verdict(machine, number, 0, 0, 0) == REFUSE


def test_an_unknown_processor_is_refused() -> None:
    with pytest.raises(SpecError, match="knows no system calls of the processor 'riscv64'"):
        assemble("riscv64")


@linux
@pytest.mark.parametrize(
    ("rules", "why"), [(b"", "refused the filter"), (struct.pack("<HBBI", 6, 0, 0, ALLOW), "does not hold")]
)
def test_nothing_runs_where_the_filter_does_not_hold(rules: bytes, why: str) -> None:
    with pytest.raises(SpecError, match=why) as caught:
        asyncio.run(Child.start(rules, seconds=1, memory=256 << 20))
    assert "seccomp" in caught.value.hint


@linux
def test_walls_are_named() -> None:
    layers = run("1").layers
    assert {"limits", "no_new_privs", "seccomp"} <= set(layers)


@linux
@pytest.mark.parametrize(
    ("program", "answer"),
    [
        ("1 + 1", "2"),
        ("answer = 'yes'\n'no'", "yes"),
        ("x = 3", None),
        ("answer = {'a': [1, None, True]}", '{"a": [1, null, true]}'),
        ("[1.5, float('nan')]", "[1.5, nan]"),
        (
            "from datetime import date, datetime\nanswer = datetime.strptime('03.02.2020', '%d.%m.%Y').date()",
            "2020-02-03",
        ),
        ("import statistics as s\nround(s.stdev([1, 2, 4]), 3)", "1.528"),
        ("import sys\nanswer = 'kept'\nsys.exit(3)", "kept"),
        ("input()", None),
        ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nf(20)", "2432902008176640000"),
        ("'血压'", "血压"),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    age: int\nP(3)", "P(age=3)"),
    ],
)
def test_an_honest_program_gives_its_answer(program: str, answer: str | None) -> None:
    ran = run(program)
    assert ran.answer == answer
    assert ran.ok == (program != "input()")


@linux
def test_modules_are_there_and_others_say_what_there_is() -> None:
    ran = run("\n".join(f"import {name}" for name in MODULES.split()) + "\n'all'")
    assert ran.answer == "all"
    missing = run("\nimport pandas").error
    assert missing is not None
    assert (missing.type, missing.line) == ("ModuleNotFoundError", 2)
    assert "statistics" in missing.message


@linux
@pytest.mark.parametrize(
    ("program", "kind", "line"),
    [
        ("x = 1\ny = 1 / 0", "ZeroDivisionError", 2),
        ("x =\n", "SyntaxError", 1),
        ("\n\ndef f(): g()\nf()", "NameError", 3),
    ],
)
def test_an_error_has_its_kind_and_line(program: str, kind: str, line: int) -> None:
    ran = run(program)
    assert ran.error is not None
    assert (ran.error.type, ran.error.line) == (kind, line)
    assert (ran.ok, ran.answer, ran.killed_by) == (False, None, "")


@linux
def test_what_was_printed_before_the_end_is_kept() -> None:
    ran = run("print('begun')\nwhile True: pass", seconds=0.3)
    assert (ran.stdout, ran.killed_by) == ("begun\n", "time")
    assert 0.3 <= ran.seconds < 5
    assert run("print('a', end='')\n1 / 0").stdout == "a"


@linux
def test_the_same_program_gives_the_same_result() -> None:
    program = "import random\nanswer = [random.random(), list({'a', 'b', 'c', 'd', 'e'}), hash('x')]"
    assert len({run(program).answer for _ in range(3)}) == 1


@linux
def test_variables_are_given_as_names() -> None:
    ran = run("answer = sum(rows) + len(name)", variables={"rows": [1, 2, 3], "name": "ab"})
    assert ran.answer == "8"


@linux
def test_a_program_calls_tools_outside_by_name_or_by_call() -> None:
    program = "import json\nanswer = json.loads(age(patient=2))['age'] + json.loads(call('age', patient=3))['age']"
    ran = run(program, tools=(Ages(),))
    assert ran.answer == "85"
    assert [(one.name, one.arguments, one.refused) for one in ran.calls] == [
        ("age", {"patient": 2}, False),
        ("age", {"patient": 3}, False),
    ]


@linux
@pytest.mark.parametrize(
    ("patient", "says"), [("0", "minimum"), ("'x'", "must be a whole number"), ("100", "patients are 1 to 99")]
)
def test_a_tool_that_refuses_raises_in_the_program(patient: str, says: str) -> None:
    ran = run(f"try:\n    age(patient={patient})\nexcept ToolError as e:\n    answer = str(e)", tools=(Ages(),))
    assert says in str(ran.answer)
    assert [one.refused for one in ran.calls] == [True]


@linux
def test_tool_calls_are_capped() -> None:
    program = "n = 0\ntry:\n    while True:\n        age(patient=1)\n        n += 1\nexcept ToolError: answer = n"
    ran = run(program, tools=(Ages(),), calls=3)
    assert (ran.answer, len(ran.calls)) == ("3", 3)


@linux
def test_many_run_at_once_and_do_not_mix() -> None:
    async def go() -> list[Ran]:
        sandbox = Sandbox(at_once=3)
        return list(await asyncio.gather(*(sandbox.run(f"print({i})\n{i} * 2") for i in range(8))))

    ran = asyncio.run(go())
    assert [(one.stdout, one.answer) for one in ran] == [(f"{i}\n", str(2 * i)) for i in range(8)]


@linux
def test_a_cancelled_run_leaves_nothing() -> None:
    def children() -> set[str]:
        return {pid for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}

    before = children()

    async def go() -> None:
        running = asyncio.create_task(Sandbox().run("while True: pass"))
        await asyncio.sleep(0.5)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    started = time.monotonic()
    asyncio.run(go())
    assert time.monotonic() - started < 5
    assert children() == before


@linux
def test_too_long_a_program_is_refused_before_it_is_run() -> None:
    with pytest.raises(ToolError, match="may have 100000"):
        run("#" * 100_001)


@pytest.mark.parametrize("wrong", [{"seconds": 0.0}, {"memory_mb": 1}, {"calls": -1}, {"at_once": 0}, {"output": 1}])
def test_limits_must_leave_room(wrong: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="must be at least"):
        Sandbox(**wrong)


@linux
def test_the_tool_says_how_it_went() -> None:
    tool = RunPython(sandbox=Sandbox(seconds=0.5), tools=(Ages(),))

    def said(program: str) -> str:
        return asyncio.run(use(tool, {"program": program}))

    assert said("print('x')\n2") == "Printed:\nx\nAnswer of the program: 2"
    assert said("a = 1\nb = a + c") == "NameError in line 2 (`b = a + c`): name 'c' is not defined"
    assert said("pass") == "It set no answer."
    assert said("while True: pass") == "The program was stopped: it ran too long."
    with pytest.raises(ToolError, match="program"):
        asyncio.run(use(tool, {}))
    assert "age(patient: integer): Age in years." in tool.description


def test_words_for_every_ending() -> None:
    for killed in ("time", "memory", "syscall", "output", "calls", "crash"):
        assert told(Ran(killed_by=killed), "1").endswith(".")
    assert "numbers" in surroundings(())
    assert platform.machine() in MACHINES or sys.platform != "linux"
