"""The training loop: steps, gradients as one sum over all passes, looks at held-out rows, and a record of it all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from osler.core.errors import DataError, ModelError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import Order, passes

if TYPE_CHECKING:
    import torch


class Progress(NamedTuple):
    """After step ``step`` of ``steps``: the losses of this step, seconds gone and left at this pace."""

    step: int
    steps: int
    losses: Mapping[str, float]
    seconds: float
    left: float


@dataclass(slots=True)
class Record:
    """What a training did. ``curve``: for each step its losses, tokens and figures; ``looks``: (step, figures on
    held-out rows); ``best``: the step whose weights were kept."""

    curve: list[dict[str, float]] = field(default_factory=list)
    looks: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    tokens: int = 0
    stopped: str = ""

    @property
    def losses(self) -> list[float]:
        return [row["loss"] for row in self.curve]


def fit(
    learner: Learner,
    schedule: Schedule,
    *,
    seed: int = 0,
    state: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    tell: Callable[[Progress], None] | None = None,
) -> Record:
    """Train ``learner.network`` in place. ``state``: a folder for checkpoints, from which the same training goes on;
    ``identity``: what the training is, held against that of a checkpoint. ModelError where the loss is no number.
    """
    import torch

    if not len(learner.lengths):
        raise DataError("there are no rows to train on", hint="check the data and its filters")
    order = Order(
        learner.lengths,
        seed=seed,
        steps=schedule.steps,
        epochs=schedule.epochs,
        batch_tokens=schedule.batch_tokens,
        batch_rows=schedule.batch_rows,
    )
    optimizer = optimizer_of(learner.network, schedule)
    record, started, cpu = Record(), time.monotonic(), time.process_time()
    best: dict[str, torch.Tensor] = {}
    learner.network.train()
    for step in range(order.steps):
        epoch, rows = order[step]
        for group in optimizer.param_groups:
            group["lr"] = schedule.learning_rate * schedule.rate(step, order.steps)
        losses = _step(learner, schedule, optimizer, rows, Key(seed, epoch), step)
        record.tokens += int(losses.pop("tokens"))
        record.curve.append(losses)
        gone = time.monotonic() - started
        if tell is not None:
            tell(Progress(step + 1, order.steps, losses, gone, gone / (step + 1) * (order.steps - step - 1)))
        every = schedule.evaluate_every
        if step + 1 == order.steps or (every and (step + 1) % every == 0):
            if _look(learner, record, step + 1) and schedule.keep == "best":
                best = {name: weight.detach().clone() for name, weight in _learning(learner.network)}
            if schedule.patience and _stale(learner, record, schedule.patience):
                record.stopped = f"no better value in {schedule.patience} looks"
                break
    if best:
        with torch.no_grad():
            for name, weight in _learning(learner.network):
                weight.copy_(best[name])
    else:
        record.best = len(record.curve)
    learner.network.eval()
    record.seconds, record.cpu_seconds = time.monotonic() - started, time.process_time() - cpu
    return record


def _step(
    learner: Learner, schedule: Schedule, optimizer: torch.optim.Optimizer, rows: Sequence[int], key: Key, step: int
) -> dict[str, float]:
    import torch

    cut = schedule.micro_tokens if learner.splits else 0
    pieces = list(passes(rows, learner.lengths, cut)) if cut else [list(rows)]
    found: dict[str, float] = {"loss": 0.0, "tokens": 0.0}
    for update in learner.updates(pieces, key):
        counts: dict[str, float] = {}
        for batch in update:
            for name, count in batch.counts.items():
                counts[name] = counts.get(name, 0.0) + count
        optimizer.zero_grad(set_to_none=True)
        sums = dict.fromkeys(counts, 0.0)
        for place, batch in enumerate(update):
            torch.manual_seed(hash((key.seed, step, place)) % (1 << 31))  # dropout hangs on the pass, not on history
            for name, value in _backward(learner, schedule, batch, counts).items():
                sums[name] += value
            found["tokens"] += batch.tokens
        norm = _norm(learner.network, schedule.clip)
        means = {name: sums[name] / max(counts[name], 1e-9) for name in sums}
        total = sum(learner.shares.get(name, 1.0) * value for name, value in means.items())
        if not math.isfinite(total) or not math.isfinite(norm):
            raise ModelError(
                f"the loss was no number at step {step + 1}",
                hint="lower learning_rate, or set precision = float32",
                kind="training",
            )
        optimizer.step()
        found |= {**means, "loss": total, "norm": norm}
    return {**found, **learner.seen()}


def _backward(learner: Learner, schedule: Schedule, batch: Batch, counts: Mapping[str, float]) -> dict[str, float]:
    import torch

    device = next(learner.network.parameters()).device.type
    with torch.autocast(device, dtype=torch.bfloat16, enabled=schedule.precision == "bfloat16"):
        sums = learner.loss(batch)
    total = sum(learner.shares.get(name, 1.0) * value / max(counts[name], 1e-9) for name, value in sums.items())
    if isinstance(total, torch.Tensor) and total.requires_grad:
        total.backward()
    return {name: float(value.detach()) for name, value in sums.items()}


def _learning(network: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    return [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]


def _norm(network: torch.nn.Module, clip: float) -> float:
    import torch

    weights = [weight for _, weight in _learning(network)]
    return float(torch.nn.utils.clip_grad_norm_(weights, clip or math.inf))


def optimizer_of(network: torch.nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """AdamW over what learns, without decay of biases and norms."""
    import torch

    learning = _learning(network)
    if not learning:
        raise ModelError("nothing learns: every weight is frozen", hint="unfreeze a part, or add an adapter")
    groups = [
        {"params": [weight for _, weight in learning if weight.ndim > 1], "weight_decay": schedule.weight_decay},
        {"params": [weight for _, weight in learning if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=schedule.learning_rate, betas=schedule.betas, fused=True
    )


def _look(learner: Learner, record: Record, step: int) -> bool:
    """Look at the held-out rows; whether this is the best look so far."""
    import torch

    learner.network.eval()
    with torch.inference_mode():
        found = dict(learner.evaluate())
    learner.network.train()
    if not found:
        return False
    name, more = learner.ahead
    before = [look[name] for look in record.looks]
    record.looks.append({"step": float(step), **found})
    better = not before or (found[name] > max(before) if more else found[name] < min(before))
    if better:
        record.best = step
    return better


def _stale(learner: Learner, record: Record, patience: int) -> bool:
    return bool(record.looks) and sum(look["step"] > record.best for look in record.looks) >= patience
