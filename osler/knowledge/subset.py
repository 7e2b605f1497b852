"""A part of a collection, drawn at random: for a first look, and for what must run in minutes."""

from __future__ import annotations

import random
from collections.abc import Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.passages import Collection, PassageFile, fixed


@block
class Subset:
    """At most ``most`` passages of ``collection``, the same ones for the same ``seed``, in the collection's order."""

    collection: Collection = PassageFile()
    most: int = 200
    seed: int = 0

    def check(self) -> None:
        if self.most < 1:
            raise SpecError(f"subset.most must be at least 1, got {self.most}", hint="most = 200")
        fixed(self.collection, "subset")

    def passages(self) -> Sequence[Passage]:
        held: tuple[Passage, ...] | None = self.__dict__.get("_passages")
        if held is None:
            every = self.collection.passages()
            rng = random.Random(f"subset/{self.seed}")
            picked = sorted(rng.sample(range(len(every)), min(self.most, len(every))))
            held = self.__dict__["_passages"] = tuple(every[at] for at in picked)
        return held
