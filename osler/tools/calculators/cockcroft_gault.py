"""Creatinine clearance by Cockcroft and Gault."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.adjusted_body_weight import adjusted_body_weight
from osler.tools.calculators.body import HEIGHT, WEIGHT
from osler.tools.calculators.body_mass_index import body_mass_index, doubtful
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.ideal_body_weight import ideal_body_weight, short
from osler.tools.calculators.vital_signs import AGE, CREATININE, SEX


@block
class CockcroftGault(Calculator):
    """Creatinine clearance in mL/min: (140 - age) x weight / (72 x creatinine), times 0.85 in women.

    Source: Cockcroft & Gault 1976. With a height the weight is chosen by body mass index as Winter et al. 2012
    recommend: actual weight below 18.5 kg/m^2; the lower of ideal and actual weight below 25; adjusted weight (factor
    0.4) from 25 on. Without a height the actual weight is taken, as in the paper.
    """

    title = "Creatinine clearance (Cockcroft-Gault), with the weight chosen by body mass index where a height is given"
    source = (
        "Cockcroft DW, Gault MH, Nephron 1976;16(1):31-41, doi:10.1159/000180580; weight: Winter MA et al., "
        "Pharmacotherapy 2012;32(7):604-612"
    )
    limits = "For adults with stable kidney function."
    medcalc = 2
    inputs = (SEX, AGE, WEIGHT, dataclasses.replace(HEIGHT, required=False), CREATININE)

    def compute(self, given: Mapping[str, Any]) -> Result:
        if given["age"] >= 140:
            raise ToolError("the formula ends at 140 years", hint="check the age")
        weight, which = _weight(given["sex"], given["weight"], given["height"])
        found = (140 - given["age"]) * weight / (72 * given["creatinine"])
        if given["sex"] == "female":
            found *= 0.85
        note = [f"with the {which} weight"]
        if given["age"] < 18:
            note.append("the formula was made for adults")
        if given["height"] is not None:
            note += [short(given["height"]) if which != "actual" else "", doubtful(given["weight"], given["height"])]
        return Result(value=found, unit="mL/min", parts={"weight_used": weight}, note="; ".join(filter(None, note)))


def _weight(sex: str, weight: float, height: float | None) -> tuple[float, str]:
    if height is None:
        return weight, "actual"
    index = body_mass_index(weight, height)
    if index < 18.5:
        return weight, "actual"
    ideal = ideal_body_weight(sex, height)
    if index < 25:
        return min((ideal, "ideal"), (weight, "actual"))
    return adjusted_body_weight(ideal, weight), "adjusted"
