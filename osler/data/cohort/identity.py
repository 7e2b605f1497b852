"""Who a synthetic patient is: names, places and numbers, all invented.

Telephone numbers are of the 555-01xx range that is kept for fiction; towns and hospitals do not exist.
"""

from __future__ import annotations

from random import Random
from typing import NamedTuple, TypeVar

T = TypeVar("T")


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


GIVEN = {
    "F": _words(
        "Mary Linda Susan Karen Lisa Nancy Sandra Ashley Emily Donna Michelle Carol Amanda Melissa Deborah "
        "Stephanie Rebecca Sharon Laura Cynthia Maria Rosa Carmen Lucia Elena Ana Mei Li Yan Hanh Linh Thuy Priya "
        "Anjali Fatima Aisha Amina Latoya Keisha Imani Ebony Olga Irina Chloe Grace Ruth Hazel Esther Winona "
        "Aiyana"
    ),
    "M": _words(
        "James Robert John Michael David William Richard Joseph Thomas Charles Daniel Matthew Anthony Mark Donald "
        "Steven Paul Andrew Joshua Kenneth Jose Luis Carlos Juan Miguel Jorge Wei Jun Hao Minh Duc Tuan Raj Arjun "
        "Omar Ahmed Yusuf Darnell Tyrone Malik Jamal Andre Ivan Dmitri Henry Walter Arthur Ezra Takoda Dakota"
    ),
}
FAMILY = _words(
    "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez "
    "Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez "
    "Lewis Robinson Walker Young Allen King Wright Torres Nguyen Hill Flores Green Adams Nelson Baker Hall "
    "Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins "
    "Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly "
    "Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood Bennett Gray Mendoza Ruiz Hughes Price "
    "Alvarez Castillo Sanders Patel Myers Chen Tran Okafor Begay Yazzie Novak Petrov Haddad Khan Singh Sharma "
    "Wang Zhang"
)
_STREETS = _words(
    "Maple Cedar Elm Willow Juniper Chestnut Sycamore Lakeview Hillcrest Riverside Orchard Prospect Meadow "
    "Franklin Lincoln Jefferson Madison Highland Sunset Magnolia Birch Laurel Spruce Dogwood"
)
_KINDS = ("Street", "Avenue", "Road", "Lane", "Drive", "Court", "Boulevard", "Way")
_TOWN_STARTS = _words(
    "Maple Stone Cedar North Ash Silver Fair Green Oak Clear West Mill Kings Red Bright East Summer Winter"
)
_TOWN_ENDS = ("ford", "haven", "brook", "dale", "ridge", "port", "field", "wick", "bury", "mere")
_STATES = ("MA", "NY", "PA", "OH", "IL", "TX", "CA", "WA", "GA", "NC", "CO", "MN", "AZ", "MO")
HOSPITALS = tuple(
    f"{start}{end} {kind}"
    for start, end, kind in zip(
        ("Maple", "Stone", "Fair", "Silver", "North", "Clear", "Oak", "West", "Bright", "Green", "Kings", "Ash"),
        (*_TOWN_ENDS, "moor", "gate"),
        ("General Hospital", "Medical Center", "Community Hospital", "University Hospital") * 3,
        strict=True,
    )
)
ETHNICITIES = (
    ("White", 0.56),
    ("Black or African American", 0.15),
    ("Hispanic or Latino", 0.17),
    ("Asian", 0.08),
    ("American Indian or Alaska Native", 0.02),
    ("Other", 0.02),
)
_LANGUAGES = {
    "Hispanic or Latino": (("English", 0.55), ("Spanish", 0.45)),
    "Asian": (("English", 0.6), ("Mandarin", 0.2), ("Vietnamese", 0.2)),
    "Other": (("English", 0.7), ("Arabic", 0.3)),
}


class Identity(NamedTuple):
    given: str
    family: str
    mrn: str
    phone: str
    email: str
    street: str
    city: str
    state: str
    zip: str
    ethnicity: str
    language: str
    insurance: str
    hospital: str
    doctor: str

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}"


def identity_of(rng: Random, sex: str, age: int) -> Identity:
    """An invented person. Insurance follows age (Medicare from 65), language follows ethnicity in part."""
    draw = rng.random
    given, family = one(draw(), GIVEN[sex]), one(draw(), FAMILY)
    ethnicity = weighted(draw(), ETHNICITIES)
    place = draw()
    if age >= 65:
        insurance = "Medicare" if place < 0.9 else "private"
    else:
        insurance = (
            "private" if place < 0.6 else "Medicaid" if place < 0.85 else "uninsured" if place < 0.96 else "Medicare"
        )
    area, line, number = int(draw() * 700) + 200, int(draw() * 100), int(draw() * 9_000_000) + 1_000_000
    phone = (f"({area}) 555-01{line:02d}", f"{area}-555-01{line:02d}", f"{area}.555.01{line:02d}")[int(draw() * 3)]
    return Identity(
        given,
        family,
        (f"{number}", f"MR{number}", f"{number // 1000}-{number % 1000:03d}")[int(draw() * 3)],
        phone,
        f"{given.lower()}.{family.lower()}{line}@example.org",
        f"{int(draw() * 980) + 11} {one(draw(), _STREETS)} {one(draw(), _KINDS)}",
        one(draw(), _TOWN_STARTS) + one(draw(), _TOWN_ENDS),
        one(draw(), _STATES),
        f"{int(draw() * 98_000) + 1_001:05d}",
        ethnicity,
        weighted(draw(), _LANGUAGES.get(ethnicity, (("English", 1.0),))),
        insurance,
        one(draw(), HOSPITALS),
        f"{one(draw(), GIVEN['F' if draw() < 0.5 else 'M'])} {one(draw(), FAMILY)}",
    )


def one(place: float, items: tuple[T, ...]) -> T:
    """The item at ``place`` in [0, 1)."""
    return items[int(place * len(items))]


def weighted(place: float, items: tuple[tuple[str, float], ...]) -> str:
    """The item at ``place`` in [0, 1) where each takes its weight; weights sum to 1."""
    for item, weight in items:
        place -= weight
        if place < 0:
            return item
    return items[-1][0]
