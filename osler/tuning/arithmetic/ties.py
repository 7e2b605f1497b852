"""TIES merging (Yadav et al. 2023, arXiv:2306.01708): trim small changes, elect a sign, average those that agree."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.arithmetic.method import (
    Place,
    check_density,
    elected,
    moved,
    need_base,
    refuse_shares,
    shares_of,
)

if TYPE_CHECKING:
    import torch


@block
class Ties:
    """The base and ``scale`` times the mean of the models' largest changes, where their signs agree.

    density: the share of the changes of each tensor that is kept, the largest ones (the paper trims over the whole model,
    mergekit and this over each tensor). shares: how much each model counts for the sign and in the mean, () for equal
    ones. The mean is over those that count at a place, so the share of a single model cancels out.
    """

    density: float = 0.5
    shares: tuple[float, ...] = ()
    scale: float = 1.0

    def check(self) -> None:
        check_density("ties", self.density, self.shares)
        if not self.scale > 0:
            raise SpecError(f"ties.scale must be above 0, got {self.scale:g}", hint="scale = 1.0")

    @property
    def from_base(self) -> bool:
        return True

    def refuse(self, models: int) -> None:
        refuse_shares("ties", self.shares, models)

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """Exactly the base where no model has changed it."""
        start = need_base(base)
        changes = [trimmed(one - start, self.density) for one in tensors]
        return moved(start, self.scale * elected(changes, shares_of(self.shares, len(tensors)), mean=True))


def trimmed(change: torch.Tensor, density: float) -> torch.Tensor:
    """``change`` with all but its largest values set to 0: round(density x size) of them stay, at least one; of equal
    ones the first."""
    import torch

    flat = change.flatten()
    stay = max(1, round(density * flat.numel()))
    if stay >= flat.numel():
        return change
    sizes = flat.abs()
    border = sizes.kthvalue(flat.numel() - stay + 1).values
    above, equal = sizes > border, sizes == border
    equal &= equal.cumsum(0) <= stay - above.sum()
    return torch.where(above | equal, flat, torch.zeros((), dtype=flat.dtype)).reshape(change.shape)
