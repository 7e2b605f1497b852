"""Question templates over the records of all patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from osler.data.generated.record_questions_chart import Chart, Value
from osler.data.generated.record_questions_patient import quoted
from osler.data.generated.record_questions_solution import Call, Question, as_list

Wide = Callable[[Sequence[Chart], Random], Question | None]
_MOST_LISTED = 12


def _asked(template: str, text: str, answer: str, **how: Any) -> Question:
    return Question(id="", template=template, text=text, patient="", answer=answer, **how)


def _conditions(charts: Sequence[Chart]) -> dict[str, set[str]]:
    """Condition -> ids of the patients who ever had it."""
    held: dict[str, set[str]] = {}
    for chart in charts:
        for span in chart.conditions:
            held.setdefault(span.text, set()).add(chart.id)
    return held


def with_and_without(charts: Sequence[Chart], rng: Random) -> Question | None:
    held = _conditions(charts)
    one, other = rng.sample(sorted(held), 2)
    found = held[one] - held[other]
    if not 1 <= len(found) <= _MOST_LISTED:
        return None
    return _asked(
        "with_and_without",
        f"Which patients have ever had {one} and never {other}? Give a JSON list of ids in alphabetical order.",
        as_list(found),
        form="list",
        calls=tuple(Call({"type": "Condition", "code": name}, all_pages=True) for name in (one, other)),
        read="minus",
        sql=f"SELECT DISTINCT patient_id FROM conditions WHERE text = {quoted(one)} AND patient_id NOT IN "
        f"(SELECT patient_id FROM conditions WHERE text = {quoted(other)})",
    )


def patients_with(charts: Sequence[Chart], rng: Random) -> Question | None:
    held = _conditions(charts)
    name = rng.choice(sorted(held))
    return _asked(
        "patients_with",
        f"How many patients have ever had {name}?",
        str(len(held[name])),
        form="whole",
        calls=(Call({"type": "Condition", "code": name}, all_pages=True),),
        read="patients",
        sql=f"SELECT count(DISTINCT patient_id) FROM conditions WHERE text = {quoted(name)}",
    )


def patients_on(charts: Sequence[Chart], rng: Random) -> Question | None:
    held: dict[str, set[str]] = {}
    for chart in charts:
        for event in chart.prescriptions:
            if event.status == "active":
                held.setdefault(event.text, set()).add(chart.id)
    name = rng.choice(sorted(held))
    return _asked(
        "patients_on",
        f"How many patients have an active prescription of {name}?",
        str(len(held[name])),
        form="whole",
        calls=(Call({"type": "MedicationRequest", "code": name, "status": "active"}, all_pages=True),),
        read="patients",
        sql=f"SELECT count(DISTINCT patient_id) FROM medications WHERE status = 'active' AND text = {quoted(name)}",
    )


def born_before(charts: Sequence[Chart], rng: Random) -> Question | None:
    day = rng.choice(charts).birth.replace(month=1, day=1)
    return _asked(
        "born_before",
        f"How many patients were born before {day}?",
        str(sum(chart.birth < day for chart in charts)),
        form="whole",
        # The last day that counts is the eve, and a search ends with a day that counts.
        calls=(Call({"type": "Patient", "until": f"{day.year - 1}-12-31", "limit": 1}),),
        read="count",
        sql=f"SELECT count(*) FROM patients WHERE birth_date < '{day}'",
    )


def highest_value(charts: Sequence[Chart], rng: Random) -> Question | None:
    values: dict[str, list[tuple[Value, str]]] = {}
    for chart in charts:
        for value in chart.values:
            values.setdefault(value.text, []).append((value, chart.id))
    name = rng.choice(sorted(values))
    found = values[name]
    top = max(value.number for value, _ in found)
    who = {patient for value, patient in found if value.number == top}
    if len(who) > 1 or len({value.unit for value, _ in found}) > 1 or len(found) < 3:
        return None
    return _asked(
        "highest_value",
        f"Which patient has the highest value of {name} ever recorded? Give the id.",
        who.pop(),
        form="text",
        calls=(Call({"type": "Observation", "code": name}, all_pages=True),),
        read="highest",
        sql=f"SELECT patient_id FROM observations WHERE text = {quoted(name)} ORDER BY value DESC LIMIT 1",
    )
