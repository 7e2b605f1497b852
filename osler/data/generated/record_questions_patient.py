"""Question templates over the record of one patient. Each gives a question, or None where it would not be clear."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from random import Random
from typing import Any

from osler.data.generated.record_questions_chart import Chart, Day, Value
from osler.data.generated.record_questions_solution import MISSING, Call, Question, written

Template = Callable[[Chart, Random], Question | None]
_ROUND = 0.005  # a value this near to the middle of two roundings is not asked for


def quoted(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def _asked(chart: Chart, template: str, text: str, answer: str, **how: Any) -> Question:
    return Question(id="", template=template, text=text, patient=chart.id, answer=answer, **how)


def _measure(chart: Chart, rng: Random, least: int) -> list[Value] | None:
    """The values of a measure with ``least`` or more of them, in one unit and no two at one time."""
    names = sorted({value.text for value in chart.values})
    rng.shuffle(names)
    for name in names:
        found = chart.of(name)
        clear = len({value.time for value in found}) == len(found) and len({value.unit for value in found}) == 1
        if len(found) >= least and clear:
            return found
    return None


def _call(chart: Chart, kind: str, *, pages: bool = False, **more: Any) -> Call:
    return Call({"type": kind, "patient": chart.id, **more}, pages)


def _where(chart: Chart, text: str) -> str:
    return f"WHERE patient_id = {quoted(chart.id)} AND text = {quoted(text)}"


def _within(unit: str) -> str:
    return f" in {unit}" if unit else ""


def latest_value(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 1)
    if not found:
        return None
    name, last = found[0].text, found[-1]
    return _asked(
        chart,
        "latest_value",
        f"What is the latest value of {name}{_within(last.unit)}? Round to at most two decimals.",
        written(last.number, "number"),
        form="number",
        calls=(_call(chart, "Observation", code=name, sort="newest", limit=1),),
        read="first:value",
        sql=f"SELECT value FROM observations {_where(chart, name)} ORDER BY time DESC LIMIT 1",
    )


def extreme_value(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 2)
    if not found:
        return None
    name, kind = found[0].text, rng.choice(("max", "min"))
    numbers = [value.number for value in found]
    return _asked(
        chart,
        "extreme_value",
        f"What is the {'highest' if kind == 'max' else 'lowest'} value ever recorded of {name}{_within(found[0].unit)}? "
        "Round to at most two decimals.",
        written(max(numbers) if kind == "max" else min(numbers), "number"),
        form="number",
        calls=(_call(chart, "Observation", pages=True, code=name),),
        read=kind,
        sql=f"SELECT {kind}(value) FROM observations {_where(chart, name)}",
    )


def mean_value(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 2)
    if not found:
        return None
    name, mean = found[0].text, math.fsum(value.number for value in found) / len(found)
    if abs(mean * 10 % 1 - 0.5) < _ROUND:
        return None
    return _asked(
        chart,
        "mean_value",
        f"What is the mean of all values of {name}{_within(found[0].unit)}? Round to one decimal.",
        written(mean, "mean"),
        form="mean",
        calls=(_call(chart, "Observation", pages=True, code=name),),
        read="mean",
        sql=f"SELECT avg(value) FROM observations {_where(chart, name)}",
    )


def change_of_value(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 2)
    if not found:
        return None
    name, change = found[0].text, found[-1].number - found[0].number
    if abs(change * 100 % 1 - 0.5) < _ROUND:
        return None
    last = f"(SELECT value FROM observations {_where(chart, name)} ORDER BY time DESC LIMIT 1)"
    first = f"(SELECT value FROM observations {_where(chart, name)} ORDER BY time LIMIT 1)"
    return _asked(
        chart,
        "change_of_value",
        f"By how much did {name}{_within(found[0].unit)} change from its first to its latest value? Give latest minus "
        "first, rounded to at most two decimals.",
        written(change, "number"),
        form="number",
        calls=(_call(chart, "Observation", pages=True, code=name, sort="oldest"),),
        read="change",
        sql=f"SELECT {last} - {first}",
    )


def above_threshold(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 1)
    if not found:
        return None
    name, last = found[0].text, found[-1]
    cut = float(round(last.number * rng.choice((0.8, 0.95, 1.05, 1.2)), 1))
    if abs(cut - last.number) < 1e-6:
        return None
    return _asked(
        chart,
        "above_threshold",
        f"Is the latest value of {name} above {cut:g}{' ' + last.unit if last.unit else ''}?",
        "yes" if last.number > cut else "no",
        form="yes_no",
        calls=(_call(chart, "Observation", code=name, sort="newest", limit=1),),
        read="above",
        extra=cut,
        sql=f"SELECT value > {cut!r} FROM observations {_where(chart, name)} ORDER BY time DESC LIMIT 1",
    )


def times_measured(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 1)
    if not found:
        return None
    name = found[0].text
    return _asked(
        chart,
        "times_measured",
        f"How many values of {name} are recorded?",
        str(len(found)),
        form="whole",
        calls=(_call(chart, "Observation", code=name, limit=1),),
        read="count",
        sql=f"SELECT count(*) FROM observations {_where(chart, name)}",
    )


def first_measured(chart: Chart, rng: Random) -> Question | None:
    found = _measure(chart, rng, 1)
    if not found:
        return None
    name = found[0].text
    return _asked(
        chart,
        "first_measured",
        f"On which day was {name} recorded for the first time?",
        found[0].day.isoformat(),
        form="date",
        calls=(_call(chart, "Observation", code=name, sort="oldest", limit=1),),
        read="first:date",
        sql=f"SELECT date FROM observations {_where(chart, name)} ORDER BY time LIMIT 1",
    )


def never_measured(chart: Chart, rng: Random) -> Question | None:
    """A question that the record cannot answer: the measure is real, but not this patient's."""
    held = {value.text for value in chart.values}
    names = [name for name in ("PSA", "LVEF", "TSH", "BNP", "total bilirubin", "Ferritin") if name not in held]
    if not names:
        return None
    name = rng.choice(names)
    return _asked(
        chart,
        "never_measured",
        f"What is the latest value of {name}? Round to at most two decimals.",
        MISSING,
        form="number",
        calls=(_call(chart, "Observation", code=name, sort="newest", limit=1),),
        read="first:value",
        sql=f"SELECT value FROM observations {_where(chart, name)} ORDER BY time DESC LIMIT 1",
    )


def encounters_between(chart: Chart, rng: Random) -> Question | None:
    if not chart.encounters:
        return None
    days = sorted(event.day for event in chart.encounters)
    since = rng.choice(days) - datetime.timedelta(days=rng.randrange(400))
    until = since + datetime.timedelta(days=rng.randrange(100, 2000))
    kind = rng.choice(("", "", "IMP", "AMB"))
    found = [one for one in chart.encounters if since <= one.day <= until and kind in ("", one.text)]
    extra: dict[str, Any] = {"code": kind} if kind else {}
    also = f" AND class = {quoted(kind)}" if kind else ""
    return _asked(
        chart,
        "encounters_between",
        f"How many encounters{' of class ' + kind if kind else ''} began from {since} to {until} (both days included)?",
        str(len(found)),
        form="whole",
        calls=(_call(chart, "Encounter", since=since.isoformat(), until=until.isoformat(), limit=1, **extra),),
        read="count",
        sql=f"SELECT count(*) FROM encounters WHERE patient_id = {quoted(chart.id)}{also} "
        f"AND start BETWEEN '{since}' AND '{until}'",
    )


def last_encounter(chart: Chart, rng: Random) -> Question | None:
    days = sorted(event.day for event in chart.encounters)
    if not days:
        return None
    until = rng.choice(days) + datetime.timedelta(days=rng.randrange(-40, 200))
    before: list[Day] = [day for day in days if day <= until]
    return _asked(
        chart,
        "last_encounter",
        f"On which day did the last encounter on or before {until} begin?",
        before[-1].isoformat() if before else MISSING,
        form="date",
        calls=(_call(chart, "Encounter", until=until.isoformat(), sort="newest", limit=1),),
        read="first:start",
        sql=f"SELECT max(start) FROM encounters WHERE patient_id = {quoted(chart.id)} AND start <= '{until}'",
    )
