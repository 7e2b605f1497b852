"""Adjusted body weight."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.tools.calculators.body import HEIGHT, WEIGHT
from osler.tools.calculators.body_mass_index import doubtful
from osler.tools.calculators.calculator import Calculator, Result
from osler.tools.calculators.ideal_body_weight import ideal_body_weight, short
from osler.tools.calculators.vital_signs import SEX


def adjusted_body_weight(ideal: float, weight: float) -> float:
    """The ideal weight plus 0.4 of what the patient weighs above it, in kg."""
    return ideal + 0.4 * (weight - ideal)


@block
class AdjustedBodyWeight(Calculator):
    """Adjusted body weight in kg: ideal weight (Devine) plus 0.4 of the difference to the actual weight.

    Source: Bauer et al. 1983 for the factor 0.4. Made for people above their ideal weight; the note says so below it.
    """

    title = "Adjusted body weight"
    source = "Bauer LA et al., Eur J Clin Pharmacol 1983;24(5):643-647, doi:10.1007/BF00542215"
    limits = "For adults who weigh more than their ideal weight."
    medcalc = 62
    inputs = (SEX, WEIGHT, HEIGHT)

    def compute(self, given: Mapping[str, Any]) -> Result:
        ideal = ideal_body_weight(given["sex"], given["height"])
        weight, height = given["weight"], given["height"]
        below = "the actual weight is below the ideal weight, where it is not adjusted" if weight < ideal else ""
        note = "; ".join(filter(None, (below, short(height), doubtful(weight, height))))
        found = adjusted_body_weight(ideal, weight)
        return Result(value=found, unit="kg", parts={"ideal_body_weight": ideal}, note=note)
