"""Units of measurement as clinical records write them, and exact conversion between them.

A unit is a product of powers of the symbols in ``osler.tools.unit_symbols``: ``mg/dL``, ``mmol.L-1``, ``10*3/uL``,
``mm[Hg]``, ``kg/m^2``, ``mcg/kg/min``. Values are read as the decimals they are written as and factors are
fractions, so a conversion rounds once, at its end (100.4 °F is 38 °C exactly). Two units convert
only where they measure the same kind of thing. Mass, amount, charge equivalents and international units of one named
substance are tied by its molar mass, valence and potency (``osler.tools.analytes``).
"""

from __future__ import annotations

import functools
import re
import sys
from fractions import Fraction

from osler.core.errors import ToolError, nearest
from osler.tools.analytes import ANALYTES, analyte_named
from osler.tools.unit_symbols import PHRASES, Unit, folded, symbols

_SAME_SIGN = str.maketrans({"μ": "µ", "−": "-", "×": "x", "º": "°", "˚": "°", "·": "*", "⋅": "*"})
_RAISED_SIGNS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_TEMPERATURE = (("temperature", 1),)
_TEN = re.compile(r"(?<![\w.])(?:[xX] ?)?10(?:[*^eE]|\()(-?\d+)\)?")
_LONGEST = 60  # characters of a unit
_RAISED = re.compile(r"(?P<symbol>.*?[^\d^-])\^?(?P<power>-?[1-9])")


def convert(value: float, unit: str, to: str, *, analyte: str = "") -> float:
    """``value`` of ``unit`` in the unit ``to``; ToolError where the two do not measure the same thing.

    ``analyte`` (creatinine, glucose, ...) lets mass, amount, equivalents and international units of that substance be
    converted into each other; without it they are different kinds of thing.
    """
    if not abs(value) <= sys.float_info.max:
        raise ToolError("only a finite number can be converted", hint="give the value as a number")
    start, end = parse_unit(unit), parse_unit(to)
    if start == end:
        return float(value)
    if start.kind != end.kind and analyte:
        start, end = _as_amount(start, analyte), _as_amount(end, analyte)
    if start.kind != end.kind:
        raise ToolError(f"{unit!r} cannot be converted to {to!r}: {_why(start, end, analyte)}", hint=f"give it in {to}")
    base = Fraction(repr(float(value))) * start.factor + start.zero
    if base < 0 and start.kind == _TEMPERATURE:
        raise ToolError(f"{value:g} {unit} is below absolute zero", hint="check the value and its unit")
    try:
        return float((base - end.zero) / end.factor)
    except OverflowError:
        raise ToolError(f"the value is too large to be given in {to}", hint="check the value and its unit") from None


@functools.lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit:
    """The unit that ``text`` writes; "" is a plain number. ToolError for a symbol that is not known."""
    if len(text) > _LONGEST:
        raise ToolError(
            f"a unit has at most {_LONGEST} characters, got {len(text)}", hint="write it like mg/dL or 10^9/L"
        )
    bare = " ".join(re.sub(r"10(?=[⁰¹²³⁴-⁹⁻])", "10^", text).translate(_SAME_SIGN).translate(_RAISED_SIGNS).split())
    bare = PHRASES.get(bare.casefold(), bare)
    if bare in symbols():
        return symbols()[bare]
    if "@" in bare:
        raise ToolError(f"{text!r} is no unit", hint="write it like mg/dL or 10^9/L")
    bare = re.sub(r"^per ", "1/", bare)
    bare = _TEN.sub(r"@\1", re.sub(r" per | ?/ ?", "/", bare))
    factor = Fraction(1)
    kind: dict[str, int] = {}
    for place, side in enumerate(bare.split("/")):
        for term in re.split(r"[* ]|\.(?=\D)", side):
            unit, power = _term(term, text) if term else (Unit(Fraction(1)), 1)
            power = -power if place else power
            factor *= unit.factor**power
            for name, exponent in unit.kind:
                below = name == "mass" and exponent * power < 0  # a drug's mass and the body's do not cancel
                name = "mass below" if below else name
                kind[name] = kind.get(name, 0) + exponent * power
        if place and not side:
            raise ToolError(f"{text!r} is no unit: nothing stands below its stroke", hint="write it like mg/dL")
    held = tuple(sorted((name, power) for name, power in kind.items() if power))
    zero = _symbol(bare, text).zero if held == _TEMPERATURE and "/" not in bare else Fraction(0)
    return Unit(factor, held, zero)


def _term(term: str, text: str) -> tuple[Unit, int]:
    """A symbol and the power it stands in: ``m^2``, ``L-1``, ``@9`` for a power of ten."""
    if term.startswith("@") and term[1:].lstrip("-").isdigit() and abs(int(term[1:])) <= 30:
        return Unit(Fraction(10) ** int(term[1:])), 1
    raised = _RAISED.fullmatch(term)
    if raised and term not in symbols() and term.casefold() not in folded():
        return _symbol(raised["symbol"], text), int(raised["power"])
    return _symbol(term, text), 1


def _symbol(word: str, text: str) -> Unit:
    """The unit of one symbol: as it is spelt, else as it is spelt in other capitals where only one unit is meant."""
    exact = symbols().get(word)
    if exact is not None:
        return exact
    word = PHRASES.get(word.casefold(), word)
    meant = sorted(folded().get(word.casefold(), ()))
    if len(meant) == 1:
        return symbols()[meant[0]]
    if meant:
        raise ToolError(f"the unit {text!r} may be {' or '.join(meant)}", hint="write capitals as they are meant")
    raise ToolError(f"the unit {word!r} in {text!r} is not known", hint=nearest(word, symbols()))


def _as_amount(unit: Unit, analyte: str) -> Unit:
    """``unit`` with mass, equivalents and international units of ``analyte`` turned into moles."""
    substance = analyte_named(analyte)
    moles = {
        "mass": 1 / substance.molar,
        "charge": Fraction(1, substance.valence) if substance.valence else None,
        "activity": substance.potency or None,
    }
    factor, kind = unit.factor, dict(unit.kind)
    for name, one in moles.items():
        power = kind.get(name, 0)
        if power == 1 and one is not None:  # the substance itself; kilograms of the patient stand below the stroke
            del kind[name]
            factor *= one
            kind["amount"] = kind.get("amount", 0) + 1
    return Unit(factor, tuple(sorted((name, power) for name, power in kind.items() if power)))


def needs_substance(unit: str, to: str) -> bool:
    """Whether the two measure the same thing only for a named substance (mg/dL and mmol/L do)."""
    return _tied(parse_unit(unit), parse_unit(to))


def _tied(start: Unit, end: Unit) -> bool:
    ties = {"mass", "amount", "charge", "activity"}
    mine, other = set(start.kind) - set(end.kind), set(end.kind) - set(start.kind)
    return bool(mine and other) and {name for name, _ in mine | other} <= ties


def _why(start: Unit, end: Unit, analyte: str) -> str:
    if _tied(start, end):
        known = analyte or "the substance"
        if not analyte:
            return f"that needs the substance, one of {', '.join(sorted(ANALYTES))}"
        return f"of {known}, one of the two is not defined"
    return "they measure different things"
