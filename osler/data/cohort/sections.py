"""The sections of a note. Each takes the patient and the writer, and states some of what is true.

No pronoun is used: the sentence that states the sex is the opening one. Sentences that only imply it (a pregnancy, a
prostate) are not gold evidence of it, and neither are names.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from osler.data.cohort.measures import MEASURES, printed
from osler.data.cohort.note import Fact, Piece, Writer, fill, shown_date
from osler.data.cohort.sections_history import (
    allergies,
    consent,
    course,
    family,
    medications,
    smoking,
    surgeries,
    women,
)
from osler.data.cohort.sections_problems import problems

if TYPE_CHECKING:
    from osler.data.cohort.patient import Measurement, Patient


def header(patient: Patient, writer: Writer) -> None:
    who, style = patient.identity, patient.key % 4
    values = {
        "name": who.name,
        "last": f"{who.family}, {who.given}",
        "mrn": who.mrn,
        "visit": shown_date(patient.visit, style),
        "birth": shown_date(patient.birth, style),
        "hospital": who.hospital,
        "doctor": who.doctor,
        "age": str(patient.age),
    }
    if writer.draw() < 0.6:
        # A date of birth beside the date of the visit states the age, so that fact is put down here as well.
        writer.say(
            (
                "Patient: {name:NAME}, MRN {mrn:MRN}, born {birth:DATE}, seen {visit:DATE} at {hospital:HOSPITAL}.",
                "{last:NAME} (MRN {mrn:MRN}; DOB {birth:DATE}) - visit of {visit:DATE}, {hospital:HOSPITAL}.",
                "{hospital:HOSPITAL}, {visit:DATE}: {name:NAME}, date of birth {birth:DATE}, record number {mrn:MRN}.",
            ),
            values,
            Fact("age", value=patient.age),
        )
    else:
        writer.say(
            (
                "{name:NAME} was seen on {visit:DATE} at {hospital:HOSPITAL} by Dr. {doctor:DOCTOR}.",
                "Visit note, {visit:DATE}, {hospital:HOSPITAL}; attending: Dr. {doctor:DOCTOR}; patient {last:NAME}.",
                "Dr. {doctor:DOCTOR} saw {name:NAME} (MRN {mrn:MRN}) on {visit:DATE}.",
            ),
            values,
        )


def opening(patient: Patient, writer: Writer) -> None:
    female = patient.sex == "F"
    ethnicity = patient.identity.ethnicity
    values = {
        "age": str(patient.age),
        "person": "woman" if female else "man",
        "gender": "female" if female else "male",
        "letter": patient.sex,
        "ethnic": f"{ethnicity} " if ethnicity != "Other" and writer.draw() < 0.4 else "",
        "complaint": patient.complaint,
    }
    sex = Fact("sex", patient.sex)
    stated = any(fact.kind == "age" for sentence in writer.sentences for fact in sentence.facts)
    if stated and writer.draw() < 0.1:
        writer.say(
            ("This {ethnic}{person} comes for {complaint}.", "{person} presenting with {complaint}."), values, sex
        )
    elif writer.draw() < 0.07:
        writer.say(("A {person} presents with {complaint}.", "{gender} patient, c/o {complaint}."), values, sex)
    else:
        writer.say(
            (
                "{age:AGE}-year-old {ethnic}{person} who presents with {complaint}.",
                "{age:AGE} y/o {gender} here for {complaint}.",
                "{age:AGE}yo {letter} w/ {complaint}.",
                "The patient is a {ethnic}{person} aged {age:AGE} years with {complaint}.",
                "Pt is a {age:AGE} year old {gender} reporting {complaint}.",
            ),
            values,
            sex,
            Fact("age", value=patient.age),
        )


def results(patient: Patient, writer: Writer) -> None:
    style = patient.key % 4
    by_day: dict[datetime.date, list[Measurement]] = {}
    for item in patient.labs:
        if writer.draw() < 0.8:
            by_day.setdefault(item.date, []).append(item)
    for day, items in sorted(by_day.items()):
        while items:
            size = 2 + int(writer.draw() * 4)
            part, items = items[:size], items[size:]
            pieces = fill(
                writer.one(("Labs on {day:DATE}: ", "Laboratory results of {day:DATE} show ", "On {day:DATE}, ")),
                {"day": shown_date(day, style)},
            )
            pieces.append(Piece(", ".join(_measured(item, writer) for item in part) + "."))
            writer.write(pieces, [_fact(item) for item in part])


def examination(patient: Patient, writer: Writer) -> None:
    vitals = {item.code: item for item in patient.vitals}
    if writer.draw() < 0.75:
        systolic, diastolic = vitals["sbp"], vitals["dbp"]
        values = {"s": printed("sbp", systolic.value), "d": printed("dbp", diastolic.value)}
        writer.say(
            ("BP {s}/{d} mmHg.", "Blood pressure was {s}/{d} mmHg.", "BP today {s}/{d}."),
            values,
            _fact(systolic),
            _fact(diastolic),
        )
    part = [item for code, item in vitals.items() if code in ("heart_rate", "spo2") and writer.draw() < 0.6]
    if part:
        writer.write(
            [Piece("vitals: " + ", ".join(_measured(item, writer) for item in part) + ".")],
            [_fact(item) for item in part],
        )
    if writer.draw() < 0.55:
        item = vitals["bmi"]
        writer.say(("BMI {v} kg/m2.", "Body mass index is {v} kg/m2."), {"v": printed("bmi", item.value)}, _fact(item))
    if "lvef" in vitals and writer.draw() < 0.75:
        item = vitals["lvef"]
        writer.say(
            (
                "Echocardiogram: LVEF {v}%.",
                "TTE showed a left ventricular ejection fraction of {v}%.",
                "EF {v}% on echo.",
            ),
            {"v": printed("lvef", item.value)},
            _fact(item),
        )
    if "ecog" in vitals and writer.draw() < 0.9:
        item = vitals["ecog"]
        writer.say(
            ("ECOG performance status {v}.", "Performance status is ECOG {v}."),
            {"v": printed("ecog", item.value)},
            _fact(item),
        )
    writer.say(_EXAM, {})


_EXAM = (
    "Lungs clear to auscultation, abdomen soft.",
    "Physical examination is otherwise unremarkable.",
    "Exam: alert and oriented, no focal deficit.",
    "Heart sounds normal, no edema.",
    "Denies chest pain, fever or chills today.",
)


def plan(patient: Patient, writer: Writer) -> None:
    who, day = patient.identity, patient.visit + datetime.timedelta(days=28 + patient.key % 60)
    values = {
        "doctor": who.doctor,
        "phone": who.phone,
        "email": who.email,
        "street": who.street,
        "city": who.city,
        "state": who.state,
        "zip": who.zip,
        "day": shown_date(day, patient.key % 4),
        "family": who.family,
    }
    if writer.draw() < 0.45:
        writer.say(
            (
                "Lives at {street:ADDRESS}, {city:CITY}, {state} {zip:ZIP}.",
                "Home address: {street:ADDRESS}, {city:CITY} {state} {zip:ZIP}; lives with family.",
            ),
            values,
        )
    if writer.draw() < 0.6:
        writer.say(
            (
                "Can be reached at {phone:PHONE}.",
                "Phone {phone:PHONE}, e-mail {email:EMAIL}.",
                "Call {phone:PHONE} with results.",
            ),
            values,
        )
    writer.say(
        (
            "Follow-up with Dr. {doctor:DOCTOR} on {day:DATE}.",
            "RTC {day:DATE}.",
            "Next visit is planned for {day:DATE}.",
            "{family:NAME} will return on {day:DATE}.",
        ),
        values,
    )


def _measured(item: Measurement, writer: Writer) -> str:
    measure = MEASURES[item.code]
    name, value = writer.one(measure.names), printed(item.code, item.value)
    unit = "%" if measure.unit == "%" else f" {measure.unit}" if measure.unit else ""
    return writer.one((f"{name} {value}{unit}", f"{name} of {value}{unit}", f"{name}: {value}{unit}"))


def _fact(item: Measurement) -> Fact:
    return Fact("measure", item.code, value=item.value, day=item.date.toordinal())


SECTIONS: tuple[Callable[[Patient, Writer], None], ...] = (
    header,
    opening,
    course,
    problems,
    surgeries,
    medications,
    allergies,
    family,
    smoking,
    women,
    results,
    examination,
    consent,
    plan,
)
