"""What the trainer trains: a network, rows to learn from, and a loss as sums with counts.

Losses come as SUMS and counts, never as means: the trainer divides by the count of the whole step, over all its forward
passes and processes. So neither accumulation nor the number of processes changes the training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import torch


class Key(NamedTuple):
    """What random draws hang on, beside the row: the seed of the training and the pass over the rows."""

    seed: int
    epoch: int


def draws(key: Key, row: int) -> np.random.Generator:
    """The random numbers of one row in one pass (masks, cuts): the same in whatever batch or process it stands."""
    return np.random.default_rng((key.seed, key.epoch, row))


@dataclass(slots=True)
class Batch:
    """Rows of one forward pass. ``inputs``: what the learner's loss reads (tensors). ``counts``: for each loss the
    number of things that its sum runs over (masked tokens, pairs), known before the forward pass. ``tokens``: real ones,
    without padding."""

    inputs: dict[str, Any]
    counts: Mapping[str, float]
    tokens: int


class Learner:
    """The base of all that the trainer trains.

    network: what learns; parameters with requires_grad False are proven unchanged by hash. lengths: tokens of each row,
    by which rows of like length share a batch. shares: weight of each named loss, 1 where it is not named. splits:
    whether the rows of a step may be divided over forward passes and processes; in-batch negatives forbid it.
    ahead: the figure of ``evaluate`` that decides which weights are best, and whether more of it is better.

    ``fit`` moves the network to ``processes.device_of()`` (the GPU where there is one) and every tensor of a batch
    after it, so a learner need not place anything itself; ``device`` says where the network is. A learner holds modules,
    never single parameters: sharding replaces those.
    """

    shares: Mapping[str, float] = {}
    splits: ClassVar[bool] = True
    ahead: tuple[str, bool] = ("loss", False)

    def __init__(self, network: torch.nn.Module, lengths: Sequence[int]) -> None:
        self.network = network
        self.lengths = lengths

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        return next(self.network.parameters()).device

    def ids(self, rows: Sequence[int]) -> Sequence[str]:
        """What rows are called in messages and records: never their text. Their numbers by default."""
        return [f"row {row}" for row in rows]

    def memory(self) -> Mapping[str, Any]:
        """What a checkpoint must hold beside weights and optimizer, as JSON (an adaptive penalty, a running mean)."""
        return {}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take up ``memory`` of a checkpoint."""

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        """The rows as tensors on any device; random parts by ``draws(key, row)``."""
        raise NotImplementedError

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        """Each loss summed over its things, float32, with the names of ``batch.counts``."""
        raise NotImplementedError

    def updates(self, passes: Sequence[Sequence[int]], key: Key) -> Iterator[Sequence[Batch]]:
        """The updates of one step: each is the forward passes whose gradients are added up. One update by default;
        a method with inner epochs on what it sampled (PPO) yields several."""
        yield [self.batch(rows, key) for rows in passes]

    def evaluate(self) -> Mapping[str, float]:
        """Figures on held-out rows, "loss" among them where there are such rows. The network is in evaluation mode."""
        return {}

    def seen(self) -> Mapping[str, float]:
        """Figures of the last step beside its losses (reward, KL), for the record."""
        return {}

    def save(self, folder: Path) -> None:
        """Write what was trained: weights as safetensors, configuration, tokenizer."""
        raise NotImplementedError
