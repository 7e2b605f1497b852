"""What is true of a patient, as plain rows: from the cohort's own patient, or from a raw FHIR bundle.

This is the ground that answers are computed on. It shares no code with the readers that tools use
(``osler.data.fhir``, ``osler.data.record_database``), so that an error there shows as a wrong answer.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from osler.data.cohort.conditions import CONDITIONS
from osler.data.cohort.measures import MEASURES
from osler.data.cohort.patient import Patient
from osler.data.cohort.treatments import ALLERGENS, OPERATIONS

Day = datetime.date


class Span(NamedTuple):
    """A condition: from ``start`` until before ``end`` (None: it lasts)."""

    text: str
    start: Day
    end: Day | None


class Event(NamedTuple):
    """An encounter (``text`` is its class), a prescription (``status``), a procedure or an immunization."""

    text: str
    day: Day
    status: str = ""


class Value(NamedTuple):
    """A measured number; ``day`` as it was written down, ``time`` to order by."""

    text: str
    number: float
    unit: str
    day: Day
    time: datetime.datetime


class Chart(NamedTuple):
    id: str
    sex: str
    birth: Day
    conditions: tuple[Span, ...]
    prescriptions: tuple[Event, ...]
    values: tuple[Value, ...]
    encounters: tuple[Event, ...]
    procedures: tuple[Event, ...]
    allergies: tuple[str, ...]

    def of(self, measure: str) -> list[Value]:
        """The values of ``measure``, oldest first."""
        return sorted((one for one in self.values if one.text == measure), key=lambda one: one.time)


def from_patient(patient: Patient, name: str) -> Chart:
    """The chart of a patient of the cohort; ``name`` is the id under which records show it."""
    visits = [Event("AMB", patient.visit), *(Event("IMP", stay.date) for stay in patient.admissions)]
    return Chart(
        id=name,
        sex={"F": "female", "M": "male"}[patient.sex],
        birth=patient.birth,
        conditions=tuple(Span(CONDITIONS[one.code].names[0], one.onset, None) for one in patient.diagnoses),
        prescriptions=tuple(Event(one.drug, patient.visit, "active") for one in patient.medications),
        values=tuple(
            Value(MEASURES[one.code].names[0], one.value, MEASURES[one.code].unit, one.date, _midnight(one.date))
            for one in (*patient.labs, *patient.vitals)
        ),
        encounters=tuple(visits),
        procedures=tuple(Event(OPERATIONS[one.code].names[0], one.date) for one in patient.surgeries),
        allergies=tuple(ALLERGENS[one.code][0] for one in patient.allergies),
    )


def from_bundle(bundle: Mapping[str, Any]) -> Chart:
    """The chart in a raw FHIR bundle of one patient."""
    held: dict[str, list[Mapping[str, Any]]] = {}
    for entry in bundle["entry"]:
        held.setdefault(entry["resource"]["resourceType"], []).append(entry["resource"])
    person = held["Patient"][0]
    return Chart(
        id=person["id"],
        sex=person["gender"],
        birth=Day.fromisoformat(person["birthDate"]),
        conditions=tuple(
            Span(
                one["code"]["text"],
                _day(one["onsetDateTime"]),
                _day(one["abatementDateTime"]) if "abatementDateTime" in one else None,
            )
            for one in held.get("Condition", ())
        ),
        prescriptions=tuple(
            Event(one["medicationCodeableConcept"]["text"], _day(one["authoredOn"]), one["status"])
            for one in held.get("MedicationRequest", ())
        ),
        values=tuple(value for one in held.get("Observation", ()) for value in _values(one)),
        encounters=tuple(
            Event(one["class"]["code"], _day(one["period"]["start"])) for one in held.get("Encounter", ())
        ),
        procedures=tuple(
            Event(
                one["code"]["text"],
                _day(one["performedPeriod"]["start"] if "performedPeriod" in one else one["performedDateTime"]),
            )
            for one in held.get("Procedure", ())
        ),
        allergies=tuple(one["code"]["text"] for one in held.get("AllergyIntolerance", ())),
    )


def _values(resource: Mapping[str, Any]) -> Iterator[Value]:
    when = resource["effectiveDateTime"]
    for part in (resource, *resource.get("component", ())):
        if "valueQuantity" in part:
            quantity = part["valueQuantity"]
            yield Value(part["code"]["text"], quantity["value"], quantity.get("unit", ""), _day(when), _time(when))


def _day(text: str) -> Day:
    return Day.fromisoformat(text[:10])


def _time(text: str) -> datetime.datetime:
    found = datetime.datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)


def _midnight(day: Day) -> datetime.datetime:
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.UTC)
