"""The problem list of a note, and what is denied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from osler.data.cohort.conditions import CONDITIONS
from osler.data.cohort.groups import GROUPS
from osler.data.cohort.note import Fact, Writer

if TYPE_CHECKING:
    from osler.data.cohort.patient import Patient


def problems(patient: Patient, writer: Writer) -> None:
    complete = writer.draw() < 0.42
    stated = [item for item in patient.diagnoses if complete or writer.draw() < 0.85]
    loose: list[tuple[str, Fact]] = []
    for item in stated:
        name = writer.one(CONDITIONS[item.code].names)
        year, years = item.onset.year, patient.visit.year - item.onset.year
        if writer.draw() < 0.45:
            form = writer.one(("{n} since {y}", "{n} (dx {y})", "{n} (diagnosed in {y})", "{n} x {d} yrs"))
            if years < 1 and "{d}" in form:
                form = "{n} since {y}"
            text = form.format(n=name, y=year, d=years)
            loose.append((text, Fact("condition", item.code, value=year)))
        else:
            loose.append((name, Fact("condition", item.code)))
    while loose:
        size = 1 + int(writer.draw() * 3.4)
        part, loose = loose[:size], loose[size:]
        listed = _joined([text for text, _ in part], writer)
        writer.say(_HAS, {"list": listed}, *(fact for _, fact in part))
    if complete:
        writer.say(_CLOSED if stated else _NOTHING, {}, Fact("closed", "condition"))
    else:
        denials(patient, writer)


_HAS = (
    "Past medical history is significant for {list}.",
    "PMH: {list}.",
    "Known {list}.",
    "The patient has a history of {list}.",
    "Problem list includes {list}.",
    "Hx of {list}.",
    "Carries a diagnosis of {list}.",
)
_CLOSED = (
    "There are no other chronic medical problems.",
    "No other past medical history.",
    "The problem list is otherwise empty.",
    "Otherwise no known medical conditions.",
)
_NOTHING = ("No past medical history.", "There are no chronic medical problems.", "PMH: none.")


def denials(patient: Patient, writer: Writer) -> None:
    held = {item.code for item in patient.diagnoses}
    for _ in range(int(writer.draw() * 3.2)):
        names: dict[str, tuple[str, ...]] = {}
        while len(names) < 1 + int(writer.draw() * 2.6):
            if writer.draw() < 0.45:
                group = tuple(GROUPS.values())[int(writer.draw() * len(GROUPS))]
                if held.isdisjoint(group.members):
                    names[writer.one(group.names)] = group.members
            else:
                condition = tuple(CONDITIONS.values())[int(writer.draw() * len(CONDITIONS))]
                if condition.recalled and condition.code not in held and condition.sex in ("", patient.sex):
                    names[condition.names[int(writer.draw() * 2)]] = (condition.code,)
        absent = dict.fromkeys(code for members in names.values() for code in members)
        writer.say(
            _DENIES, {"list": _joined(list(names), writer, "or")}, *(Fact("condition", c, False) for c in absent)
        )


_DENIES = (
    "Denies {list}.",
    "There is no history of {list}.",
    "No known {list}.",
    "Negative for {list}.",
    "The patient has never had {list}.",
)


def _joined(texts: list[str], writer: Writer, word: str = "and") -> str:
    if len(texts) < 2:
        return texts[0]
    return ", ".join(texts[:-1]) + (f" {word} " if word == "or" or writer.draw() < 0.7 else ", ") + texts[-1]
