"""The patient's weight and height as inputs. The limits catch a wrong unit, not an extreme body."""

from __future__ import annotations

from osler.tools.calculators.calculator import Quantity

WEIGHT = Quantity(name="weight", unit="kg", about="body weight", low=0.2, high=700, seldom_above=300, entity="weight")
HEIGHT = Quantity(name="height", unit="cm", about="body height", low=20, high=280, seldom_above=230, entity="height")
