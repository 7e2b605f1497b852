"""List-wise softmax: of the texts for one query, the right one first (Cao et al. 2007, ICML; MedCPT's re-ranker)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def listwise(scores: torch.Tensor, sizes: Sequence[int]) -> torch.Tensor:
    """The sum over lists of -log of the softmax share of each list's FIRST text.

    scores ``[texts]``: of all lists, one after the other; sizes: texts of each list, two at least.
    """
    import torch

    parts = scores.float().split(list(sizes))
    return torch.stack([torch.logsumexp(part, 0) - part[0] for part in parts]).sum()
