"""Link prediction with DistMult, on edges that were taken out of the graph that the network sees.

Yang et al. 2015, arXiv:1412.6575 (DistMult); Yasunaga et al. 2022, arXiv:2210.09338 (DRAGON: dropped edges of a text's
own subgraph, 64 negatives).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from osler.core.block import block
from osler.core.errors import SpecError

if TYPE_CHECKING:
    import torch

Edges = NDArray[np.int64]


@block
class LinkPrediction:
    """Edges are dropped from the graph and told from made-up ones.

    share: of a subgraph's edges that are dropped. most: dropped edges of a subgraph. negatives: made-up edges for each
    dropped one, half with another head and half with another tail.
    """

    share: float = 0.15
    most: int = 100
    negatives: int = 64

    def check(self) -> None:
        if not 0 < self.share < 1 or min(self.most, self.negatives) < 1:
            raise SpecError(
                "link_prediction needs a share between 0 and 1, and most and negatives of 1 or more",
                hint="share = 0.15, negatives = 64",
            )

    def split(self, edges: Edges, draw: np.random.Generator) -> tuple[Edges, Edges]:
        """(kept, dropped) of the edges ``[n, 3]`` (head, relation, tail).

        Whatever joins the two ends of a dropped edge, in either direction and by any relation, is out of the kept
        ones, so that the network never sees what it is asked for. Only the drawn edges are asked for.
        """
        count = min(self.most, max(1, round(self.share * len(edges)))) if len(edges) > 1 else 0
        asked = np.sort(draw.choice(len(edges), count, replace=False))
        ends = np.sort(edges[:, [0, 2]], axis=1)
        gone = {tuple(pair) for pair in ends[asked].tolist()}
        kept = np.array([tuple(pair) not in gone for pair in ends.tolist()], bool).reshape(len(edges))
        return edges[kept], edges[asked]

    def corrupted(self, dropped: Edges, edges: Edges, nodes: int, draw: np.random.Generator) -> Edges:
        """Made-up edges ``[dropped, negatives, 3]`` over ``nodes`` nodes. A true edge of ``edges`` is drawn again; after
        ten tries it stays, as in a graph in which nearly all is true."""
        made = np.repeat(dropped[:, None, :], self.negatives, axis=1)
        side = np.where(np.arange(self.negatives) < self.negatives // 2, 0, 2)
        true = {tuple(edge) for edge in edges.tolist()}
        for row in made:
            for place, edge in enumerate(row):
                for _ in range(10):
                    edge[side[place]] = draw.integers(nodes)
                    if tuple(edge.tolist()) not in true:
                        break
        return made


def distmult(heads: torch.Tensor, relations: torch.Tensor, tails: torch.Tensor) -> torch.Tensor:
    """The plausibility of edges ``[...]`` from vectors ``[..., width]``: the sum of the products of all three."""
    return (heads.float() * relations.float() * tails.float()).sum(-1)


def link_loss(right: torch.Tensor, wrong: torch.Tensor) -> torch.Tensor:
    """The sum over dropped edges ``right [n]`` of -log sigmoid, and of the mean over the made-up ones ``wrong [n, k]`` of
    -log(1 - sigmoid), each half; divide by n."""
    from torch.nn.functional import logsigmoid

    return -(logsigmoid(right).sum() + logsigmoid(-wrong).mean(-1).sum()) / 2
