"""Ctrl-C and SIGTERM in a training: the step under way is finished, a checkpoint is written, and it says how to go on.

Signals belong to the process and arrive in its main thread, a training may run in another: ``listening`` catches them
in the main thread, ``asked`` tells any thread. While no training is ``under_way``, and the second time in any case, a
signal means what it always means.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_TRY_AGAIN = 75  # EX_TEMPFAIL of sysexits.h: what a job runner starts again
_asked: list[int] = []
_listeners: list[None] = []
_under_way: list[None] = []
_watched: list[Path] = []


class Stopped(KeyboardInterrupt):
    """A training that ended because the user or the system asked it to. ``status``: the exit status that says so,
    130 for Ctrl-C and 75 for SIGTERM. ``step``: steps that are done and kept, 0 where no checkpoint is."""

    def __init__(self, number: int, step: int, steps: int) -> None:
        kept = f"its checkpoint is at step {step} of {steps}" if step else "it kept no checkpoint"
        again = "train again with the same settings and it goes on from there" if step else "it will begin anew"
        super().__init__(f"training stopped: {kept}; {again}")
        self.number = number
        self.step = step
        self.steps = steps

    @property
    def status(self) -> int:
        return 130 if self.number == signal.SIGINT else _TRY_AGAIN


def asked() -> int:
    """The signal that asked trainings of this process to stop; 0 where none did."""
    if not _asked:
        _asked.extend(int(file.read_text("ascii") or signal.SIGTERM) for file in _watched if file.exists())
    return _asked[0] if _asked else 0


def watch(file: Path) -> None:
    """Take it as a signal when ``file`` appears: how processes on other machines are asked to stop."""
    _watched[:] = [file]


@contextmanager
def under_way() -> Iterator[None]:
    """In here somebody looks at ``asked`` soon."""
    _under_way.append(None)
    try:
        yield
    finally:
        _under_way.pop()


@contextmanager
def listening() -> Iterator[None]:
    """Catch the first Ctrl-C or SIGTERM in here, for ``asked``. Outside the main thread nothing can be caught: there
    the caller's own ``listening``, around the event loop, serves."""
    if _listeners or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        _asked.append(number)
        for one in _SIGNALS:
            signal.signal(one, before[one])
        if not _under_way:
            signal.raise_signal(number)

    _listeners.append(None)
    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield
    finally:
        unheard = asked()
        for number in _SIGNALS:
            signal.signal(number, before[number])
        _listeners.clear()
        _asked.clear()
    if unheard:  # no training was there to hear it: it means what it always means
        signal.raise_signal(unheard)
