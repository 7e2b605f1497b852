"""One training to be done, as a stage is given it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from osler.core.types import Prompt
from osler.tuning.trainer.record import Progress

Pairs = Sequence[tuple[Prompt, str]]
Tell = Callable[[str, Progress], None]


@dataclass(frozen=True, slots=True)
class Work:
    """One training to be done. ``folder``: where the model's files go. ``state``: where checkpoints go. ``base``: the
    base as it is ready to be used, a shape or a model with a folder. ``pairs``: the study's training cases, if any."""

    folder: Path
    state: Path
    base: Any
    pairs: Pairs
    seed: int
    identity: Mapping[str, Any]
    tell: Callable[[Progress], None] | None
