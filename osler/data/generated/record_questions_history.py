"""Question templates over conditions, prescriptions, allergies and procedures of one patient."""

from __future__ import annotations

import datetime
from random import Random
from typing import Any

from osler.data.generated.record_questions_chart import Chart, Span
from osler.data.generated.record_questions_patient import quoted
from osler.data.generated.record_questions_solution import MISSING, Call, Question


def _asked(chart: Chart, template: str, text: str, answer: str, **how: Any) -> Question:
    return Question(id="", template=template, text=text, patient=chart.id, answer=answer, **how)


def _where(chart: Chart, text: str) -> str:
    return f"WHERE patient_id = {quoted(chart.id)} AND text = {quoted(text)}"


def _condition(chart: Chart, rng: Random) -> list[Span]:
    """All spans of one condition, the first onset first."""
    names = sorted({span.text for span in chart.conditions})
    if not names:
        return []
    name = rng.choice(names)
    return sorted((span for span in chart.conditions if span.text == name), key=lambda span: span.start)


def active_on(chart: Chart, rng: Random) -> Question | None:
    spans = _condition(chart, rng)
    if not spans:
        return None
    name, near = spans[0].text, rng.choice(spans)
    day = rng.choice((near.start, near.end or near.start)) + datetime.timedelta(days=rng.randrange(-400, 400))
    held = any(span.start <= day and (span.end is None or span.end > day) for span in spans)
    return _asked(
        chart,
        "active_on",
        f"Was {name} present on {day}? It counts from the day of its onset to the day before it ended.",
        "yes" if held else "no",
        form="yes_no",
        calls=(
            Call({"type": "Condition", "patient": chart.id, "code": name, "until": day.isoformat()}, all_pages=True),
        ),
        read="active",
        extra=day.isoformat(),
        sql=f"SELECT count(*) > 0 FROM conditions {_where(chart, name)} AND onset <= '{day}' "
        f"AND (stop IS NULL OR stop > '{day}')",
    )


def first_onset(chart: Chart, rng: Random) -> Question | None:
    held = {span.text for span in chart.conditions}
    absent = [name for name in ("gout", "Asthma", "epilepsy", "Osteoporosis (disorder)") if name not in held]
    spans = _condition(chart, rng)
    if absent and (not spans or rng.random() < 0.35):
        name, answer = rng.choice(absent), MISSING
    elif spans:
        name, answer = spans[0].text, spans[0].start.isoformat()
    else:
        return None
    return _asked(
        chart,
        "first_onset",
        f"On which day did {name} first begin?",
        answer,
        form="date",
        calls=(Call({"type": "Condition", "patient": chart.id, "code": name, "sort": "oldest", "limit": 1}),),
        read="first:onset",
        sql=f"SELECT min(onset) FROM conditions {_where(chart, name)}",
    )


def age_at_onset(chart: Chart, rng: Random) -> Question | None:
    spans = _condition(chart, rng)
    if not spans:
        return None
    name, day, born = spans[0].text, spans[0].start, chart.birth
    age = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    return _asked(
        chart,
        "age_at_onset",
        f"How many full years old was the patient when {name} first began?",
        str(age),
        form="whole",
        calls=(
            Call({"type": "Patient", "patient": chart.id}),
            Call({"type": "Condition", "patient": chart.id, "code": name, "sort": "oldest", "limit": 1}),
        ),
        read="age",
        sql="SELECT strftime('%Y', c.onset) - strftime('%Y', p.birth_date) - (strftime('%m-%d', c.onset) < "
        "strftime('%m-%d', p.birth_date)) FROM conditions c JOIN patients p ON p.id = c.patient_id WHERE p.id = "
        f"{quoted(chart.id)} AND c.text = {quoted(name)} ORDER BY c.onset LIMIT 1",
    )


def active_conditions(chart: Chart, rng: Random) -> Question | None:
    found = [span for span in chart.conditions if span.end is None]
    return _asked(
        chart,
        "active_conditions",
        "How many conditions with the status active are recorded?",
        str(len(found)),
        form="whole",
        calls=(Call({"type": "Condition", "patient": chart.id, "status": "active", "limit": 1}),),
        read="count",
        sql=f"SELECT count(*) FROM conditions WHERE patient_id = {quoted(chart.id)} AND status = 'active'",
    )


def drug_active(chart: Chart, rng: Random) -> Question | None:
    names = sorted({event.text for event in chart.prescriptions} | {"warfarin", "lisinopril"})
    name = rng.choice(names)
    held = any(event.text == name and event.status == "active" for event in chart.prescriptions)
    return _asked(
        chart,
        "drug_active",
        f"Is there an active prescription of {name}?",
        "yes" if held else "no",
        form="yes_no",
        calls=(Call({"type": "MedicationRequest", "patient": chart.id, "code": name, "status": "active", "limit": 1}),),
        read="exists",
        sql=f"SELECT count(*) > 0 FROM medications {_where(chart, name)} AND status = 'active'",
    )


def drug_by(chart: Chart, rng: Random) -> Question | None:
    if not chart.prescriptions:
        return None
    drug = rng.choice(chart.prescriptions)
    day = drug.day + datetime.timedelta(days=rng.randrange(-300, 300))
    held = any(event.text == drug.text and event.day <= day for event in chart.prescriptions)
    return _asked(
        chart,
        "drug_by",
        f"Had {drug.text} been prescribed on or before {day}?",
        "yes" if held else "no",
        form="yes_no",
        calls=(
            Call(
                {
                    "type": "MedicationRequest",
                    "patient": chart.id,
                    "code": drug.text,
                    "until": day.isoformat(),
                    "limit": 1,
                }
            ),
        ),
        read="exists",
        sql=f"SELECT count(*) > 0 FROM medications {_where(chart, drug.text)} AND date <= '{day}'",
    )


def number_of_allergies(chart: Chart, rng: Random) -> Question | None:
    return _asked(
        chart,
        "number_of_allergies",
        "How many allergies are recorded?",
        str(len(chart.allergies)),
        form="whole",
        calls=(Call({"type": "AllergyIntolerance", "patient": chart.id, "limit": 1}),),
        read="count",
        sql=f"SELECT count(*) FROM allergies WHERE patient_id = {quoted(chart.id)}",
    )


def last_procedure(chart: Chart, rng: Random) -> Question | None:
    if not chart.procedures:
        return None
    name = rng.choice(chart.procedures).text
    day = max(event.day for event in chart.procedures if event.text == name)
    return _asked(
        chart,
        "last_procedure",
        f"On which day was the last {name}?",
        day.isoformat(),
        form="date",
        calls=(Call({"type": "Procedure", "patient": chart.id, "code": name, "sort": "newest", "limit": 1}),),
        read="first:date",
        sql=f"SELECT max(date) FROM procedures {_where(chart, name)}",
    )
