"""What a long run shows while it works: rate, estimate, cost and failures."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any, Protocol, Self, TextIO


class Progress(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def start(self, total: int) -> None: ...
    def note(self, text: str) -> None: ...
    def advance(self, *, usd: float = 0.0, failed: bool = False, calls: int = 0) -> None: ...


class Silent:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...
    def start(self, total: int) -> None: ...
    def note(self, text: str) -> None: ...
    def advance(self, *, usd: float = 0.0, failed: bool = False, calls: int = 0) -> None: ...


class Lines:
    """Plain lines, one every few seconds, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None, every_s: float = 5.0) -> None:
        self._stream = stream or sys.stderr
        self._every = every_s
        self._total = self._done = self._failed = self._calls = 0
        self._usd = 0.0
        self._start = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._done:
            self._line()

    def start(self, total: int) -> None:
        self._total = total
        self._start = self._last = time.monotonic()

    def note(self, text: str) -> None:
        print(text, file=self._stream, flush=True)

    def advance(self, *, usd: float = 0.0, failed: bool = False, calls: int = 0) -> None:
        self._done += 1
        self._usd += usd
        self._failed += failed
        self._calls += calls
        if time.monotonic() - self._last >= self._every:
            self._line()

    def _line(self) -> None:
        self._last = time.monotonic()
        rate = self._done / max(self._last - self._start, 1e-9)
        left = (self._total - self._done) / rate if rate else 0.0
        self.note(
            f"{self._done:,}/{self._total:,} cases, {rate:,.1f}/s, about {_clock(left)} left, "
            f"{self._calls:,} calls, {self._usd:.4f} USD, {self._failed:,} failed"
        )


class Bar:
    """A live bar in a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Rich

        self._rich: Any = Rich(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[cost]}"),
            console=Console(stderr=True),
            refresh_per_second=4,
        )
        self._task: Any = None
        self._usd, self._failed, self._done, self._calls = 0.0, 0, 0, 0
        self._start = time.monotonic()

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._show()
        self._rich.stop()

    def start(self, total: int) -> None:
        self._start = time.monotonic()
        self._task = self._rich.add_task("cases", total=total, rate="", cost="")

    def note(self, text: str) -> None:
        self._rich.console.print(text, highlight=False)

    def advance(self, *, usd: float = 0.0, failed: bool = False, calls: int = 0) -> None:
        self._usd += usd
        self._failed += failed
        self._calls += calls
        self._done += 1
        if self._done % 50 == 0 or time.monotonic() - self._start < 5:
            self._show()

    def _show(self) -> None:
        if self._task is None:
            return
        rate = self._done / max(time.monotonic() - self._start, 1e-9)
        cost = f"{self._calls:,} calls  {self._usd:.4f} USD  {self._failed:,} failed"
        self._rich.update(self._task, completed=self._done, rate=f"{rate:,.0f}/s", cost=cost)


def progress(*, quiet: bool = False) -> Progress:
    """A bar in a terminal, lines elsewhere."""
    if quiet:
        return Silent()
    return Bar() if sys.stderr.isatty() else Lines()


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else (f"{minutes} min {rest} s" if minutes else f"{rest} s")
