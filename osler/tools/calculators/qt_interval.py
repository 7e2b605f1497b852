"""The QT interval and the heart rate, from which every correction is made."""

from __future__ import annotations

import dataclasses

from osler.tools.calculators.calculator import Quantity
from osler.tools.calculators.vital_signs import PULSE

QT = Quantity(
    name="qt",
    unit="ms",
    about="QT interval",
    low=100,
    high=1000,
    seldom_below=200,
    seldom_above=800,
    entity="QT interval",
)
RATE = dataclasses.replace(PULSE, low=15)


def cycle(rate: float) -> float:
    """The RR interval in seconds at ``rate`` beats per minute."""
    return 60 / rate
