"""Glasgow Coma Scale."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osler.core.block import block
from osler.core.errors import ToolError
from osler.tools.calculators.calculator import Choice, Flag
from osler.tools.calculators.score import Points, Score

_EYES = {
    "eyes open spontaneously": 4,
    "eye opening to verbal command": 3,
    "eye opening to pain": 2,
    "no eye opening": 1,
}
_VERBAL = {
    "oriented": 5,
    "confused": 4,
    "inappropriate words": 3,
    "incomprehensible sounds": 2,
    "no verbal response": 1,
}
_MOTOR = {
    "obeys commands": 6,
    "localizes pain": 5,
    "withdrawal from pain": 4,
    "flexion to pain": 3,
    "extension to pain": 2,
    "no motor response": 1,
}
_UNTESTED = "not testable"
_SCALES = {"eye": _EYES, "verbal": _VERBAL, "motor": _MOTOR}


@block
class GlasgowComaScale(Score):
    """Level of consciousness, 3 to 15 points: best eye, verbal and motor response.

    Source: Teasdale and Jennett 1974, with the six motor grades of 1976. A response that cannot be tested has no
    points, and then there is no sum (Teasdale et al. 2014); ``not_testable_as_best`` counts it as normal instead.
    """

    title = "Glasgow Coma Scale"
    source = "Teasdale G, Jennett B, Lancet 1974;304(7872):81-84, doi:10.1016/S0140-6736(74)91639-0"
    limits = "Without a sum where a response cannot be tested."
    medcalc = 21
    inputs = (
        Choice(name="eye", options=(*_EYES, _UNTESTED), about="best eye response", entity="Best eye response"),
        Choice(
            name="verbal", options=(*_VERBAL, _UNTESTED), about="best verbal response", entity="Best verbal response"
        ),
        Choice(name="motor", options=(*_MOTOR, _UNTESTED), about="best motor response", entity="Best motor response"),
        Flag(name="not_testable_as_best", about="count a response that cannot be tested as a normal one"),
    )

    def points(self, given: Mapping[str, Any]) -> Points:
        untested = [name for name in _SCALES if given[name] == _UNTESTED]
        if untested and not given["not_testable_as_best"]:
            raise ToolError(
                f"the scale has no sum where a response cannot be tested: {', '.join(untested)}",
                hint="report the other responses, or set not_testable_as_best to count it as normal",
            )
        return {name: scale.get(given[name], max(scale.values())) for name, scale in _SCALES.items()}

    def meaning(self, total: float, given: Mapping[str, Any]) -> str:
        untested = [name for name in _SCALES if given[name] == _UNTESTED]
        return f"counted as normal, not testable: {', '.join(untested)}" if untested else ""
