"""Notes of the synthetic cohort and texts of the invented medicine: corpora that need no data folder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.data.cohort import generate
from osler.data.generated import invented_clinic as invented
from osler.tuning.corpora.corpus import Text

TEMPLATE = "template"


@block
class CohortNotes:
    """The visit notes of ``patients`` synthetic patients. ``group``: patients of another group are other people; those
    of "test" are what tasks on the cohort test on. All are tagged as made by a template."""

    patients: int = 200
    seed: int = 0
    group: str = "bulk"

    def check(self) -> None:
        if self.patients < 1:
            raise SpecError(f"cohort_notes.patients must be 1 or more, got {self.patients}", hint="patients = 200")

    def texts(self) -> Iterator[Text]:
        """One note a patient, one sentence a line."""
        for patient in generate(self.patients, self.seed, self.group):
            yield Text(f"{patient.id}-s{self.seed}", patient.note.text, "cohort", made=TEMPLATE)


@block
class Invented:
    """Texts of an invented medicine of ``diseases`` diseases, ``each`` of every disease, all tagged as made by a template.

    kind: "abstracts" (all facts of a disease in drawn wordings), "notes" (on patients), "masked_notes" (identifiers as
    placeholders), "questions" (a question and its right answer), "dialogues", or "triples" (one fact a text). ``seed``
    draws the medicine, ``wording`` the wordings: another wording tells the same facts in other words. ``alone``: only
    these diseases (ids d0, d1, ...), () for all. Abstracts are linked where a disease warns of another's drug.
    """

    diseases: int = 40
    each: int = 4
    seed: int = 0
    wording: int = 0
    kind: Literal["abstracts", "notes", "masked_notes", "questions", "dialogues", "triples"] = "abstracts"
    alone: tuple[str, ...] = ()

    def check(self) -> None:
        if not 1 <= self.diseases <= 400 or self.each < 1:
            raise SpecError("invented needs 1 to 400 diseases and each of 1 or more", hint="diseases = 40, each = 4")

    def texts(self) -> Iterator[Text]:
        """Copy after copy through the diseases, so that a disease's texts do not stand side by side."""
        clinic = invented.clinic(self.diseases, seed=self.seed)
        treats = {one.drug: one.id for one in clinic}
        for copy in range(self.each):
            for one in clinic:
                if self.alone and one.id not in self.alone:
                    continue
                name = f"{one.id}-{self.kind}-{copy}-w{self.wording}"
                draw = random.Random(f"{self.seed}/{name}")
                links: tuple[str, ...] = ()
                if self.kind == "abstracts" and treats[one.avoid] != one.id:
                    links = (f"{treats[one.avoid]}-{self.kind}-{copy}-w{self.wording}",)
                yield Text(name, self._told(one, clinic, draw), "invented", links, made=TEMPLATE)

    def _told(self, one: invented.Disease, clinic: tuple[invented.Disease, ...], draw: random.Random) -> str:
        if self.kind == "abstracts":
            return invented.abstract(one, draw)
        if self.kind in ("notes", "masked_notes"):
            return invented.note(one, draw, placeholders=self.kind == "masked_notes").text
        if self.kind == "dialogues":
            return "\n".join(f"{said.by} : {said.text}" for said in invented.dialogue(one, draw))
        fact = draw.choice(invented.facts(one))
        if self.kind == "triples":
            return invented.sentence(fact, draw)
        asked = invented.question(fact, clinic, draw)
        return f"{asked.text} {asked.options[asked.answer]} ."
