"""Several collections of conversations as one, by shares; made and real rows never mix unless that is said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.tuning.dialogue.conversation import Conversation


@block
class MixedConversations:
    """``parts`` by ``ratios`` (equal where they are left out), in one shuffled order.

    rows: how many in all; 0 takes as many as the scarcest part allows at these ratios. No row is used twice unless
    ``repeats``. synthetic: "refused" raises DataError where made and real rows would mix; "tagged" allows it, each row
    keeps its tag, and a model's card counts them. Ids get the number of their part before them.
    """

    parts: tuple[Any, ...] = ()
    ratios: tuple[float, ...] = ()
    rows: int = 0
    repeats: bool = False
    synthetic: Literal["refused", "tagged"] = "refused"
    seed: int = 0

    def check(self) -> None:
        if any(not hasattr(part, "conversations") for part in self.parts):
            raise SpecError("mixed_conversations.parts must be conversations", hint='{ use = "conversation_files" }')
        if self.ratios and (len(self.ratios) != len(self.parts) or min(self.ratios) < 0 or not sum(self.ratios)):
            raise SpecError(
                f"mixed_conversations needs a ratio of 0 or more for each of {len(self.parts)} parts",
                hint="ratios = [1, 3]",
            )
        if self.rows < 0 or (self.repeats and not self.rows):
            raise SpecError("mixed_conversations.rows must be above 0 where rows repeat", hint="rows = 1000")

    def conversations(self) -> Sequence[Conversation]:
        found = [part.conversations() for part in self.parts]
        ratios = np.asarray(self.ratios or [1.0] * len(found))
        used = [number for number, share in enumerate(ratios) if share > 0]
        self._one_kind([one for number in used for one in found[number]])
        wanted = self._counts(found, ratios / ratios.sum())
        draw = np.random.default_rng(self.seed)
        picked = []
        for number, (rows, count) in enumerate(zip(found, wanted, strict=True)):
            order = [int(at) for _ in range(-(-count // max(1, len(rows)))) for at in draw.permutation(len(rows))]
            seen: Counter[int] = Counter()
            for at in order[:count]:
                again = f"/{seen[at]}" if seen[at] else ""
                seen[at] += 1
                picked.append(rows[at]._replace(id=f"{number}/{rows[at].id}{again}"))
        return tuple(picked[int(at)] for at in draw.permutation(len(picked)))

    def _counts(self, found: Sequence[Sequence[Conversation]], shares: Any) -> list[int]:
        used = [number for number, share in enumerate(shares) if share > 0]
        if not used or any(not found[number] for number in used):
            raise DataError("a part of mixed_conversations holds no conversation", hint="check its data")
        most = min(len(found[number]) / shares[number] for number in used)
        if self.rows > most + 1e-9 and not self.repeats:
            raise DataError(
                f"the parts of mixed_conversations hold {int(most)} rows at these ratios, {self.rows} are wanted",
                hint="lower rows, or set repeats = true",
            )
        total = self.rows or int(most + 1e-9)
        return [round(total * float(share)) for share in shares]

    def _one_kind(self, rows: Sequence[Conversation]) -> None:
        kinds = Counter(bool(row.made) for row in rows)
        if len(kinds) == 2 and self.synthetic == "refused":
            raise DataError(
                f"{kinds[True]} made conversations would mix with {kinds[False]} written by people",
                hint='say so with synthetic = "tagged"; each row keeps its tag',
            )
