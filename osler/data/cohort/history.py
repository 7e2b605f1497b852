"""Past and habits of a synthetic patient: operations, admissions, allergies, smoking, pregnancy, family."""

from __future__ import annotations

import datetime
from collections.abc import Container
from random import Random
from typing import NamedTuple

from osler.data.cohort.treatments import ACUTE, ALLERGENS, OPERATIONS, REACTIONS

# Never 3, 6 or 12 months, so that a stated month decides every "within N months" criterion as the stated day would.
MONTHS_AGO = (1, 2, 4, 5, 8, 10, 15, 20, 30, 44, 70, 110)


class Allergy(NamedTuple):
    code: str
    reaction: str


class Surgery(NamedTuple):
    code: str
    date: datetime.date


class Admission(NamedTuple):
    date: datetime.date
    reason: str
    days: int


class Smoking(NamedTuple):
    """``status``: never, former or current; ``pack_years`` is 0 for never; ``quit`` a year or 0."""

    status: str
    pack_years: int
    quit: int


class Women(NamedTuple):
    """``pregnancy``: "" for men, else pregnant, breastfeeding, no. ``contraception``: "", a method, or none."""

    pregnancy: str
    weeks: int
    postmenopausal: bool
    contraception: str


FAMILY_DISEASES = {
    "fh_colon": ("colon cancer", "colorectal cancer"),
    "fh_breast": ("breast cancer", "carcinoma of the breast"),
    "fh_heart": ("early heart attack", "premature coronary disease"),
    "fh_diabetes": ("type 2 diabetes", "adult-onset diabetes"),
    "fh_dementia": ("Alzheimer's disease", "Alzheimer dementia"),
}
RELATIVES = ("mother", "father", "sister", "brother")
METHODS = ("an oral contraceptive", "a copper IUD", "a hormonal implant", "condoms")


def months_before(day: datetime.date, months: int) -> datetime.date:
    """The same day ``months`` earlier; days are 1 to 28 here, so it always exists."""
    total = day.year * 12 + day.month - 1 - months
    return datetime.date(total // 12, total % 12 + 1, day.day)


def months_between(earlier: datetime.date, later: datetime.date) -> int:
    """Calendar months from one date to the other."""
    return (later.year - earlier.year) * 12 + later.month - earlier.month


def smoking_of(rng: Random, held: Container[str], age: int, year: int) -> Smoking:
    place = rng.random() - (0.35 if "copd" in held or "lung_cancer" in held else 0.0)
    years = max(1, int((age - 16) * (0.2 + 0.7 * rng.random())))
    packs = max(1, round(years * (0.3 + 1.0 * rng.random())))
    if place < 0.2:
        return Smoking("current", packs, 0)
    if place < 0.45:
        return Smoking("former", packs, year - 1 - int(rng.random() * max(1, age - 16 - years)))
    return Smoking("never", 0, 0)


def women_of(rng: Random, sex: str, age: int) -> Women:
    if sex == "M":
        return Women("", 0, False, "")
    place, method = rng.random(), rng.random()
    if age >= 55 or (age >= 48 and place < 0.5):
        return Women("no", 0, True, "")
    if age < 46 and place < 0.14:
        return Women("pregnant", 6 + int(method * 32), False, "")
    if age < 46 and place < 0.22:
        return Women("breastfeeding", 0, False, "none")
    return Women("no", 0, False, METHODS[int(method / 0.6 * len(METHODS))] if method < 0.6 else "none")


def allergies_of(rng: Random, drugs: Container[str]) -> tuple[Allergy, ...]:
    """None for six in ten; never to a drug that is taken."""
    if rng.random() < 0.6:
        return ()
    codes = [code for code in ALLERGENS if code not in drugs]
    chosen = {codes[int(rng.random() * len(codes))] for _ in range(1 + (rng.random() < 0.3))}
    return tuple(Allergy(code, REACTIONS[int(rng.random() * len(REACTIONS))]) for code in sorted(chosen))


def surgeries_of(rng: Random, held: Container[str], sex: str, visit: datetime.date) -> tuple[Surgery, ...]:
    out = []
    for operation in OPERATIONS.values():
        if rng.random() >= operation.share or (operation.sex and operation.sex != sex):
            continue
        if not operation.after or operation.after in held:
            out.append(Surgery(operation.code, months_before(visit, _months(rng))))
    return tuple(out)


def admissions_of(rng: Random, visit: datetime.date) -> tuple[Admission, ...]:
    out = []
    for _ in range(int(rng.random() * 2.2)):
        months, days = MONTHS_AGO[int(rng.random() * 8)], 1 + int(rng.random() * 9)
        out.append(Admission(months_before(visit, months), ACUTE[int(rng.random() * len(ACUTE))], days))
    return tuple(sorted(set(out)))


def family_of(rng: Random) -> tuple[tuple[str, str], ...]:
    """(relative, disease) of first-degree relatives."""
    return tuple(
        (RELATIVES[int(rng.random() * len(RELATIVES))], code) for code in FAMILY_DISEASES if rng.random() < 0.13
    )


def _months(rng: Random) -> int:
    return MONTHS_AGO[int(rng.random() * len(MONTHS_AGO))]
