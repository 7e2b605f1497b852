"""An invented medicine, small enough for a tiny network to learn: diseases with signs, tests, drugs and doses that exist
nowhere else, told as abstracts, notes, questions and dialogues.

Nothing in it can be known from elsewhere, so what a model answers about it was learnt in the training under test.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from osler.core.errors import DataError

RELATIONS = ("symptom", "organ", "test", "drug", "dose", "avoid", "alarm")
_STARTS = (
    "bra",
    "cor",
    "del",
    "fen",
    "gor",
    "hal",
    "jun",
    "kel",
    "lom",
    "mar",
    "nor",
    "pel",
    "qua",
    "ral",
    "sen",
    "tor",
)
_MIDDLES = ("ba", "ci", "do", "fu", "li", "mo", "na", "pe", "ri", "so", "ta", "vu")
_ENDS = {
    "name": ("osis", "itis", "emia", "oma", "algia"),
    "drug": ("mab", "pril", "statin", "azole", "idine"),
    "test": ("scopy", "gram", "assay"),
    "symptom": ("spasm", "rash", "ache", "tremor", "swelling"),
}
ORGANS = ("liver", "kidney", "lung", "heart", "spleen", "bowel", "skin", "brain")
DOSES = (5, 10, 20, 40, 50, 80, 100, 200)
ALARMS = ("fainting", "bleeding", "confusion", "blindness")
_NAMES = ("Anna Berg", "Peter Holm", "Maria Lund", "Jonas Vik", "Clara Roth", "David Kern", "Elsa Brand", "Omar Said")
_TOWNS = ("Norwick", "Easthaven", "Millbrook", "Stonefield")

_WORDINGS: dict[str, tuple[str, ...]] = {
    "symptom": ("{head} causes {tail} .", "patients with {head} have {tail} .", "{tail} is a sign of {head} ."),
    "organ": ("{head} is a disease of the {tail} .", "{head} harms the {tail} .", "the {tail} is ill in {head} ."),
    "test": ("{head} is found by {tail} .", "{tail} shows {head} .", "the test for {head} is {tail} ."),
    "drug": ("{head} is treated with {tail} .", "{tail} cures {head} .", "the drug for {head} is {tail} ."),
    "dose": ("{head} is given as {tail} mg .", "the dose of {head} is {tail} mg .", "take {tail} mg of {head} ."),
    "avoid": ("never give {tail} in {head} .", "{tail} is dangerous in {head} .", "avoid {tail} in {head} ."),
    "alarm": ("{tail} in {head} is an emergency .", "with {head} and {tail} call for help ."),
}
_ASKED: dict[str, tuple[str, ...]] = {
    "symptom": ("which sign belongs to {head} ?", "what does {head} cause ?"),
    "organ": ("which organ is ill in {head} ?", "what does {head} harm ?"),
    "test": ("which test shows {head} ?", "how is {head} found ?"),
    "drug": ("which drug treats {head} ?", "what is {head} treated with ?"),
    "dose": ("what is the dose of {head} ?", "how much {head} is given ?"),
    "avoid": ("which drug is dangerous in {head} ?", "what must never be given in {head} ?"),
    "alarm": ("when is {head} an emergency ?", "which sign with {head} needs help at once ?"),
}


class Disease(NamedTuple):
    """``dose``: of the drug, in mg. ``avoid``: a drug of another disease that is dangerous in this one. ``alarm``: the
    sign that makes it an emergency."""

    id: str
    name: str
    symptoms: tuple[str, ...]
    organ: str
    test: str
    drug: str
    dose: int
    avoid: str
    alarm: str


class Fact(NamedTuple):
    """A triple; the head of a dose is the drug, of all others the disease. ``disease``: the id it belongs to."""

    head: str
    relation: str
    tail: str
    disease: str


class Question(NamedTuple):
    """``options``: texts in order; ``answer``: the place of the right one."""

    id: str
    text: str
    options: tuple[str, ...]
    answer: int
    fact: Fact


class Span(NamedTuple):
    start: int
    end: int
    kind: str


class Note(NamedTuple):
    """A note on a patient. ``spans``: exact character ranges of kinds disease, symptom, drug, test, and of the identifiers
    name, date, town and number. With placeholders the identifiers are masked as in notes released for research."""

    id: str
    text: str
    disease: str
    spans: tuple[Span, ...]


class Said(NamedTuple):
    """A turn of a dialogue: ``by`` is patient or doctor; ``asks``: whether the turn is a question."""

    by: str
    text: str
    asks: bool


def clinic(n: int = 40, *, seed: int = 0) -> tuple[Disease, ...]:
    """``n`` diseases, at most 400, no two with the same name, drug or test; the same for the same seed."""
    if not 1 <= n <= 400:
        raise DataError(f"an invented clinic has 1 to 400 diseases, got {n}", hint="set diseases to such a number")
    draw = random.Random(f"invented clinic {seed}")
    names, drugs, tests = (_words(kind, n, draw) for kind in ("name", "drug", "test"))
    signs = _words("symptom", max(8, n), draw)
    made = []
    for row in range(n):
        other = (row + draw.randrange(1, n)) % n if n > 1 else row
        made.append(
            Disease(
                id=f"d{row}",
                name=names[row],
                symptoms=tuple(draw.sample(signs, 3)),
                organ=draw.choice(ORGANS),
                test=tests[row],
                drug=drugs[row],
                dose=draw.choice(DOSES),
                avoid=drugs[other],
                alarm=draw.choice(ALARMS),
            )
        )
    return tuple(made)


def _words(kind: str, n: int, draw: random.Random) -> list[str]:
    whole = [start + middle + end for start in _STARTS for middle in _MIDDLES for end in _ENDS[kind]]
    return draw.sample(whole, n)


def facts(disease: Disease) -> tuple[Fact, ...]:
    """All that is true of a disease: three signs, its organ, test, drug, dose, the drug to avoid, the alarm sign."""
    tails = [("symptom", sign) for sign in disease.symptoms]
    tails += [("organ", disease.organ), ("test", disease.test), ("drug", disease.drug)]
    made = [Fact(disease.name, relation, tail, disease.id) for relation, tail in tails]
    made.append(Fact(disease.drug, "dose", str(disease.dose), disease.id))
    made += [
        Fact(disease.name, "avoid", disease.avoid, disease.id),
        Fact(disease.name, "alarm", disease.alarm, disease.id),
    ]
    return tuple(made)


def sentence(fact: Fact, draw: random.Random) -> str:
    """A fact in one of its wordings, words and marks apart by spaces."""
    return draw.choice(_WORDINGS[fact.relation]).format(head=fact.head, tail=fact.tail)


def abstract(disease: Disease, draw: random.Random) -> str:
    """All facts of a disease in any order and wording."""
    told = [sentence(fact, draw) for fact in facts(disease)]
    draw.shuffle(told)
    return " ".join(told)


def question(fact: Fact, diseases: Sequence[Disease], draw: random.Random, *, options: int = 4) -> Question:
    """A question on a fact with other tails of its relation as wrong options, in a drawn order."""
    own = {tail for one in diseases if one.id == fact.disease for tail in _tails(one, fact.relation)}
    pool = sorted({tail for one in diseases for tail in _tails(one, fact.relation)} - own)
    wrong = draw.sample(pool, min(options - 1, len(pool)))
    texts = [fact.tail, *wrong]
    draw.shuffle(texts)
    asked = draw.choice(_ASKED[fact.relation]).format(head=fact.head)
    return Question(f"{fact.disease}-{fact.relation}-{fact.tail}", asked, tuple(texts), texts.index(fact.tail), fact)


def _tails(disease: Disease, relation: str) -> list[str]:
    return [fact.tail for fact in facts(disease) if fact.relation == relation]


def note(disease: Disease, draw: random.Random, *, number: int = 0, placeholders: bool = False) -> Note:
    """A short note on a patient with the disease: who, when, where, complaints, finding and plan."""
    given, town = draw.choice(_NAMES), draw.choice(_TOWNS)
    date = f"{draw.randrange(1, 29):02d}.{draw.randrange(1, 13):02d}.20{draw.randrange(10, 26)}"
    record = str(draw.randrange(100000, 999999))
    marks = {"name": "[NAME]", "date": "[DATE]", "town": "[PLACE]", "number": "[ID]"}
    shown = {"name": given, "date": date, "town": town, "number": record}
    first, second = draw.sample(disease.symptoms, 2)
    parts: list[tuple[str, str]] = [
        (marks["name"] if placeholders else shown["name"], "name"),
        (" , record ", ""),
        (marks["number"] if placeholders else shown["number"], "number"),
        (" , was seen on ", ""),
        (marks["date"] if placeholders else shown["date"], "date"),
        (" in ", ""),
        (marks["town"] if placeholders else shown["town"], "town"),
        (draw.choice((" with ", " because of ", " after a week of ")), ""),
        (first, "symptom"),
        (" and ", ""),
        (second, "symptom"),
        (draw.choice((" . no ", " . there was no ", " . denied ")), ""),
        (disease.alarm, ""),
        (" . ", ""),
        (disease.test, "test"),
        (draw.choice((" showed ", " was in keeping with ", " proved ")), ""),
        (disease.name, "disease"),
        (" . started ", ""),
        (disease.drug, "drug"),
        (f" {disease.dose} mg .", ""),
    ]
    text, spans = "", []
    for piece, kind in parts:
        if kind and not (placeholders and kind in marks):
            spans.append(Span(len(text), len(text) + len(piece), kind))
        text += piece
    return Note(f"{disease.id}-n{number}", text, disease.id, tuple(spans))


def dialogue(disease: Disease, draw: random.Random, *, asks: float = 0.5) -> tuple[Said, ...]:
    """A consultation: the patient names one sign; the doctor asks for another before advising with the probability
    ``asks``, and then advises drug and dose; with a question the advice comes after its answer."""
    first, second = draw.sample(disease.symptoms, 2)
    told = [Said("patient", draw.choice((f"i have {first} .", f"my problem is {first} .")), False)]
    if draw.random() < asks:
        told.append(Said("doctor", draw.choice((f"do you also have {second} ?", f"is there {second} , too ?")), True))
        told.append(Said("patient", draw.choice(("yes .", "yes , since last week .")), False))
    told.append(Said("doctor", f"this may be {disease.name} . take {disease.dose} mg of {disease.drug} .", False))
    return tuple(told)
