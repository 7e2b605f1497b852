"""Task vectors (Ilharco et al. 2023, arXiv:2212.04089): what tuning changed, added to the base again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.arithmetic.method import Place, moved, need_base, refuse_shares, shares_of, sum_of

if TYPE_CHECKING:
    import torch


@block
class TaskVectors:
    """The base and of each model's change ``shares`` times as much, () for equal ones that add up to 1.

    Shares may be negative, which unlearns a task, and need not add up to anything.
    """

    shares: tuple[float, ...] = ()

    def check(self) -> None:
        if not all(math.isfinite(share) for share in self.shares):
            raise SpecError("task_vectors.shares must be numbers", hint="shares = (0.4, 0.4)")

    @property
    def from_base(self) -> bool:
        return True

    def refuse(self, models: int) -> None:
        refuse_shares("task_vectors", self.shares, models)

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """Exactly the base where no model has changed it."""
        start = need_base(base)
        shares = shares_of(self.shares, len(tensors))
        return moved(start, sum_of([share * (one - start) for share, one in zip(shares, tensors, strict=True)]))
