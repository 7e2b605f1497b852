"""How long, how fast and in which pieces a model is trained: one block for every stage."""

from __future__ import annotations

from typing import ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError


@block
class Schedule:
    """Steps, batches, the learning rate's way and when to stop.

    steps: optimizer steps; 0 takes ``epochs`` passes over the rows. batch_tokens: padded tokens of one step over all
    processes; batch_rows instead counts rows (contrastive batches, lists), 0 for tokens. micro_tokens: padded tokens of
    one forward pass, the gradients of a step are added up; 0 takes a step at once. learning_rate: the highest, reached
    after the share ``warm_up`` of the steps; ``decay`` leads from it to the share ``floor`` of it. clip: most of the
    gradient's norm, 0 for none. precision: products in bfloat16 or float32; weights and sums stay in float32.
    evaluate_every: steps between two looks at the held-out rows, 0 for one at the end. patience: so many looks without
    a better value end the training, 0 never. keep: whether the weights of the best look or the last ones are kept.

    checkpoint_s: seconds between checkpoints, 0 for none. It changes no weight, so it is no part of a model's identity.
    """

    steps: int = 0
    epochs: float = 1.0
    batch_tokens: int = 4096
    batch_rows: int = 0
    micro_tokens: int = 0
    learning_rate: float = 5e-4
    warm_up: float = 0.06
    decay: Literal["linear", "cosine", "constant"] = "linear"
    floor: float = 0.0
    weight_decay: float = 0.01
    betas: tuple[float, float] = (0.9, 0.999)
    clip: float = 1.0
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    evaluate_every: int = 0
    patience: int = 0
    keep: Literal["last", "best"] = "last"
    checkpoint_s: float = 300.0

    operational: ClassVar[tuple[str, ...]] = ("checkpoint_s",)

    def check(self) -> None:
        if self.steps < 0 or (not self.steps and self.epochs <= 0):
            raise SpecError("schedule needs steps or epochs above 0", hint="set epochs = 1")
        if self.batch_rows < 0 or self.micro_tokens < 0 or (not self.batch_rows and self.batch_tokens < 1):
            raise SpecError("schedule needs a batch of at least one token or row", hint="leave batch_tokens out")
        if not self.learning_rate > 0 or self.clip < 0 or self.weight_decay < 0:
            raise SpecError("schedule.learning_rate must be above 0, clip and weight_decay 0 or more")
        if not 0 <= self.warm_up <= 1 or not 0 <= self.floor <= 1:
            raise SpecError("schedule.warm_up and floor are shares from 0 to 1")
        if self.keep == "best" and not self.evaluate_every:
            raise SpecError('keep = "best" needs looks at held-out rows', hint="set evaluate_every, in steps")

    def rate(self, step: int, steps: int) -> float:
        """The share of ``learning_rate`` that holds for step ``step`` (from 0) of ``steps``."""
        import math

        rising = round(self.warm_up * steps)
        if step < rising:
            return (step + 1) / (rising + 1)
        gone = (step - rising) / max(1, steps - rising)
        if self.decay == "constant":
            return 1.0
        left = 1 - gone if self.decay == "linear" else (1 + math.cos(math.pi * gone)) / 2
        return self.floor + (1 - self.floor) * left
