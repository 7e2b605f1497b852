"""The training loop: steps in order, looks at held-out rows, checkpoints, and a record of it all.

What it never does: count a loss that is no number as a success, go on from half a checkpoint or from that of another
training, begin with a fresh optimizer unseen, or change a frozen weight.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osler.core.errors import DataError, ModelError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer import stopping
from osler.tuning.trainer.checkpoints import Checkpoints
from osler.tuning.trainer.frozen import Frozen
from osler.tuning.trainer.learner import Key, Learner
from osler.tuning.trainer.meters import Meters
from osler.tuning.trainer.order import Order
from osler.tuning.trainer.processes import Processes, current, device_of
from osler.tuning.trainer.record import Progress, Record, record_from, record_json
from osler.tuning.trainer.state import identity_of, take_up, tensors_of
from osler.tuning.trainer.step import Stepper, learning

if TYPE_CHECKING:
    import torch

_one_at_a_time = threading.RLock()  # torch has one generator for dropout: two trainings at once would share it
__all__ = ["Progress", "Record", "fit", "optimizer_of"]


def fit(
    learner: Learner,
    schedule: Schedule,
    *,
    seed: int = 0,
    state: Path | None = None,
    identity: Mapping[str, Any] | None = None,
    tell: Callable[[Progress], None] | None = None,
) -> Record:
    """Train ``learner.network`` in place, in all processes that were ``joined``, and move it to the GPU where there is one.

    ``state``: a folder for checkpoints, from which the same training goes on bit by bit; ``identity``: what the training
    is, held against that of a checkpoint (DataError where it differs). ModelError where the loss is no number twice in a
    row, and the network then has the last good weights. ``Stopped`` (a KeyboardInterrupt) on Ctrl-C or SIGTERM.
    """
    import torch

    if not len(learner.lengths):
        raise DataError("there are no rows to train on", hint="check the data and its filters")
    processes = current()
    if processes.strategy == "fsdp" and type(learner).updates is not Learner.updates:
        from osler.tuning.trainer.sharding import refuse_updates

        raise refuse_updates()
    devices = [torch.cuda.current_device()] if torch.cuda.is_available() else []
    with _one_at_a_time, torch.random.fork_rng(devices=devices), stopping.listening(), stopping.under_way():
        training = _Training(learner, schedule, seed, processes, tell)
        training.begin(state, identity)
        training.run()
        processes.end(learner.network)
        return training.finish()


class _Training:
    """One call of ``fit``."""

    def __init__(
        self,
        learner: Learner,
        schedule: Schedule,
        seed: int,
        processes: Processes,
        tell: Callable[[Progress], None] | None,
    ) -> None:
        self.learner, self.schedule, self.seed, self.processes = learner, schedule, seed, processes
        self.tell = tell if processes.writes else None
        self.order = Order(
            learner.lengths,
            seed=seed,
            steps=schedule.steps,
            epochs=schedule.epochs,
            batch_tokens=schedule.batch_tokens,
            batch_rows=schedule.batch_rows,
        )
        self.device = device_of()
        learner.network.to(self.device)
        self.meters = Meters(self.device)
        self.record = Record()
        self.frozen = Frozen(learner.network)
        self.best: dict[str, torch.Tensor] = {}
        self.checkpoints: Checkpoints | None = None
        self.done = 0
        self._before = (0.0, 0.0, 0.0)  # seconds, CPU seconds and joules before this session
        self._wrote = time.monotonic()

    def begin(self, state: Path | None, given: Mapping[str, Any] | None) -> None:
        """Join the networks of all processes, and take up the newest whole checkpoint."""
        network = self.learner.network
        identity = identity_of(self.learner, self.schedule, self.seed, given)
        identity["frozen"] = self.frozen.before
        self.identity = identity
        if any(found != identity for found in self.processes.gathered(identity)):
            raise ModelError("the processes of this training do not have the same settings and rows", kind="training")
        network.train()
        self.processes.begin(network)
        optimizer = optimizer_of(network, self.schedule)
        if state is not None:
            self._resume(state, optimizer)
        self.optimizer = optimizer
        self.stepper = Stepper(self.learner, self.schedule, optimizer, self.processes)
        self.stepper.tokens, self.stepper.skipped = self.record.tokens, self.record.skipped

    def _resume(self, state: Path, optimizer: torch.optim.Optimizer) -> None:
        self.checkpoints = Checkpoints(state)
        found = self.checkpoints.newest(self.identity)
        if any(step != (found.step if found else 0) for step in self.processes.gathered(found.step if found else 0)):
            raise DataError(
                "the processes of this training do not see the same checkpoints",
                hint="put the folder of the models on a disk that all machines share",
            )
        if found is not None:
            self.best = take_up(found, self.learner, optimizer, self.processes)
            self.record = record_from(found.sheet["record"])
            self.record.resumed.append(found.step)
            self.done = found.step
            self._before = (self.record.seconds, self.record.cpu_seconds, self.record.joules or 0.0)
        if self.checkpoints.passed_over:
            self.record.notes.append(f"not whole, passed over: {', '.join(self.checkpoints.passed_over)}")

    def run(self) -> None:
        """All steps that are left, then the best weights where they are kept."""
        import torch

        schedule, record, steps = self.schedule, self.record, self.order.steps
        while self.done < steps and not record.stopped:
            epoch, rows = self.order[self.done]
            for group in self.optimizer.param_groups:
                group["lr"] = schedule.learning_rate * schedule.rate(self.done, steps)
            before = self.stepper.tokens
            row = self.stepper.take(rows, Key(self.seed, epoch), self.done)
            self.done += 1
            record.tokens = self.stepper.tokens
            if row is not None:
                record.curve.append({"step": self.done, **row, "tokens": float(record.tokens - before)})
            self._say(row)
            every = schedule.evaluate_every
            if self.done == steps or (every and self.done % every == 0):
                self._look()
            self._agree()
        if not record.curve:
            raise ModelError(
                f"none of {steps} steps was applied",
                hint="the method had nothing to learn from in any of them",
                kind="training",
            )
        if self.best:
            with torch.no_grad():
                for name, weight in learning(self.learner.network):
                    weight.copy_(self.best[name])

    def _say(self, row: Mapping[str, float] | None) -> None:
        if self.tell is None:
            return
        gone = self.meters.seconds
        here = self.done - (self.record.resumed[-1] if self.record.resumed else 0)
        left = gone / here * (self.order.steps - self.done)
        rate = sum(one["tokens"] for one in self.record.curve[-here:]) / gone if gone else 0.0
        self.tell(Progress(self.done, self.order.steps, row or {}, self._before[0] + gone, left, rate))

    def _look(self) -> None:
        """Look at the held-out rows; keep the weights where they are the best so far; stop where looks stay worse."""
        import torch

        network, record = self.learner.network, self.record
        network.eval()
        torch.manual_seed(self.seed)
        with torch.no_grad():  # inference mode would leave gathered shards that the next step cannot learn from
            found = self.processes.told(dict(self.processes.run(self.learner.evaluate)))
        network.train()
        if not found:
            return
        name, more = self.learner.ahead
        before = [look[name] for look in record.looks if math.isfinite(look[name])]
        record.looks.append({"step": float(self.done), **found})
        value = found[name]
        if math.isfinite(value) and (not before or (value > max(before) if more else value < min(before))):
            record.best = self.done
            if self.schedule.keep == "best":
                self.best = {name: weight.detach().clone() for name, weight in learning(network)}
        patience = self.schedule.patience
        if patience and sum(look["step"] > record.best for look in record.looks) >= patience:
            record.stopped = f"no better value in {patience} looks"

    def _agree(self) -> None:
        """Write a checkpoint where it is time, and stop where a signal asked for it: the same in all processes."""
        every = self.schedule.checkpoint_s
        due = self.checkpoints is not None and every > 0 and time.monotonic() - self._wrote >= every
        facts = self.processes.gathered((stopping.asked(), due))
        number, due = max(fact[0] for fact in facts), facts[0][1]
        kept = self.checkpoints is not None and every > 0
        if kept and (due or number):
            kept = self._write()
        if number:
            raise stopping.Stopped(number, self.done if kept else 0, self.order.steps)

    def _write(self) -> bool:
        tensors = tensors_of(self.learner, self.optimizer, self.best, self.processes)
        self._measure()
        problem: OSError | None = None
        if self.processes.writes and self.checkpoints is not None:
            about = {
                "record": record_json(self.record),
                "identity": self.identity,
                "memory": dict(self.learner.memory()),
            }
            problem = self.checkpoints.write(self.done, tensors, about)
        if problem is not None:
            self.record.notes.append(f"no checkpoint at step {self.done}: {problem.strerror or type(problem).__name__}")
        self._wrote = time.monotonic()
        return self.processes.told(problem is None)

    def _measure(self) -> None:
        """Time and energy so far, of all processes and sessions."""
        parts = self.processes.gathered((self.meters.cpu_seconds, self.meters.joules))
        self.record.seconds = self._before[0] + self.meters.seconds
        self.record.cpu_seconds = self._before[1] + sum(part[0] for part in parts)
        drawn = [part[1] for part in parts if part[1] is not None]
        self.record.joules = self._before[2] + sum(drawn) if drawn else None
        self.record.memory_mb = round(self.meters.memory_mb, 1)

    def finish(self) -> Record:
        """The frozen weights proven, the record whole."""
        network, record = self.learner.network, self.record
        if not record.best or self.schedule.keep == "last":
            record.best = self.done
        network.eval()
        self._measure()
        record.frozen = self.frozen.prove(network)
        record.frozen_weights = self.frozen.count
        record.learning_weights = sum(weight.numel() for _, weight in learning(network))
        record.processes, record.device = self.processes.size, self.device.type
        record.strategy = self.processes.strategy if self.processes.size > 1 else ""
        return record


def optimizer_of(network: torch.nn.Module, schedule: Schedule) -> torch.optim.AdamW:
    """AdamW over what learns, without decay of biases and norms."""
    import torch

    held = learning(network)
    if not held:
        raise ModelError("nothing learns: every weight is frozen", hint="unfreeze a part, or add an adapter")
    groups = [
        {"params": [weight for _, weight in held if weight.ndim > 1], "weight_decay": schedule.weight_decay},
        {"params": [weight for _, weight in held if weight.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=schedule.learning_rate, betas=schedule.betas, fused=True
    )
