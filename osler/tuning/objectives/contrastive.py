"""InfoNCE: a query's own text before all others of the batch, and a text's own query (extra ``local``).

van den Oord et al. 2018, arXiv:1807.03748; the weighted sum of both directions and the weight of clicks are those of
MedCPT (Jin et al. 2023, arXiv:2307.00589, section 2.2). Gradient cache: Gao et al. 2021, arXiv:2101.06983.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.errors import SpecError

if TYPE_CHECKING:
    import torch


@block
class InfoNCE:
    """How vectors are compared and which negatives count.

    similarity: "dot" as MedCPT, "cosine" with a ``temperature`` as sentence encoders. forward_share: weight of the loss
    that looks for the text of a query; the rest looks for the query of a text. hard: so many of a row's own wrong texts
    stand in the batch, drawn anew in every pass. masked: whether texts that are known to be right for a query as well
    (the same text, one named in ``also``, the text of an equal query) are taken out of its negatives.
    """

    similarity: Literal["dot", "cosine"] = "cosine"
    temperature: float = 0.05
    forward_share: float = 0.8
    hard: int = 0
    masked: bool = True

    def check(self) -> None:
        if not self.temperature > 0 or not 0 <= self.forward_share <= 1 or self.hard < 0:
            raise SpecError(
                "info_nce needs a temperature above 0, a forward_share from 0 to 1 and hard of 0 or more",
                hint="leave them out for the defaults",
            )

    def loss(
        self, queries: torch.Tensor, texts: torch.Tensor, weights: torch.Tensor, excused: torch.Tensor
    ) -> torch.Tensor:
        """The sum over rows of weight times loss; to be divided by the sum of the weights.

        queries ``[n, width]``; texts ``[n + m, width]``, of which text i is right for query i and the last m are wrong
        for all they are not excused for; weights ``[n]``; excused ``[n, n + m]``: pairs that are no negatives.
        """
        import torch

        if self.similarity == "cosine":
            queries, texts = (torch.nn.functional.normalize(side, dim=1) for side in (queries, texts))
        with torch.autocast(queries.device.type, enabled=False):
            scores = queries.float() @ texts.float().T / self.temperature
        scores = scores.masked_fill(excused, -torch.inf)
        n = len(queries)
        own = torch.arange(n, device=scores.device)
        ahead = torch.nn.functional.cross_entropy(scores, own, reduction="none")
        back = torch.nn.functional.cross_entropy(scores[:, :n].T, own, reduction="none")
        return (weights * (self.forward_share * ahead + (1 - self.forward_share) * back)).sum()


def excused(queries: Sequence[str], texts: Sequence[str], also: Sequence[frozenset[str]]) -> NDArray[np.bool_]:
    """Which pairs of a batch are no negatives, ``[n, n + m]``: never the right pair (i, i) itself.

    queries: what tells queries apart; texts: ids of the texts, the first n right for the query of the same place;
    also: ids of other texts that are right for each query.
    """
    n = len(queries)
    right: dict[str, set[str]] = {}
    for query, text, more in zip(queries, texts, also, strict=False):
        right.setdefault(query, set()).update({text}, more)
    out = np.array([[text in right[query] for text in texts] for query in queries], bool).reshape(n, len(texts))
    out[np.arange(n), np.arange(n)] = False
    return out


def cached(encode: Callable[[Any], torch.Tensor], pieces: Sequence[Any]) -> torch.Tensor:
    """The vectors of all pieces ``[n, width]``, with gradients, in the memory of one piece's forward pass.

    The gradient cache: the first pass keeps the vectors only; where the gradient of a piece's vectors is known it is
    computed again, with the same dropout, and its gradient goes on into the weights. The gradients are those of one
    large pass, for a second forward pass as the price.
    """
    import torch
    from torch.utils.checkpoint import checkpoint

    return torch.cat([checkpoint(encode, piece, use_reentrant=False) for piece in pieces])
