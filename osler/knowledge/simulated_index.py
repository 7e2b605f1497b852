"""A simulated index: a product with knobs, to hold fusion and reading against theory, never a stand-in for a search."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.passages import Collection, Live, PassageList


@block
class SimulatedIndex:
    """A search of known quality over ``collection``. It is told which passage each query should find.

    gold: query to the id of its passage. finds: probability that the passage is found at all, drawn once for each query.
    top: probability that a passage which is found stands first; its rank r is geometric, so that it is among the first k
    with probability finds x (1 - (1 - top)^k). rank: puts every passage that is found at this rank instead. The other places are
    taken by passages drawn from the collection. Indexes with the same ``seed`` make the same errors, with different seeds
    independent ones.
    """

    collection: Collection = PassageList()
    gold: Mapping[str, str] = {}
    finds: float = 0.8
    top: float = 0.4
    rank: int = 0
    seed: int = 0

    def check(self) -> None:
        if not 0 <= self.finds <= 1 or not 0 < self.top <= 1 or self.rank < 0:
            raise SpecError(
                f"simulated_index needs finds from 0 to 1, top above 0 and at most 1, and a rank of 0 or more, got "
                f"{self.finds}, {self.top} and {self.rank}",
                hint="finds = 0.8, top = 0.4",
            )

    def recall(self, k: int) -> float:
        """The probability that the passage of a query is among the first ``k``."""
        if self.rank:
            return self.finds * (k >= self.rank)
        return self.finds * (1.0 - (1.0 - self.top) ** k)

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]:
        """``k`` passages, best first; the score is 1 / rank."""
        if k < 1:
            return []
        passages = self.collection.passages()
        wanted = self.gold.get(query, "")
        rng = random.Random(f"{self.seed}/{query}")
        found, drawn = rng.random() < self.finds, 1.0 - rng.random()
        place = self.rank or 1 + (0 if self.top == 1 else int(math.log(drawn) / math.log(1.0 - self.top)))
        picked = [passages[at] for at in rng.sample(range(len(passages)), min(len(passages), k + 1))]
        out = [passage for passage in picked if passage.id != wanted][:k]
        gold = self._place(wanted, passages)
        if found and gold is not None and place <= k:
            out.insert(place - 1, passages[gold])
        return [(passage, 1.0 / rank) for rank, passage in enumerate(out[:k], 1)]

    def _place(self, name: str, passages: Sequence[Passage]) -> int | None:
        held: dict[str, int] | None = self.__dict__.get("_at")
        if held is None or isinstance(self.collection, Live):
            held = self.__dict__["_at"] = {item.id: at for at, item in enumerate(passages)}
        return held.get(name)
