"""What a training is at one moment, as tensors and JSON: what a checkpoint holds and a resumed training takes up."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from osler.core.block import canonical, digest, to_spec
from osler.core.errors import DataError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer.checkpoints import Checkpoint
from osler.tuning.trainer.learner import Learner
from osler.tuning.trainer.processes import Processes
from osler.tuning.trainer.step import learning

if TYPE_CHECKING:
    import torch

_TIED = ("step",)  # states of the optimizer that are one number, whole in every process


def identity_of(learner: Learner, schedule: Schedule, seed: int, given: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a training is, for a checkpoint to be held against: settings, seed, rows, what learns, what is frozen.

    Equal for any number of processes: they change nothing but the order of sums.
    """
    lengths = np.ascontiguousarray(np.asarray(learner.lengths, np.int64))
    learns = [[name, list(weight.shape)] for name, weight in learning(learner.network)]
    return {
        "training": dict(given or {}),
        "schedule": to_spec(schedule, identity=True),
        "seed": seed,
        "rows": len(lengths),
        "lengths": hashlib.sha256(lengths.data).hexdigest()[:32],
        "learns": digest(canonical(learns)),
    }


def tensors_of(
    learner: Learner, optimizer: torch.optim.Optimizer, best: Mapping[str, torch.Tensor], processes: Processes
) -> dict[str, dict[str, torch.Tensor]]:
    """All that a checkpoint holds as tensors, whole and on the CPU. Every process must ask."""
    held = learning(learner.network)
    weights = {name: processes.whole(weight) for name, weight in held}
    weights |= {f"buffer:{name}": processes.whole(buffer).clone() for name, buffer in learner.network.named_buffers()}
    states: dict[str, torch.Tensor] = {}
    for name, weight in held:
        for key, value in optimizer.state.get(weight, {}).items():
            states[f"{name}:{key}"] = processes.whole(value).clone()
    found = {"weights": weights, "optimizer": states}
    if best:
        found["best"] = {name: processes.whole(value) for name, value in best.items()}
    return found


def take_up(
    checkpoint: Checkpoint, learner: Learner, optimizer: torch.optim.Optimizer, processes: Processes
) -> dict[str, torch.Tensor]:
    """Put the weights, buffers and optimizer state of ``checkpoint`` in place; the best weights so far, if kept.

    DataError where it does not hold what it must: nothing of a training begins afresh unseen.
    """
    import torch

    weights, states = checkpoint.tensors("weights"), checkpoint.tensors("optimizer")
    held = learning(learner.network)
    buffers = dict(learner.network.named_buffers())
    wanted = {name for name, _ in held} | {f"buffer:{name}" for name in buffers}
    if wanted != weights.keys() or (checkpoint.sheet["record"]["curve"] and not states):
        raise DataError(
            f"the checkpoint {checkpoint.folder.name} does not hold all that learns here",
            hint="it was written by another version; remove its folder to begin anew",
        )
    with torch.no_grad():
        for name, weight in held:
            processes.fill(weight, weights[name])
        for name, buffer in buffers.items():
            buffer.copy_(weights[f"buffer:{name}"])
    by_weight: dict[str, dict[str, torch.Tensor]] = {}
    for key, value in states.items():
        name, _, kind = key.rpartition(":")
        by_weight.setdefault(name, {})[kind] = value
    for name, weight in held:
        if name in by_weight:
            optimizer.state[weight] = {
                kind: value.to(weight.device) if kind in _TIED else processes.like(weight, value)
                for kind, value in by_weight[name].items()
            }
    learner.remember(checkpoint.sheet["memory"])
    places = dict(held)
    return {name: processes.like(places[name], value) for name, value in checkpoint.tensors("best").items()}
