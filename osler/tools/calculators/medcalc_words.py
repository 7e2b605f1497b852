"""How rows of MedCalc-Bench (v1.0) word what our scores take: units, values that are no option of ours, conventions.

A convention is an explicit input of the calculator that has another default in clinical use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# calculator number -> entity -> the row's value as text, in lower case -> the value that the calculator takes
WORDS: Mapping[int, Mapping[str, Mapping[str, Any]]] = {
    15: {"Encephalopathy": {"no encephalopathy": "none", "grade 0": "none"}},
    32: {
        "Liver disease severity": {"moderate": "moderate to severe", "severe": "moderate to severe"},
        "Moderate to severe Chronic Kidney Disease": {"severe": True},
        "Solid tumor": {"true": "localized", "false": "none"},
    },
}

# calculator number -> unit of the row -> what it stands for. Counts are written as the volume alone; "m^3" is "mm3" in
# the notes, and no blood has only some thousand cells in a litre.
UNITS: Mapping[int, Mapping[str, str]] = {
    28: {"µL": "/uL"},
    43: {"µL": "/uL", "mc/kg/min": "mcg/kg/min"},
    51: {"µL": "/uL", "m^3": "/mm^3", "L": "/uL"},
}

# calculator number -> arguments that every row of it is worked out with
CONVENTIONS: Mapping[int, Mapping[str, Any]] = {21: {"not_testable_as_best": True}}
