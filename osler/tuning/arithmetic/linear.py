"""Linear merging, the model soup (Wortsman et al. 2022, arXiv:2203.05482): the weighted mean of all weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.arithmetic.method import Place, moved, refuse_shares, shares_of, sum_of

if TYPE_CHECKING:
    import torch


@block
class LinearMerge:
    """The mean of the models' weights by ``shares`` that add up to 1, () for equal ones. Needs no base."""

    shares: tuple[float, ...] = ()

    def check(self) -> None:
        if self.shares and abs(sum(self.shares) - 1) > 1e-9:
            raise SpecError(
                f"linear_merge.shares add up to {sum(self.shares):g}", hint="they must add up to 1, as (0.3, 0.7)"
            )

    @property
    def from_base(self) -> bool:
        return False

    def refuse(self, models: int) -> None:
        refuse_shares("linear_merge", self.shares, models)

    def merged(self, tensors: Sequence[torch.Tensor], base: torch.Tensor | None, place: Place) -> torch.Tensor:
        """Exactly one of the tensors where its share is 1 and all others are 0."""
        shares = shares_of(self.shares, len(tensors))
        if max(shares) == 1 and sum(share != 0 for share in shares) == 1:
            return tensors[shares.index(1)]
        first = tensors[0]
        rest = [share * (one - first) for share, one in zip(shares[1:], tensors[1:], strict=True)]
        return moved(first, sum_of(rest)) if rest else first
