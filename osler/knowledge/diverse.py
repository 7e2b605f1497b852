"""Maximal marginal relevance: passages that are relevant and not alike."""

from __future__ import annotations

from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.models.embedding import Embeds
from osler.models.encoder import Encoder


@block
class Diverse:
    """Maximal marginal relevance (Carbonell and Goldstein 1998, SIGIR, section 2) over the best ``pool`` of ``inner``.

    Passages are taken one by one; the next is that with the largest
    ``balance`` x relevance - (1 - balance) x the largest cosine with one that is taken. ``relevance``: the cosine of query and
    passage ("cosine", as published), or the score of ``inner`` brought to 0 .. 1 ("score"). balance 1 is relevance
    alone, 0 is difference alone. Ties keep the order of ``inner``. The score of a passage is what it was taken for, so
    that scores need not fall.
    """

    inner: Index = BM25()
    encoder: Embeds = Encoder()
    balance: float = 0.7
    pool: int = 50
    relevance: Literal["cosine", "score"] = "cosine"

    def check(self) -> None:
        if not 0 <= self.balance <= 1 or self.pool < 1:
            raise SpecError(f"diverse needs a balance from 0 to 1 and a pool of at least 1, got {self.balance}")

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        import numpy as np

        hits = await self.inner.search(query, max(k, self.pool)) if k > 0 else []
        if not hits:
            return []
        vectors = np.asarray(await self.encoder.embed([query, *(item.text for item, _ in hits)]), np.float64)
        asked, held = vectors[0], vectors[1:]
        near = held @ asked
        if self.relevance == "score":
            scores = np.array([score for _, score in hits])
            spread = float(np.ptp(scores))
            near = (scores - scores.min()) / spread if spread else np.ones(len(hits))
        alike = np.zeros(len(hits))
        found: list[tuple[Passage, float]] = []
        left = np.ones(len(hits), bool)
        while len(found) < min(k, len(hits)):
            values = self.balance * near - (1 - self.balance) * alike
            best = int(np.argmax(np.where(left, values, -np.inf)))
            found.append((hits[best][0], float(values[best])))
            left[best] = False
            nearness = held @ held[best]
            alike = nearness if len(found) == 1 else np.maximum(alike, nearness)
        return found
