"""DARE (Yu et al. 2023, arXiv:2311.03099): drop changes at random and scale up the rest; with signs elected, DARE-TIES."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.tuning.arithmetic.method import (
    Place,
    check_density,
    elected,
    moved,
    need_base,
    refuse_shares,
    shares_of,
    sum_of,
)

if TYPE_CHECKING:
    import torch


@block
class Dare:
    """The base and of each model's thinned change ``shares`` times as much, () for equal ones that add up to 1.

    density: the probability with which a change is kept; it is then divided by it, so that the expected change stays. The
    draws are fixed by the seed of the merge, the name of the tensor and the place of the model. elect: whether only the
    changes count that have the sign which weighs more at their place (DARE-TIES).
    """

    density: float = 0.5
    shares: tuple[float, ...] = ()
    elect: bool = True

    def check(self) -> None:
        check_density("dare", self.density, self.shares)

    @property
    def from_base(self) -> bool:
        return True

    def refuse(self, models: int) -> None:
        refuse_shares("dare", self.shares, models)

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """Exactly the base where no model has changed it."""
        start = need_base(base)
        shares = shares_of(self.shares, len(tensors))
        changes = [thinned(one - start, self.density, place.number(at)) for at, one in enumerate(tensors)]
        if self.elect:
            return moved(start, elected(changes, shares, mean=False))
        return moved(start, sum_of([share * change for share, change in zip(shares, changes, strict=True)]))


def thinned(change: torch.Tensor, density: float, seed: int) -> torch.Tensor:
    """``change`` with each value kept with the probability ``density`` and divided by it, else 0."""
    import torch

    if density == 1:
        return change
    draw = torch.rand(change.shape, generator=torch.Generator().manual_seed(seed), dtype=change.dtype)
    return torch.where(draw < density, change / density, torch.zeros((), dtype=change.dtype))
