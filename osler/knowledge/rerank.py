"""Re-ranking: the first passages that an index finds are read again, with the question, by a slower and better judge.

Nogueira and Cho 2019, arXiv:1901.04085; MedCPT's second stage (Jin et al. 2023, arXiv:2307.00589, section 2.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.knowledge.rerank_features import FeatureReranker


@runtime_checkable
class Ranker(Protocol):
    """A block that says how well passages answer a query: the higher the better, comparable within one call only."""

    async def relevance(self, query: str, found: Sequence[tuple[Passage, float]]) -> Any:
        """``[n]`` numbers for the passages of ``found``, which stand in the order and with the scores of a search."""
        ...


@block
class Reranked:
    """The first ``depth`` passages of ``inner`` in the order of ``scorer``; those beyond keep their places behind them.

    scorer: a CrossEncoder or a FeatureReranker. blend: weight of the inner index's own scores beside the scorer's, both
    standardised over the passages re-ranked (0: the scorer alone; 0.5: as much as the scorer). Ties keep the inner order. The
    score given is that blend; passages beyond the depth go on below the lowest of it, one apart.
    """

    inner: Index = BM25()
    scorer: Ranker = FeatureReranker()
    depth: int = 50
    blend: float = 0.0

    def check(self) -> None:
        if self.depth < 1 or not 0 <= self.blend < 1:
            raise SpecError(
                f"reranked needs depth of 1 or more and blend from 0 to below 1, got {self.depth} and {self.blend}",
                hint="blend = 0 takes the scorer alone",
            )

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """At most ``k`` passages, best first. The inner index is asked for ``depth``, or ``k`` where that is more."""
        import numpy as np

        if k < 1:
            return []
        found = await self.inner.search(query, max(k, self.depth))
        head, tail = found[: self.depth], found[self.depth :]
        if not head:
            return []
        judged = np.asarray(await self.scorer.relevance(query, head), np.float64)
        if self.blend:
            own = np.array([score for _, score in head])
            judged = (1 - self.blend) * _standard(judged) + self.blend * _standard(own)
        order = np.argsort(-judged, kind="stable")
        ranked = [(head[place][0], float(judged[place])) for place in order]
        lowest = ranked[-1][1]
        ranked += [(passage, lowest - place) for place, (passage, _) in enumerate(tail, 1)]
        return ranked[:k]


def _standard(values: Any) -> Any:
    """Mean 0 and standard deviation 1; all 0 where the values are equal."""
    spread = float(values.std())
    return (values - values.mean()) / spread if spread > 0 else values * 0.0
