"""What all contenders share: their arguments, the stretch that is measured, and the line that they print."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import orjson

from osler.bench.machine import peak_mb
from osler.bench.questions import Questions
from osler.core.types import LETTERS, Example

WARM_UP = 256  # calls before the measured ones: connections stand, code paths are specialised
INSTRUCTION = "Answer the medical question with the letter of one option."


@dataclass
class Contender:
    """One client in its own process. Make it once everything is imported: start-up ends there.

    ``calls`` questions go to ``url`` with ``width`` of them in flight. ``stretch`` takes times between the first and
    the last measured call.
    """

    url: str
    calls: int
    width: int
    warm_up: int
    start_up_cpu_s: float
    start_up_wall_s: float
    marks: list[tuple[float, float]] = field(default_factory=list)

    @classmethod
    def ready(cls) -> Contender:
        """Read the command line and stop the clock of the start-up."""
        cpu, now = time.process_time(), time.time()
        parser = argparse.ArgumentParser(prog="osler.bench")
        parser.add_argument("--url", required=True)
        parser.add_argument("--calls", type=int, required=True)
        parser.add_argument("--width", type=int, default=64)
        parser.add_argument("--warm-up", type=int, default=WARM_UP)
        parser.add_argument("--spawned", type=float, default=now, help="when the process was asked for, epoch seconds")
        given = parser.parse_args()
        return cls(given.url, given.calls, given.width, given.warm_up, cpu, now - given.spawned)

    def mark(self) -> None:
        """Note the time; the first and the last mark bound what is measured."""
        now = (time.perf_counter(), time.process_time())
        if len(self.marks) < 2:
            self.marks.append(now)
        else:
            self.marks[1] = now

    def report(self) -> None:
        """Print the figures as one line of JSON: the last line of standard output."""
        (start, cpu), (end, cpu_end) = self.marks[0], self.marks[-1]
        figures = {
            "calls_per_s": self.calls / (end - start),
            "cpu_ms_per_call": 1000 * (cpu_end - cpu) / self.calls,
            "peak_mb": peak_mb(),
            "start_up_cpu_s": self.start_up_cpu_s,
            "start_up_wall_s": self.start_up_wall_s,
        }
        sys.stdout.write(orjson.dumps(figures).decode() + "\n")

    def run_workers(self, call: Callable[[Example], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """A run of ``width`` workers over one iterator of questions: the warm-up, then what is measured."""

        async def work(cases: Iterator[Example]) -> None:
            for example in cases:
                await call(example)

        async def run() -> None:
            for cases in (Questions(range(self.warm_up)), Questions(range(self.warm_up, self.warm_up + self.calls))):
                self.marks.clear()
                shared = iter(cases)
                self.mark()
                await asyncio.gather(*(work(shared) for _ in range(self.width)))
                self.mark()

        return run


def user_text(example: Example) -> str:
    """The user message of a question, the same text that Osler's prompt gives."""
    lines = [f"{LETTERS[i]}. {text}" for i, text in enumerate(example.choices)]
    return "\n".join([str(example.input["question"]), *lines])
