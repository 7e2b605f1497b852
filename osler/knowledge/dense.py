"""Dense retrieval: passages near the query in the space of a sentence encoder (Karpukhin et al. 2020, arXiv:2004.04906)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ClassVar, Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.dense_index import DenseIndex
from osler.knowledge.passages import Collection, PassageFile
from osler.models.embedding import Embeds
from osler.models.encoder import Encoder

Progress = Callable[[int, int], None]


@block
class Dense:
    """The passages whose vectors are nearest to that of the query.

    encoder: of the passages, and of the query where ``query_encoder`` is None; MedCPT has one for each (Jin et al. 2023,
    arXiv:2307.00589). similarity: ``cosine``, or ``dot`` for encoders trained so. exact_below: up to so many passages
    every vector is compared; above, a graph is searched (usearch, extra ``search``; without it all are compared).
    cache: where vectors of passages are kept between processes under the hash of their text, never the text itself:
    a folder, ``user`` for the user's own cache, "" for nowhere; a knowledge store keeps its own. Results with equal
    scores stand in the order of their ids, so they are the same whatever happened to the collection before.

    A live collection is asked before each search, and what changed is brought in first.
    """

    collection: Collection = PassageFile()
    encoder: Embeds = Encoder(precision="int8")
    query_encoder: Embeds | None = None
    similarity: Literal["cosine", "dot"] = "cosine"
    exact_below: int = 20_000
    cache: str = "user"

    operational: ClassVar[tuple[str, ...]] = ("cache",)

    def check(self) -> None:
        if self.exact_below < 0:
            raise SpecError(f"dense.exact_below must be 0 or more, got {self.exact_below}")

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """The ``k`` nearest passages with their similarity, best first. The first call builds the index."""
        if k < 1:
            return []
        await self.build()
        return await self._index.search(query, k)

    async def build(self, progress: Progress | None = None) -> int:
        """Bring in what the index lacks; gives how many passages were touched. ``progress(done, total)`` is told how
        many vectors there are so far, from a thread."""
        index = self._index
        return await asyncio.to_thread(index.catch_up, progress) if index.behind else 0

    @property
    def note(self) -> str:
        """What a reader of results should know of how they were searched; "" where there is nothing."""
        return self._index.note

    @property
    def _index(self) -> DenseIndex:
        held: DenseIndex | None = self.__dict__.get("_held")
        if held is None:
            made = DenseIndex(
                self.collection,
                self.encoder,
                self.query_encoder or self.encoder,
                cosine=self.similarity == "cosine",
                exact_below=self.exact_below,
                cache=self.cache,
            )
            held = self.__dict__.setdefault("_held", made)  # of two threads the first one's index is used
        return held
