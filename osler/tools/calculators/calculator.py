"""What every clinical calculator is made of: named inputs with units, a formula with its source, a result with a unit.

A calculator never guesses: a value that is missing, without a unit that fits, or outside what a living patient can have
is refused with a message that says which.
"""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from osler.core.errors import ToolError
from osler.tools.units import convert


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quantity:
    """A measured value. ``unit`` is that of the formula; another unit of the same kind is converted.

    ``analyte`` names the substance, so that mass and amount can be converted (mg/dL to mmol/L). ``low`` and ``high``:
    what is refused as impossible, in ``unit``. ``seldom_below`` and ``seldom_above``: beyond them a value is taken, but the
    result asks for a second look, since it may stand in another unit. ``entity``: its name in MedCalc-Bench.
    """

    name: str
    unit: str
    about: str = ""
    analyte: str = ""
    low: float = -math.inf
    high: float = math.inf
    seldom_below: float = -math.inf
    seldom_above: float = math.inf
    required: bool = True
    entity: str = ""

    def schema(self) -> dict[str, Any]:
        said = f"{self.about or self.name.replace('_', ' ')}, in {self.unit or 'no unit'} unless a unit is given"
        pair = {
            "type": "object",
            "properties": {"value": {"type": "number"}, "unit": {"type": "string"}},
            "required": ["value", "unit"],
            "additionalProperties": False,
        }
        return {"description": said, "anyOf": [{"type": "number"}, pair]}

    def read(self, given: Any) -> float:
        if isinstance(given, Mapping) and set(given) != {"value", "unit"}:
            raise ToolError(
                f"{self.name} must be a number, or a value and a unit", hint='send {"value": 1, "unit": "g"}'
            )
        value, unit = (given["value"], given["unit"]) if isinstance(given, Mapping) else (given, self.unit)
        if not isinstance(unit, str):
            raise ToolError(f"the unit of {self.name} must be a text", hint=f"give it in {self.unit or 'no unit'}")
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
            raise ToolError(f"{self.name} must be a number", hint=f"give it in {self.unit or 'no unit'}")
        found = convert(float(value), unit, self.unit, analyte=self.analyte)
        if not self.low <= found <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ToolError(
                f"{self.name} = {found:g}{unit} is outside {self.low:g} to {self.high:g}, which no patient is",
                hint="check the value and its unit",
            )
        return found


@dataclasses.dataclass(frozen=True, kw_only=True)
class Flag:
    """Something that is so or is not. ``default`` stands where it is not given; None: it must be given."""

    name: str
    about: str = ""
    default: bool | None = False
    entity: str = ""

    @property
    def required(self) -> bool:
        return self.default is None

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean", "description": self.about or self.name.replace("_", " ")}

    def read(self, given: Any) -> bool:
        if not isinstance(given, bool):
            raise ToolError(f"{self.name} must be true or false")
        return given


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choice:
    """One of a few words."""

    name: str
    options: tuple[str, ...]
    about: str = ""
    default: str | None = None
    entity: str = ""

    @property
    def required(self) -> bool:
        return self.default is None

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self.options), "description": self.about or self.name.replace("_", " ")}

    def read(self, given: Any) -> str:
        for option in self.options:
            if str(given).strip().casefold() == option.casefold():
                return option
        raise ToolError(f"{self.name} must be one of {' | '.join(self.options)}")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Day:
    """A calendar day, written YYYY-MM-DD or MM/DD/YYYY."""

    name: str
    about: str = ""
    required: bool = True
    entity: str = ""

    def schema(self) -> dict[str, Any]:
        said = self.about or self.name.replace("_", " ")
        return {"type": "string", "description": f"{said}, as YYYY-MM-DD or MM/DD/YYYY"}

    def read(self, given: Any) -> datetime.date:
        for form in ("%Y-%m-%d", "%m/%d/%Y"):
            try:
                return datetime.datetime.strptime(str(given).strip(), form).date()
            except ValueError:
                continue
        raise ToolError(f"{self.name} is no day", hint="write it as YYYY-MM-DD")


Input = Quantity | Flag | Choice | Day


@dataclasses.dataclass(frozen=True, kw_only=True)
class Result:
    """``value``: a number, a day, or a text such as "2 weeks, 3 days". ``parts``: what the points or terms were."""

    value: float | datetime.date | str
    unit: str = ""
    parts: Mapping[str, float] = dataclasses.field(default_factory=dict)
    note: str = ""


class Calculator:
    """Base of all calculators. A subclass is a block without fields that names its ``inputs`` and has ``compute``.

    ``source`` is the paper of the formula. ``medcalc``: its number in MedCalc-Bench, 0 where it has none. ``limits``:
    for whom it was not made.
    """

    title: ClassVar[str]
    source: ClassVar[str]
    limits: ClassVar[str] = ""
    medcalc: ClassVar[int] = 0
    inputs: ClassVar[tuple[Input, ...]]

    @property
    def name(self) -> str:
        from osler.core.block import snake

        return snake(type(self).__name__)

    @property
    def description(self) -> str:
        limits = f" {self.limits}" if self.limits else ""
        return f"{self.title}.{limits} Source: {self.source}."

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {item.name: item.schema() for item in self.inputs},
            "required": [item.name for item in self.inputs if item.required],
            "additionalProperties": False,
        }

    def compute(self, given: Mapping[str, Any]) -> Result:
        """The formula. ``given`` holds every input by name, in the formula's unit; an optional one may be None."""
        raise NotImplementedError

    def calculate(self, arguments: Mapping[str, Any]) -> Result:
        """Read ``arguments`` and apply the formula. Raises ToolError for what cannot be read."""
        known = {item.name for item in self.inputs}
        for key in arguments:
            if key not in known:
                raise ToolError(f"{self.name} has no input {key!r}", hint=f"its inputs: {', '.join(sorted(known))}")
        given: dict[str, Any] = {}
        for item in self.inputs:
            held = arguments.get(item.name)
            if held is None and item.required:
                raise ToolError(f"{self.name} needs {item.name}", hint=str(item.schema()["description"]))
            given[item.name] = getattr(item, "default", None) if held is None else item.read(held)
        try:
            return self.compute(given)
        except (ZeroDivisionError, ValueError, OverflowError):
            raise ToolError(f"{self.name} cannot be worked out with these values", hint="check them") from None

    async def use(self, arguments: Mapping[str, Any]) -> str:
        """JSON: the result (6 significant digits; ``calculate`` keeps all), its source, and what was taken for granted.

        ``read_as``: each measured value with the unit that it was taken in. ``doubtful``: those that few patients have.
        ``taken_as_absent``, ``taken_as``, ``not_given``: flags, choices and measured values that were left out.
        """
        found = self.calculate(arguments)
        value = found.value.isoformat() if isinstance(found.value, datetime.date) else _shown(found.value)
        said: dict[str, Any] = {"value": value, "unit": found.unit}
        if found.parts:
            said["parts"] = {name: _shown(part) for name, part in found.parts.items()}
        if found.note:
            said["note"] = found.note
        return orjson.dumps({**said, **_granted(self.inputs, arguments), "source": self.source}).decode()


def _shown(value: float | str) -> float | str:
    """Six significant digits; whole digits are all kept, and so are whole numbers and texts."""
    if not isinstance(value, float) or not math.isfinite(value) or abs(value) >= 1e6:
        return round(value) if isinstance(value, float) and math.isfinite(value) and abs(value) >= 1e6 else value
    return float(f"{value:.6g}")


def _granted(inputs: tuple[Input, ...], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a result rests on beside its formula, by the names of ``Calculator.use``; empty entries are left out."""
    read: dict[str, str] = {}
    doubtful: list[str] = []
    taken: dict[str, str] = {}
    absent: list[str] = []
    missing: list[str] = []
    for item in inputs:
        held = arguments.get(item.name)
        if isinstance(item, Quantity) and held is not None and item.unit:
            value = item.read(held)
            read[item.name] = f"{value:g} {item.unit}"
            if not item.seldom_below <= value <= item.seldom_above:
                doubtful.append(f"{item.name} = {value:g} {item.unit} is very unusual: check the value and its unit")
        elif held is None and isinstance(item, Flag):
            absent.append(item.name)
        elif held is None and isinstance(item, Choice):
            taken[item.name] = str(item.default)
        elif held is None:
            missing.append(item.name)
    said = {
        "read_as": read,
        "doubtful": doubtful,
        "taken_as_absent": absent,
        "taken_as": taken,
        "not_given": missing,
    }
    return {name: value for name, value in said.items() if value}
