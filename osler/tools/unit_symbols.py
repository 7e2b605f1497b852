"""The table of unit symbols: how much each is in grams, metres, seconds, moles, ..., as exact fractions.

Sources: BIPM, The International System of Units (9th edition, 2019); NIST SP 811 (2008), appendix B (pound, inch,
conventional millimetre of mercury and centimetre of water); UCUM 2.1 for spellings.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor``: how much one of it is in grams, metres, seconds, moles, ...; ``kind``: the powers of those by name.

    ``zero``: where its scale begins, in kelvin (temperatures only).
    """

    factor: Fraction
    kind: tuple[tuple[str, int], ...] = ()
    zero: Fraction = Fraction(0)


_VOLUME = (("length", 3),)
_PRESSURE = (("length", -1), ("mass", 1), ("time", -2))
_ENERGY = (("length", 2), ("mass", 1), ("time", -2))


def _base(name: str) -> tuple[tuple[str, int], ...]:
    return ((name, 1),)


# Mega is left out on purpose: a record typed in capitals writes MG for milligram.
_PREFIXES: Mapping[str, str] = {
    "k": "1e3",
    "h": "1e2",
    "d": "1e-1",
    "c": "1e-2",
    "m": "1e-3",
    "µ": "1e-6",
    "u": "1e-6",
    "mc": "1e-6",
    "n": "1e-9",
    "p": "1e-12",
    "f": "1e-15",
}
_PREFIXED: Mapping[tuple[str, ...], Unit] = {
    ("g", "gm"): Unit(Fraction(1), _base("mass")),
    ("m",): Unit(Fraction(1), _base("length")),
    ("L", "l"): Unit(Fraction("1e-3"), _VOLUME),
    ("s", "sec"): Unit(Fraction(1), _base("time")),
    ("mol",): Unit(Fraction(1), _base("amount")),
    ("eq", "Eq"): Unit(Fraction(1), _base("charge")),
    ("osm", "Osm"): Unit(Fraction(1), _base("osmoles")),
    ("U", "IU", "[IU]", "[iU]"): Unit(Fraction(1), _base("activity")),
    ("M",): Unit(Fraction("1e3"), (("amount", 1), ("length", -3))),
    ("Pa",): Unit(Fraction(1000), _PRESSURE),
    ("J",): Unit(Fraction(1000), _ENERGY),
    ("cal",): Unit(Fraction(4184), _ENERGY),
}
_YEAR = Fraction("31557600")  # the Julian year of 365.25 days, as in UCUM; a month is its twelfth
_PLAIN: Mapping[tuple[str, ...], Unit] = {
    ("1", "count", "counts", "cell", "cells", "platelets", "beat", "beats", "breath", "breaths", "dose", "doses"): Unit(
        Fraction(1)
    ),
    ("%", "percent"): Unit(Fraction("0.01")),
    ("min", "mins", "minute", "minutes"): Unit(Fraction(60), _base("time")),
    ("h", "hr", "hrs", "hour", "hours"): Unit(Fraction(3600), _base("time")),
    ("d", "day", "days"): Unit(Fraction(86400), _base("time")),
    ("wk", "wks", "week", "weeks"): Unit(Fraction(604800), _base("time")),
    ("mo", "month", "months"): Unit(_YEAR / 12, _base("time")),
    ("a", "yr", "yrs", "year", "years"): Unit(_YEAR, _base("time")),
    ("lb", "lbs", "[lb_av]", "pound", "pounds"): Unit(Fraction("453.59237"), _base("mass")),
    ("oz", "[oz_av]", "ounce", "ounces"): Unit(Fraction("28.349523125"), _base("mass")),
    ("in", "[in_i]", "inch", "inches"): Unit(Fraction("0.0254"), _base("length")),
    ("ft", "[ft_i]", "foot", "feet"): Unit(Fraction("0.3048"), _base("length")),
    ("mmHg", "mm[Hg]", "Torr"): Unit(Fraction("133322.387415"), _PRESSURE),
    ("cmH2O", "cm[H2O]"): Unit(Fraction("98066.5"), _PRESSURE),
    ("atm",): Unit(Fraction(101325000), _PRESSURE),
    ("bpm",): Unit(Fraction(1, 60), (("time", -1),)),
    ("K", "kelvin"): Unit(Fraction(1), _base("temperature")),
    ("°C", "Cel", "C", "celsius", "centigrade", "degC", "[degC]"): Unit(
        Fraction(1), _base("temperature"), Fraction("273.15")
    ),
    ("°F", "[degF]", "F", "fahrenheit", "degF"): Unit(
        Fraction(5, 9), _base("temperature"), Fraction("459.67") * Fraction(5, 9)
    ),
}
_WORDS: Mapping[str, str] = {
    "gram": "g",
    "grams": "g",
    "gms": "g",
    "kgs": "kg",
    "kilo": "kg",
    "kilos": "kg",
    "kilogram": "kg",
    "kilograms": "kg",
    "milligram": "mg",
    "milligrams": "mg",
    "mgs": "mg",
    "microgram": "µg",
    "micrograms": "µg",
    "mcgs": "µg",
    "meter": "m",
    "meters": "m",
    "metre": "m",
    "metres": "m",
    "cms": "cm",
    "centimeter": "cm",
    "centimeters": "cm",
    "centimetre": "cm",
    "centimetres": "cm",
    "liter": "L",
    "liters": "L",
    "litre": "L",
    "litres": "L",
    "second": "s",
    "seconds": "s",
    "secs": "s",
    "msecs": "ms",
    "millisecond": "ms",
    "milliseconds": "ms",
    "units": "U",
    "unit": "U",
}
PHRASES: Mapping[str, str] = {
    "cc": "mL",
    "cc/hr": "mL/h",
    "cc/h": "mL/h",
    "cc/day": "mL/day",
    "mm hg": "mmHg",
    "millimeters of mercury": "mmHg",
    "millimetres of mercury": "mmHg",
    "cm h2o": "cmH2O",
    "cm of water": "cmH2O",
    "degrees celsius": "°C",
    "degree celsius": "°C",
    "degrees celsisus": "°C",
    "degrees c": "°C",
    "deg c": "°C",
    "° c": "°C",
    "celcius": "°C",
    "degrees centigrade": "°C",
    "degrees fahrenheit": "°F",
    "degree fahrenheit": "°F",
    "degrees fahreinheit": "°F",
    "degrees f": "°F",
    "deg f": "°F",
    "° f": "°F",
    "mg%": "mg/dL",
    "mg %": "mg/dL",
    "g%": "g/dL",
    "g %": "g/dL",
    "daily": "1/day",
    "k/ul": "10^3/µL",
    "k/µl": "10^3/µL",
    "k/mm3": "10^3/µL",
    "k/cumm": "10^3/µL",
    "thousand/ul": "10^3/µL",
    "m/ul": "10^6/µL",
    "m/µl": "10^6/µL",
    "/cumm": "/µL",
    "cells/cumm": "/µL",
    "cells/cu mm": "/µL",
    "/cu mm": "/µL",
    "years old": "year",
}
"""Whole spellings, in lower case, that are no products of symbols."""


@functools.lru_cache(maxsize=1)
def symbols() -> Mapping[str, Unit]:
    """Every symbol, with its prefixes, and every word for one."""
    table = {name: unit for names, unit in _PLAIN.items() for name in names}
    for names, unit in _PREFIXED.items():
        for name in names:
            table[name] = unit
            for prefix, power in _PREFIXES.items():
                table.setdefault(prefix + name, Unit(unit.factor * Fraction(power), unit.kind))
    return {**{word: table[symbol] for word, symbol in _WORDS.items()}, **table}


@functools.lru_cache(maxsize=1)
def folded() -> Mapping[str, frozenset[str]]:
    """The spellings that are the same but for capitals, one for each different unit."""
    found: dict[str, dict[Unit, str]] = {}
    for name, unit in symbols().items():
        found.setdefault(name.casefold(), {}).setdefault(unit, name)
    return {name: frozenset(spelt.values()) for name, spelt in found.items()}
