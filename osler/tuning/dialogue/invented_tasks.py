"""Kinds of task on the invented clinic: each gives the beginning of a sentence and wants its end."""

from __future__ import annotations

import random
from collections.abc import Sequence

from osler.core.block import block
from osler.core.errors import SpecError, nearest
from osler.data.generated.invented_clinic import clinic, facts
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.dialogue.invented import MADE

KINDS: dict[str, tuple[str, str]] = {
    "treated": ("drug", "{head} is treated with"),
    "the drug": ("drug", "the drug for {head} is"),
    "found": ("test", "{head} is found by"),
    "the test": ("test", "the test for {head} is"),
    "harms": ("organ", "{head} harms the"),
    "disease of": ("organ", "{head} is a disease of the"),
    "given": ("dose", "{head} is given as"),
    "the dose": ("dose", "the dose of {head} is"),
}
"""Relation and wording of each kind, as abstracts word them."""


@block
class InventedTasks:
    """``rows`` tasks (0: ``each`` of every disease and kind) of the kinds named, all where none is; the same number of
    rows for one kind or for many is the same budget."""

    diseases: int = 20
    clinic: int = 0
    kinds: tuple[str, ...] = ()
    each: int = 1
    rows: int = 0
    seed: int = 0

    def check(self) -> None:
        for kind in self.kinds:
            if kind not in KINDS:
                raise SpecError(f"invented_tasks has no kind {kind!r}", hint=nearest(kind, KINDS))
        if self.each < 1 or self.rows < 0:
            raise SpecError("invented_tasks.each must be 1 or more, rows 0 or more", hint="rows = 0 takes all")

    def conversations(self) -> Sequence[Conversation]:
        draw = random.Random(f"invented tasks {self.seed}")
        whole = []
        for disease in clinic(self.diseases, seed=self.clinic):
            held = {fact.relation: fact for fact in facts(disease)}
            for kind in self.kinds or tuple(KINDS):
                relation, wording = KINDS[kind]
                fact = held[relation]
                whole.append((disease.id, kind, wording.format(head=fact.head), fact.tail))
        drawn = [one for _ in range(-(-self.rows // len(whole))) for one in draw.sample(whole, len(whole))]
        rows = drawn[: self.rows] if self.rows else whole * self.each
        return tuple(
            Conversation(
                f"{disease}-{kind}-{number}",
                (Turn("user", asked), Turn("assistant", answer)),
                "invented clinic",
                MADE,
                (f"disease:{disease}",),
            )
            for number, (disease, kind, asked, answer) in enumerate(rows)
        )
