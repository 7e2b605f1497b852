"""The list of all clinical calculators: the folder is the list."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil

from osler.core.errors import SpecError
from osler.tools import calculators
from osler.tools.calculators.calculator import Calculator


@functools.lru_cache(maxsize=1)
def all_calculators() -> tuple[Calculator, ...]:
    """One of each calculator, by name. SpecError where two have one name or one number of MedCalc-Bench."""
    found: dict[str, Calculator] = {}
    numbers: dict[int, str] = {}
    for module in pkgutil.iter_modules(calculators.__path__):
        loaded = importlib.import_module(f"{calculators.__name__}.{module.name}")
        for _, kind in inspect.getmembers(loaded, inspect.isclass):
            if kind.__module__ != loaded.__name__ or not issubclass(kind, Calculator):
                continue
            if "__osler_block__" not in vars(kind):  # a base of several calculators
                continue
            one = kind()
            twice = found.get(one.name) or (one.medcalc and numbers.get(one.medcalc))
            if twice:
                raise SpecError(f"the calculator {one.name} of {kind.__module__} is there twice", hint="remove one")
            found[one.name] = one
            numbers[one.medcalc] = one.name
    return tuple(found[name] for name in sorted(found))
