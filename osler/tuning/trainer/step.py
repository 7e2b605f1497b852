"""One step of a training: forward passes, gradients as one sum over passes and processes, and whether to apply it."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from osler.core.errors import DataError, ModelError
from osler.tuning.schedule import Schedule
from osler.tuning.trainer.learner import Batch, Key, Learner
from osler.tuning.trainer.order import passes
from osler.tuning.trainer.processes import Processes, device_of, total

if TYPE_CHECKING:
    import torch

_SMALLEST = 1e-9  # stands for a count of 0, whose sum is 0 too
_NAMED = 8  # ids of rows that an error names


def seed_of(*parts: object) -> int:
    """A seed of 63 bits that hangs on ``parts`` alone: the same in every process and in every run."""
    said = "/".join(str(part) for part in parts).encode()
    return int.from_bytes(hashlib.blake2b(said, digest_size=8).digest()) >> 1


def learning(network: torch.nn.Module) -> list[tuple[str, torch.nn.Parameter]]:
    """The weights that learn, by name."""
    return [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]


class Stepper:
    """Takes the steps of a training. ``skipped``: updates that were not applied, each with its step, what was no number
    and the ids of its rows."""

    def __init__(
        self, learner: Learner, schedule: Schedule, optimizer: torch.optim.Optimizer, processes: Processes
    ) -> None:
        self.learner = learner
        self.schedule = schedule
        self.optimizer = optimizer
        self.processes = processes
        self.skipped: list[dict[str, Any]] = []
        self.in_a_row = 0
        self.tokens = 0
        self._weights = [weight for _, weight in learning(learner.network)]
        self._device = device_of()

    def take(self, rows: Sequence[int], key: Key, step: int) -> dict[str, float] | None:
        """The losses and figures of step ``step`` (from 0); None where nothing of it was applied."""
        pieces = self._pieces(rows)
        mine = pieces[self.processes.rank :: self.processes.size] if self.learner.splits else pieces
        updates = iter(self.learner.updates(mine, key))
        found: dict[str, float] | None = None
        number = 0
        while True:
            self._seed(key.seed, step, number, "draw", self.processes.rank)
            update = next(updates, None)
            facts = self.processes.gathered(None if update is None else (_counts(update), _tokens(update), len(update)))
            there = [fact for fact in facts if fact is not None]
            if not there:
                return None if found is None else {**found, **self.learner.seen()}
            counts = total([fact[0] for fact in there])
            if not any(counts.values()):
                raise DataError(
                    f"nothing can be learnt from the rows of step {step + 1}: {self._named(rows)}",
                    hint="leave out rows in which the loss reads nothing (all masked, cut off before the reply)",
                )
            self.tokens += sum(fact[1] for fact in there) // (1 if self.learner.splits else len(there))
            most = max(fact[2] for fact in there)
            sums = self._passes(update or (), counts, most, pieces, Place(key, step, number))
            row = self._apply(sums, counts, rows, step)
            found = row if row is not None else found
            number += 1

    def _pieces(self, rows: Sequence[int]) -> list[list[int]]:
        """The forward passes of a step: the same for any number of processes where ``micro_tokens`` cuts them (some
        process may then have none), else at least one for each. Rows that must stay together are one pass, which every process
        does: counts and sums are then that many times as big, and their quotient is right."""
        if not self.learner.splits:
            return [list(rows)]
        cut, size = self.schedule.micro_tokens, self.processes.size
        pieces = list(passes(rows, self.learner.lengths, cut)) if cut else [list(rows)]
        fixed = cut and type(self.learner).updates is Learner.updates
        if len(pieces) < size and not fixed:
            share = -(-len(rows) // size)
            pieces = [list(rows[at : at + share]) for at in range(0, len(rows), share)]
        return pieces

    def _passes(
        self,
        update: Sequence[Batch],
        counts: Mapping[str, float],
        most: int,
        pieces: Sequence[Sequence[int]],
        place: Place,
    ) -> dict[str, float]:
        """Forward and backward of this process's batches; sums of the losses over all processes."""
        import torch

        self.optimizer.zero_grad(set_to_none=True)
        held = list(update)
        padding = most - len(held) if self.processes.strategy == "fsdp" else 0
        if padding:  # every process must take part in every gathering of weights: passes that weigh nothing
            spare = held[0] if held else self.learner.batch(pieces[0], place.key)
            held += [spare] * padding
        sums: dict[str, torch.Tensor] = {}
        for at, batch in enumerate(held):
            number = at * self.processes.size + self.processes.rank if self.learner.splits else at
            self._seed(place.key.seed, place.step, place.update, number)  # dropout hangs on the pass, not on history
            found = self._backward(batch, counts, 1.0 if at < len(update) else 0.0)
            for name, value in found.items():
                if at < len(update):
                    sums[name] = sums[name] + value if name in sums else value
        self.processes.add_gradients(self._weights)
        names = sorted(sums)  # one wait for the device, however many passes and losses there are
        values = torch.stack([sums[name].double() for name in names]).tolist() if names else []
        return total(self.processes.gathered(dict(zip(names, values, strict=True))))

    def _backward(self, batch: Batch, counts: Mapping[str, float], weight: float) -> dict[str, torch.Tensor]:
        import torch

        batch.inputs = {name: placed(value, self._device) for name, value in batch.inputs.items()}

        def work() -> Mapping[str, torch.Tensor]:
            with torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=self.schedule.precision == "bfloat16"):
                return self.learner.loss(batch)

        sums = self.processes.run(work)
        shares, scale = self.learner.shares, weight * self.processes.scale
        total = sum(shares.get(name, 1.0) * value / max(counts[name], _SMALLEST) for name, value in sums.items())
        if isinstance(total, torch.Tensor) and total.requires_grad:
            (total * scale).backward()
        return {name: value.detach() for name, value in sums.items()}

    def _apply(
        self, sums: Mapping[str, float], counts: Mapping[str, float], rows: Sequence[int], step: int
    ) -> dict[str, float] | None:
        """Apply the gradient where loss and gradient are numbers. ModelError at the second time in a row."""
        means = {name: sums.get(name, 0.0) / max(count, _SMALLEST) for name, count in counts.items()}
        loss = sum(self.learner.shares.get(name, 1.0) * value for name, value in means.items())
        norm = self.processes.norm(self._weights, self.schedule.clip or math.inf)
        if math.isfinite(loss) and math.isfinite(norm):
            self.optimizer.step()
            self.in_a_row = 0
            return {**means, "loss": loss, "norm": norm}
        self.optimizer.zero_grad(set_to_none=True)
        self.in_a_row += 1
        what = "gradient" if math.isfinite(loss) else "loss"
        self.skipped.append({"step": step + 1, "what": what, "rows": list(self.learner.ids(rows))})
        if self.in_a_row > 1:
            raise ModelError(
                f"the {what} was no number at step {step + 1}, for the second time in a row; rows {self._named(rows)}",
                hint="look at these rows, lower learning_rate, or set precision = float32",
                kind="training",
            )
        return None

    def _named(self, rows: Sequence[int]) -> str:
        ids = self.learner.ids(rows)
        return ", ".join(ids[:_NAMED]) + (f" and {len(ids) - _NAMED} more" if len(ids) > _NAMED else "")

    def _seed(self, *parts: object) -> None:
        import torch

        torch.manual_seed(seed_of(*parts))


class Place:
    """Where in a training a forward pass stands."""

    __slots__ = ("key", "step", "update")

    def __init__(self, key: Key, step: int, update: int) -> None:
        self.key, self.step, self.update = key, step, update


def placed(value: Any, device: torch.device) -> Any:
    """Tensors, also in lists and tables, on ``device``; anything else as it is."""
    if isinstance(value, Mapping):
        return {name: placed(item, device) for name, item in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(placed(item, device) for item in value)
    to = getattr(value, "to", None)
    return to(device, non_blocking=True) if to is not None and hasattr(value, "device") else value


def _counts(update: Sequence[Batch]) -> dict[str, float]:
    return total([batch.counts for batch in update])


def _tokens(update: Sequence[Batch]) -> int:
    return sum(batch.tokens for batch in update)
