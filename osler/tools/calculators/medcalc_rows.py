"""From a row of MedCalc-Bench to the arguments of a calculator.

Each input of a calculator names its ``entity``. What the rows write otherwise than the calculator takes it is in
``medcalc_words``; dosages, whose rows hold several values in one entity or one value in two, are read here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Calculator, Day, Quantity
from osler.tools.calculators.medcalc_words import CONVENTIONS, UNITS, WORDS

Entities = Mapping[str, Any]
_OPIOIDS: Mapping[str, str] = {
    "Codeine": "codeine",
    "FentANYL patch": "fentanyl_patch",
    "FentaNYL buccal": "fentanyl_buccal",
    "HYDROcodone": "hydrocodone",
    "HYDROmorphone": "hydromorphone",
    "Methadone": "methadone",
    "Morphine": "morphine",
    "OxyCODONE": "oxycodone",
    "OxyMORphone": "oxymorphone",
    "Tapentadol": "tapentadol",
    "TraMADol": "tramadol",
}
_FORMULA_UNITS: Mapping[int, Mapping[str, str]] = {19: {"µL": "/µL", "L": "/L"}}  # counts, by their volume alone
_FORMULA_CONVENTIONS: Mapping[int, Mapping[str, Any]] = {
    46: {"smoker": False, "treated": False},  # what a note does not mention is taken as absent
    68: {"ovulation": "day_14"},  # two weeks after the last period, whatever the length of the cycle
}


def arguments(calculator: Calculator, entities: Entities) -> dict[str, Any]:
    """What ``calculator`` is given for a row. Entities that no input names are left out."""
    number = calculator.medcalc
    if number in _SPECIAL:
        return _SPECIAL[number](entities)
    found: dict[str, Any] = {**_FORMULA_CONVENTIONS.get(number, {}), **CONVENTIONS.get(number, {})}
    units = {**_FORMULA_UNITS.get(number, {}), **UNITS.get(number, {})}
    words = WORDS.get(number, {})
    for item in calculator.inputs:
        if item.entity and entities.get(item.entity) is not None:
            held = entities[item.entity]
            told = words.get(item.entity, {})
            if str(held).casefold() in told:
                found[item.name] = told[str(held).casefold()]
            else:
                found[item.name] = _value(item, held, units)
    return found


def _value(item: Any, held: Any, units: Mapping[str, str]) -> Any:
    if isinstance(held, list) and isinstance(item, Quantity):
        return {"value": held[0], "unit": units.get(str(held[1]), str(held[1]))}
    return str(held) if isinstance(item, Day) else held


def _steroid(entities: Entities) -> dict[str, Any]:
    """The rows write "Dexamethasone PO", the dose beside it."""
    name, dose, unit = entities["input steroid"]
    return {
        "steroid": str(name).rsplit(" ", 1)[0],
        "target": str(entities["target steroid"]).rsplit(" ", 1)[0],
        "dose": {"value": dose, "unit": unit},
    }


def _opioids(entities: Entities) -> dict[str, Any]:
    """Dose times doses per day. A patch's dose stands for micrograms per hour, though the rows write mg."""
    found: dict[str, Any] = {}
    for entity, name in _OPIOIDS.items():
        if f"{entity} Dose" in entities:
            dose, unit = entities[f"{entity} Dose"]
            times = entities[f"{entity} Dose Per Day"][0]
            unit = "µg/h" if name == "fentanyl_patch" else f"{unit}/day"
            found[name] = {"value": dose * times, "unit": unit}
    if not found:
        raise ToolError("the row names no opioid", hint="see its entities")
    return found


_SPECIAL: Mapping[int, Callable[[Entities], dict[str, Any]]] = {24: _steroid, 49: _opioids}
