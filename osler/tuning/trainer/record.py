"""What a training did, as it is kept: the losses of each step, looks at held-out rows, time, energy, and proofs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, NamedTuple


class Progress(NamedTuple):
    """After step ``step`` of ``steps``: the losses of this step, seconds gone and left at this pace, tokens a second."""

    step: int
    steps: int
    losses: Mapping[str, float]
    seconds: float
    left: float
    rate: float = 0.0


@dataclass(slots=True)
class Record:
    """What a training did.

    curve: for each applied step its number, losses, tokens and figures. looks: step and figures on held-out rows. best:
    the step whose weights were kept. tokens: real ones, without padding. skipped: updates that were not applied because
    something was no number: step, what, ids of the rows. frozen: SHA-256 of the frozen weights, the same before and
    after, "" where all learn. resumed: the steps at which it was taken up again. notes: what else happened (checkpoints
    that were passed over, a full disk). processes, strategy, device: where it ran. memory_mb: most memory that the first
    process held, of the GPU where it ran on one. joules: what the GPUs drew by their own meters, None without a meter.
    """

    curve: list[dict[str, float]] = field(default_factory=list)
    looks: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    tokens: int = 0
    stopped: str = ""
    skipped: list[dict[str, Any]] = field(default_factory=list)
    frozen: str = ""
    frozen_weights: int = 0
    learning_weights: int = 0
    resumed: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    processes: int = 1
    strategy: str = ""
    device: str = ""
    memory_mb: float = 0.0
    joules: float | None = None

    @property
    def losses(self) -> list[float]:
        return [row["loss"] for row in self.curve]

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / self.seconds if self.seconds else 0.0


def record_json(record: Record) -> dict[str, Any]:
    """The record as JSON; times in whole hundredths of a second."""
    found = asdict(record)
    return {**found, "seconds": round(record.seconds, 2), "cpu_seconds": round(record.cpu_seconds, 2)}


def record_from(held: Mapping[str, Any]) -> Record:
    """The record that ``record_json`` wrote; names that it does not know are left out."""
    known = {one.name for one in fields(Record)}
    return Record(**{name: value for name, value in held.items() if name in known})
