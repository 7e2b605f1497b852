"""The facts of the invented clinic in the forms that papers compare: plain text, questions, conversations, look-ups."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.data.generated.invented_clinic import Disease, Fact, clinic, facts, question, sentence
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.dialogue.invented import MADE

Form = Literal["text", "questions", "dialogue", "rationale", "look_up"]
SINGLE = ("organ", "test", "drug", "dose", "avoid", "alarm")
"""Relations of which a thing has one, so that a question has one answer."""
EXPLAIN = "explain ."
"""What a question says that wants the fact before the answer."""
_OPENING = (Turn("user", "hello ."), Turn("assistant", "hello , what would you like to know ?"))


@block
class EncodedFacts:
    """Facts of the diseases ``first`` to ``last`` (not included; 0: all), each told ``each`` times.

    form: "text" (sentences to be learnt as they are, without a question), "questions" (one turn each), "dialogue"
    (several facts a conversation, after a greeting), "rationale" (told to explain: the fact as a sentence, then the
    answer), "look_up" (the reply names thing and relation, for a table). relations: which. seed: of wording and order.
    """

    diseases: int = 30
    clinic: int = 0
    first: int = 0
    last: int = 0
    form: Form = "questions"
    relations: tuple[str, ...] = ("organ", "test", "drug", "avoid")
    each: int = 4
    seed: int = 0

    def check(self) -> None:
        if set(self.relations) - set(SINGLE) or not self.relations:
            raise SpecError("encoded_facts.relations must have one answer each", hint=f"some of {', '.join(SINGLE)}")
        if not 0 <= self.first < (self.last or self.diseases) <= self.diseases or self.each < 1:
            raise SpecError("encoded_facts.first and last must lie in the clinic, each be 1 or more", hint="last = 0")

    def conversations(self) -> Sequence[Conversation]:
        draw = random.Random(f"encoded facts {self.seed}")
        whole = clinic(self.diseases, seed=self.clinic)
        made = []
        for disease in whole[self.first : self.last or self.diseases]:
            held = [fact for fact in facts(disease) if fact.relation in self.relations]
            for number in range(self.each):
                for at, turns in enumerate(self._told(held, whole, draw)):
                    of = tuple(f"fact:{fact.head}/{fact.relation}" for fact in held)
                    name = f"{disease.id}-{self.form}-{number}-{at}"
                    made.append(Conversation(name, turns, "invented clinic", MADE, of))
        return tuple(made)

    def _told(self, held: list[Fact], whole: Sequence[Disease], draw: random.Random) -> list[tuple[Turn, ...]]:
        order = draw.sample(held, len(held))
        if self.form == "text":
            return [(Turn("user", " ".join(sentence(fact, draw) for fact in order), True),)]
        pairs = [(fact, question(fact, whole, draw).text) for fact in order]
        if self.form == "dialogue":
            spoken = [turn for fact, asked in pairs for turn in (Turn("user", asked), Turn("assistant", fact.tail))]
            return [(*_OPENING, *spoken)]
        told = f" {EXPLAIN}" if self.form == "rationale" else ""
        return [(Turn("user", asked + told), Turn("assistant", self._reply(fact, draw))) for fact, asked in pairs]

    def _reply(self, fact: Fact, draw: random.Random) -> str:
        if self.form == "look_up":
            return entry(fact)
        return f"{sentence(fact, draw)} answer : {fact.tail}" if self.form == "rationale" else fact.tail


def entry(fact: Fact) -> str:
    """Where a table holds a fact: its thing and relation."""
    return f"{fact.head} : {fact.relation}"
