"""A synthetic patient: the whole truth, of which the note states a part."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import NamedTuple

from osler.data.cohort.conditions import ALL, CONDITIONS, Condition
from osler.data.cohort.history import (
    Admission,
    Allergy,
    Smoking,
    Surgery,
    Women,
    admissions_of,
    allergies_of,
    family_of,
    smoking_of,
    surgeries_of,
    women_of,
)
from osler.data.cohort.identity import Identity, identity_of
from osler.data.cohort.labs import labs_of
from osler.data.cohort.measures import rounded
from osler.data.cohort.note import Note, render
from osler.data.cohort.treatments import AS_NEEDED, COMPLAINTS, DRUGS_FOR, WEEKLY


class Diagnosis(NamedTuple):
    code: str
    onset: datetime.date


class Medication(NamedTuple):
    """``dose`` in ``unit`` per intake, ``times`` intakes a day (0 as needed, -1 once a week)."""

    drug: str
    dose: float
    unit: str
    times: int
    reason: str

    @property
    def daily(self) -> float | None:
        """Dose a day in ``unit``; None when it is not taken every day."""
        return None if self.times in (AS_NEEDED, WEEKLY) else self.dose * self.times


class Measurement(NamedTuple):
    code: str
    value: float
    date: datetime.date


@dataclass
class Patient:
    """A patient and the note of the visit. ``id`` names the patient inside its group ("test-p0003").

    ``key`` seeds the wording of the note. Treat it as frozen: it is not, as freezing halves the speed of making one.
    """

    id: str
    sex: str
    birth: datetime.date
    visit: datetime.date
    age: int
    identity: Identity
    diagnoses: tuple[Diagnosis, ...]
    medications: tuple[Medication, ...]
    allergies: tuple[Allergy, ...]
    labs: tuple[Measurement, ...]
    vitals: tuple[Measurement, ...]
    smoking: Smoking
    drinks: int
    women: Women
    surgeries: tuple[Surgery, ...]
    family: tuple[tuple[str, str], ...]
    admissions: tuple[Admission, ...]
    complaint: str
    consents: bool
    key: int

    @cached_property
    def note(self) -> Note:
        """The note of the visit, rendered once: the same patient has the same note."""
        return render(self, Random(self.key ^ 0x5EED))

    @property
    def age_group(self) -> str:
        return "18-39" if self.age < 40 else "40-64" if self.age < 65 else "65-89" if self.age < 90 else "90+"


def generate(n: int, seed: int = 0, group: str = "bulk") -> Iterator[Patient]:
    """``n`` patients. Patient i of a group and seed is the same whatever ``n`` is."""
    for index in range(n):
        yield make_patient(index, seed, group)


def make_patient(index: int, seed: int = 0, group: str = "bulk") -> Patient:
    """Patient ``index`` of ``group``: all chance comes from the hash of seed, group and index."""
    key = int.from_bytes(hashlib.blake2b(f"{seed}/{group}/{index}".encode(), digest_size=8).digest())
    rng = Random(key)
    draw = rng.random
    sex = "F" if draw() < 0.52 else "M"
    age = _age(draw())
    visit = datetime.date(2021 + int(draw() * 4), 1 + int(draw() * 12), 1 + int(draw() * 28))
    birth = _birthday(visit, age, draw())
    held = _conditions(rng, sex, age)
    medications = _medications(rng, held)
    drugs = {item.drug for item in medications}
    return Patient(
        id=f"{group}-p{index:04d}",
        sex=sex,
        birth=birth,
        visit=visit,
        age=age,
        identity=identity_of(rng, sex, age),
        diagnoses=_diagnoses(rng, held, visit, age),
        medications=medications,
        allergies=allergies_of(rng, drugs),
        labs=_labs(rng, held, drugs, sex, age, visit),
        vitals=_vitals(rng, held, sex, age, visit),
        smoking=smoking_of(rng, held, age, visit.year),
        drinks=0 if draw() < 0.5 else 1 + int(draw() * 18),
        women=women_of(rng, sex, age),
        surgeries=surgeries_of(rng, held, sex, visit),
        family=family_of(rng),
        admissions=admissions_of(rng, visit),
        complaint=COMPLAINTS[int(draw() * len(COMPLAINTS))],
        consents=draw() < 0.72,
        key=key,
    )


def _age(place: float) -> int:
    """18 to 96: a sixth under 40, four in ten to 64, four in ten to 89, a few above."""
    if place < 0.2:
        return 18 + int(place / 0.2 * 22)
    if place < 0.6:
        return 40 + int((place - 0.2) / 0.4 * 25)
    if place < 0.96:
        return 65 + int((place - 0.6) / 0.36 * 25)
    return 90 + int((place - 0.96) / 0.04 * 7)


def _birthday(visit: datetime.date, age: int, place: float) -> datetime.date:
    """A day of birth at which the patient is ``age`` on the visit."""
    latest = visit.replace(year=visit.year - age)
    return latest - datetime.timedelta(days=int(place * 365))


def _conditions(rng: Random, sex: str, age: int) -> tuple[str, ...]:
    band = 0 if age < 40 else 1 if age < 65 else 2
    held: dict[str, None] = {}
    for condition in ALL:
        place = rng.random()
        share = condition.share[band]
        if place > 0.6 or (condition.sex and condition.sex != sex):
            continue
        if not condition.share[0] and age < _youngest(condition):
            continue
        if condition.needs and not any(code in held for code in condition.needs):
            continue
        for code, factor in condition.boosts:
            if code in held:
                share *= factor
        if place < min(share, 0.6):
            held[condition.code] = None
    return tuple(held)


def _youngest(condition: Condition) -> int:
    """Age in years before which the condition does not begin."""
    return 12 if condition.share[0] >= 0.01 else 58 if condition.share[1] < 0.002 else 36


def _diagnoses(rng: Random, held: tuple[str, ...], visit: datetime.date, age: int) -> tuple[Diagnosis, ...]:
    """Onsets: not in childhood for diseases of later life, and no complication before its cause."""
    onsets: dict[str, datetime.date] = {}
    for code in held:
        condition, place = CONDITIONS[code], rng.random()
        years = min(int(25 * place * place), max(0, age - _youngest(condition)))
        day = visit.replace(year=visit.year - years) - datetime.timedelta(days=int(place * 7919) % 200)
        causes = [onsets[cause] for cause in condition.needs if cause in onsets]
        onsets[code] = max(day, *causes) if causes else day
    return tuple(Diagnosis(code, day) for code, day in onsets.items())


def _medications(rng: Random, held: tuple[str, ...]) -> tuple[Medication, ...]:
    out: dict[str, Medication] = {}
    for code in held:
        for drug in DRUGS_FOR.get(code, ()):
            if drug.code in out or rng.random() >= drug.share or _clashes(drug.code, out):
                continue
            dose = float(drug.doses[int(rng.random() * len(drug.doses))])
            times = drug.times[int(rng.random() * len(drug.times))]
            out[drug.code] = Medication(drug.code, dose, drug.unit, times, code)
    return tuple(out.values())


_RIVALS = (
    {"lisinopril", "losartan"},
    {"atorvastatin", "rosuvastatin"},
    {"warfarin", "apixaban"},
    {"sertraline", "escitalopram"},
    {"ibuprofen", "naproxen"},
    {"methotrexate", "azathioprine"},
)


def _clashes(drug: str, taken: dict[str, Medication]) -> bool:
    """Whether another drug of the kind that is given one at a time is there already."""
    return any(drug in rivals and not rivals.isdisjoint(taken) for rivals in _RIVALS)


def _labs(
    rng: Random, held: tuple[str, ...], drugs: set[str], sex: str, age: int, visit: datetime.date
) -> tuple[Measurement, ...]:
    """Newest values, and for some an older one before it."""
    out: list[Measurement] = []
    recent = visit - datetime.timedelta(days=int(rng.random() * 20))
    before = recent - datetime.timedelta(days=90 + int(rng.random() * 300))
    for code, value in labs_of(rng, held, drugs, sex, age).items():
        if rng.random() < 0.18:
            out.append(Measurement(code, rounded(code, value * (0.8 + 0.5 * rng.random())), before))
        out.append(Measurement(code, value, recent))
    return tuple(out)


def _vitals(rng: Random, held: tuple[str, ...], sex: str, age: int, visit: datetime.date) -> tuple[Measurement, ...]:
    gauss = rng.gauss
    bmi = rounded("bmi", 30.0 + abs(gauss(3, 3.5)) if "obesity" in held else min(29.9, max(17.5, gauss(25, 2.6))))
    height = rounded("height", gauss(163 if sex == "F" else 176, 6.5))
    systolic = gauss(138 if "hypertension" in held else 122, 13)
    values = {
        "bmi": bmi,
        "height": height,
        "weight": rounded("weight", bmi * (height / 100) ** 2),
        "sbp": rounded("sbp", systolic),
        "dbp": rounded("dbp", 0.45 * systolic + gauss(20, 5)),
        "heart_rate": rounded("heart_rate", gauss(84 if "af" in held else 74, 10)),
        "spo2": rounded("spo2", 93 + gauss(0, 2) if "copd" in held else 98 - abs(gauss(0, 1.2))),
    }
    if "hf" in held or "cad" in held:
        values["lvef"] = rounded("lvef", gauss(38, 9) if "hf" in held else gauss(57, 5))
    if rng.random() < 0.3:
        values["ecog"] = float(min(4, int(rng.random() * (2.2 + age / 40))))
    return tuple(Measurement(code, value, visit) for code, value in values.items())
