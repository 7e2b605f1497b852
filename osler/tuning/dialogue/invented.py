"""Conversations of the invented clinic, for experiments: what a model says of them it learnt in the training under test."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.data.generated.invented_clinic import RELATIONS, Disease, Said, clinic, dialogue, facts, question
from osler.tuning.dialogue.conversation import Conversation, Turn

MADE = "template: invented clinic"
LETTERS = "ABCDEFGH"


@block
class InventedDialogues:
    """Consultations: the patient names a sign, the doctor asks for another or gives drug and dose.

    asks: the share in which the doctor asks before the advice. advice: the share of advising turns that are learnt, the
    others are only read. each: consultations per disease. diseases, clinic: of ``invented_clinic.clinic``, of which those from
    ``first`` up to ``last`` (not included; 0: all) consult. seed: of wording and order of signs.
    """

    diseases: int = 40
    clinic: int = 0
    first: int = 0
    last: int = 0
    each: int = 10
    asks: float = 0.5
    advice: float = 1.0
    seed: int = 0

    def check(self) -> None:
        if self.each < 1 or not 0 <= self.asks <= 1 or not 0 <= self.advice <= 1:
            raise SpecError("invented_dialogues.each must be 1 or more, asks and advice shares", hint="asks = 0.5")
        if not 0 <= self.first < (self.last or self.diseases) <= self.diseases:
            raise SpecError("invented_dialogues.first and last must lie in the clinic", hint="first = 0, last = 0")

    def conversations(self) -> Sequence[Conversation]:
        draw = random.Random(f"invented dialogues {self.seed}")
        made = []
        for disease in clinic(self.diseases, seed=self.clinic)[self.first : self.last or self.diseases]:
            for number in range(self.each):
                said = dialogue(disease, draw, asks=self.asks)
                turns = tuple(self._turn(one, draw) for one in said)
                made.append(
                    Conversation(f"{disease.id}-c{number}", turns, "invented clinic", MADE, (f"disease:{disease.id}",))
                )
        return tuple(made)

    def _turn(self, said: Said, draw: random.Random) -> Turn:
        if said.by == "patient":
            return Turn("user", said.text)
        only_read = not said.asks and self.advice < 1 and draw.random() >= self.advice
        return Turn("assistant", said.text, False if only_read else None)


@block
class InventedQuestions:
    """Questions on facts of the invented clinic with their answers, one turn each.

    form: "open" answers with the fact's end, "options" with letter and text of one of four. relations: which facts, all
    where it is empty. each: wordings of a question. skip: diseases at the end of the clinic that are left out.
    """

    diseases: int = 40
    clinic: int = 0
    relations: tuple[str, ...] = ()
    form: Literal["open", "options"] = "open"
    each: int = 2
    skip: int = 0
    seed: int = 0

    def check(self) -> None:
        unknown = sorted(set(self.relations) - set(RELATIONS))
        if unknown:
            raise SpecError(
                f"the invented clinic has no relation {unknown[0]!r}", hint=f"one of {', '.join(RELATIONS)}"
            )
        if self.each < 1 or not 0 <= self.skip < self.diseases:
            raise SpecError("invented_questions.each must be 1 or more, skip fewer than the diseases", hint="skip = 0")

    def conversations(self) -> Sequence[Conversation]:
        draw = random.Random(f"invented questions {self.seed}")
        whole = clinic(self.diseases, seed=self.clinic)
        made = []
        for disease in whole[: len(whole) - self.skip]:
            made += self._of(disease, whole, draw)
        return tuple(made)

    def _of(self, disease: Disease, whole: Sequence[Disease], draw: random.Random) -> list[Conversation]:
        made = []
        for fact in facts(disease):
            if self.relations and fact.relation not in self.relations:
                continue
            for number in range(self.each):
                asked = question(fact, whole, draw)
                text, answer = asked.text, fact.tail
                if self.form == "options":
                    listed = "\n".join(f"{LETTERS[at]} . {option}" for at, option in enumerate(asked.options))
                    text, answer = f"{asked.text}\n{listed}", f"{LETTERS[asked.answer]} . {fact.tail}"
                turns = (Turn("user", text), Turn("assistant", answer))
                of = (f"fact:{fact.head}/{fact.relation}/{fact.tail}",)
                made.append(Conversation(f"{asked.id}-{number}", turns, "invented clinic", MADE, of))
        return made
