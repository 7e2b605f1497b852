"""Several indexes asked at once, their lists made one: by ranks or by scores."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index

Hits = list[tuple[Passage, float]]


@block
class Fused:
    """Reciprocal rank fusion (Cormack et al. 2009, SIGIR, "Reciprocal Rank Fusion outperforms Condorcet").

    score(d) = sum over the indexes that find d of 1 / (``constant`` + rank), ranks from 1. The paper's constant is 60;
    MedRAG uses 100 and TrialGPT 20 with ranks from 0 (give 19 here). ``depth``: how many of each list count, 0 as many as
    are asked for and at least 100. A passage is told by its id. Equal scores: the better best rank, then the earlier index.
    """

    indexes: tuple[Index, ...] = (BM25(),)
    constant: float = 60.0
    depth: int = 0

    def check(self) -> None:
        if not self.indexes or self.constant < 0 or self.depth < 0:
            raise SpecError("fused needs an index, and constant and depth of 0 or more")

    async def search(self, query: str, k: int) -> Hits:
        if k < 1:
            return []
        lists = await searched(self.indexes, query, self.depth or max(100, k))
        return merged(
            [[(item, 1.0 / (self.constant + rank)) for rank, (item, _) in enumerate(hits, 1)] for hits in lists]
        )[:k]


@block
class Weighted:
    """The weighted mean of scores, put on one scale per query and index first.

    ``scale``: "minmax" takes the first ``depth`` scores of a list to 0 .. 1, what a list does not hold gets 0; "z" takes
    them to a mean of 0 and a deviation of 1, and what a list does not hold gets its lowest. Where all scores of a list are
    equal they count 1 ("z": 0). Weights are taken as shares of their sum.
    """

    indexes: tuple[Index, ...] = (BM25(),)
    weights: tuple[float, ...] = (1.0,)
    depth: int = 0
    scale: Literal["minmax", "z"] = "minmax"

    def check(self) -> None:
        if not self.indexes or self.depth < 0:
            raise SpecError("weighted needs an index and a depth of 0 or more")
        if len(self.weights) != len(self.indexes) or min(self.weights) < 0 or not sum(self.weights):
            raise SpecError(
                f"weighted needs one weight of 0 or more for each of its {len(self.indexes)} indexes, not all 0",
                hint="weights = [0.3, 0.7]",
            )

    async def search(self, query: str, k: int) -> Hits:
        if k < 1:
            return []
        lists = await searched(self.indexes, query, self.depth or max(100, k))
        total = sum(self.weights)
        scaled, floor = [], 0.0
        for hits, weight in zip(lists, self.weights, strict=True):
            values = _scaled([score for _, score in hits], self.scale)
            least = min(values, default=0.0) if self.scale == "z" else 0.0
            # What a list lacks gets its lowest score: everything else is counted from there.
            scaled.append(
                [(item, (value - least) * weight / total) for (item, _), value in zip(hits, values, strict=True)]
            )
            floor += least * weight / total
        return [(item, score + floor) for item, score in merged(scaled)[:k]]


async def searched(indexes: Sequence[Index], query: str, depth: int) -> list[Hits]:
    """The lists of all indexes for a query, side by side."""
    return list(await asyncio.gather(*(index.search(query, depth) for index in indexes)))


def merged(lists: Iterable[Hits]) -> Hits:
    """Passages of several lists with the sum of their scores, best first; ties by best rank, then by list."""
    scores: dict[str, float] = {}
    first: dict[str, tuple[int, int]] = {}
    held: dict[str, Passage] = {}
    for number, hits in enumerate(lists):
        for rank, (item, score) in enumerate(hits):
            scores[item.id] = scores.get(item.id, 0.0) + score
            first[item.id] = min(first.get(item.id, (rank, number)), (rank, number))
            held.setdefault(item.id, item)
    order = sorted(scores, key=lambda name: (-scores[name], first[name]))
    return [(held[name], scores[name]) for name in order]


def _scaled(scores: Sequence[float], scale: Literal["minmax", "z"]) -> list[float]:
    if not scores:
        return []
    low, high = min(scores), max(scores)
    if low == high:
        return [1.0 if scale == "minmax" else 0.0] * len(scores)
    if scale == "minmax":
        return [(score - low) / (high - low) for score in scores]
    mean = sum(scores) / len(scores)
    deviation = (sum((score - mean) ** 2 for score in scores) / len(scores)) ** 0.5
    return [(score - mean) / deviation for score in scores]
