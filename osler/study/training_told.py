"""Progress of a training in words: a line every few seconds, for a run and for ``osler train``."""

from __future__ import annotations

import time
from collections.abc import Callable

from osler.tuning.trainer.record import Progress


class Told:
    """Gives ``say`` a line every ``every_s`` seconds, and at the first and last step of a stage."""

    def __init__(self, say: Callable[[str], None], every_s: float = 10.0) -> None:
        self._say, self._every, self._last, self._stage = say, every_s, 0.0, ""

    def __call__(self, stage: str, progress: Progress) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._last < self._every and progress.step < progress.steps:
            return
        self._stage, self._last = stage, now
        loss = progress.losses.get("loss", float("nan"))
        rate = f", {progress.rate:,.0f} tokens/s" if progress.rate else ""
        self._say(
            f"{stage}: step {progress.step:,}/{progress.steps:,}, loss {loss:.4f}{rate}, about {clock(progress.left)} left"
        )


def clock(seconds: float) -> str:
    """Seconds as a person says them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
