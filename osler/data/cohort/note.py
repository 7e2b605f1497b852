"""The note of a visit: numbered sentences, what each of them states, and where identifiers stand.

A fact is put down when its sentence is written, so labels follow from the text by construction. Every stated fact is
true of the patient, but not every truth is stated.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from osler.data.cohort.patient import Patient

OVER = 89
"""Ages above this identify a person (45 CFR 164.514(b)(2)(i)(C)); years alone and lower ages do not."""


MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


class Fact(NamedTuple):
    """What a sentence states.

    ``kind`` and ``code``: age, sex (F, M), condition, medication, measure, allergy, smoking (status), drinks,
    pregnancy, menopause, contraception, surgery, family, admission, consent, language (name), and closed, whose code
    names a list that is stated to be complete (condition, medication, allergy, surgery, family; admission for the 12
    months before the visit). ``present`` False is a denial. ``value``: age in years, year of onset (0 if not said), dose
    a day, measured value, pack-years (0 if not said), drinks a week, months before the visit. ``day``: proleptic day
    number of a measurement.
    """

    kind: str
    code: str = ""
    present: bool = True
    value: float = 0.0
    day: int = 0


class Span(NamedTuple):
    """An identifier: ``note.text[start:end] == text``.

    ``type`` is NAME, DATE, AGE (above 89 only), MRN, PHONE, EMAIL, ADDRESS (street), CITY, ZIP, HOSPITAL or DOCTOR.
    """

    start: int
    end: int
    type: str
    text: str


class Sentence(NamedTuple):
    id: str
    text: str
    facts: tuple[Fact, ...]


class Note(NamedTuple):
    """``text`` is the sentences, one on each line."""

    sentences: tuple[Sentence, ...]
    spans: tuple[Span, ...]
    text: str


class Piece(NamedTuple):
    """A part of a sentence; with a ``type`` it is an identifier."""

    text: str
    type: str = ""


_FIELD = re.compile(r"\{(\w+)(?::(\w+))?\}")


@lru_cache(maxsize=4096)
def _compiled(template: str) -> tuple[tuple[str, str, str], ...]:
    """(text before, field, type) of each field, and the rest with an empty field."""
    out: list[tuple[str, str, str]] = []
    end = 0
    for match in _FIELD.finditer(template):
        out.append((template[end : match.start()], match[1], match[2] or ""))
        end = match.end()
    out.append((template[end:], "", ""))
    return tuple(out)


def fill(template: str, values: Mapping[str, str]) -> list[Piece]:
    """``{field}`` is replaced by its value; ``{field:TYPE}`` also marks the value as an identifier."""
    out: list[Piece] = []
    for before, field, kind in _compiled(template):
        if before:
            out.append(Piece(before))
        if field:
            out.append(Piece(values[field], kind))
    return out


def shown_date(day: datetime.date, style: int) -> str:
    """A date as notes write it; ``style`` 0 to 3 is kept through a note."""
    if style == 0:
        return day.isoformat()
    if style == 1:
        return f"{day.month:02d}/{day.day:02d}/{day.year}"
    month = MONTHS[day.month - 1]
    return f"{month} {day.day}, {day.year}" if style == 2 else f"{day.day} {month[:3]} {day.year}"


class Writer:
    """Collects sentences; keeps count of where each character of the note stands."""

    def __init__(self, rng: Random) -> None:
        self.draw = rng.random
        self.sentences: list[Sentence] = []
        self._spans: list[Span] = []
        self._offset = 0

    def one(self, options: Sequence[str]) -> str:
        return options[int(self.draw() * len(options))]

    def write(self, pieces: Sequence[Piece], facts: Sequence[Fact] = ()) -> None:
        """One sentence of ``pieces``; a first letter that is no identifier becomes a capital."""
        position = self._offset
        texts: list[str] = []
        for text, kind in pieces:
            if not texts and not kind:
                text = text[:1].upper() + text[1:]
            texts.append(text)
            end = position + len(text)
            if kind and (kind != "AGE" or int(text) > OVER):
                self._spans.append(Span(position, end, kind, text))
            position = end
        self._offset = position + 1
        self.sentences.append(Sentence(str(len(self.sentences)), "".join(texts), tuple(facts)))

    def say(self, options: Sequence[str], values: Mapping[str, str], *facts: Fact) -> None:
        """One sentence from one of the templates in ``options``."""
        self.write(fill(self.one(options), values), facts)

    def note(self) -> Note:
        return Note(tuple(self.sentences), tuple(self._spans), "\n".join(sentence.text for sentence in self.sentences))


def render(patient: Patient, rng: Random) -> Note:
    """The note of ``patient``; ``rng`` decides what is stated and how it is worded."""
    from osler.data.cohort.sections import SECTIONS

    writer = Writer(rng)
    for section in SECTIONS:
        section(patient, writer)
    return writer.note()
