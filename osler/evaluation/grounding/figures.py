"""Numbers of a claim against those of a sentence: other values, other units, doses, and sums that do not come out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from osler.evaluation.grounding.bounds import bound
from osler.evaluation.grounding.lines import Mismatch
from osler.evaluation.metrics.faithfulness.numbers import equal
from osler.evaluation.metrics.faithfulness.quantities import BARE, DATE, FREQUENCY, Quantity, quantities
from osler.evaluation.metrics.faithfulness.spoken_numbers import digits
from osler.evaluation.metrics.faithfulness.words import content, nfkc

_DOSES = frozenset(("mass", "volume", "activity", "tablets", "puffs", "drops", "amount", "equivalents"))
_REACH = 48  # characters on either side in which a number's subject is looked for
_FORCE = 3  # shared words by which another number's subject must be nearer before the pairing counts as turned


def figures(claim: str, sentence: str, line: str, near: str) -> list[Mismatch]:
    """What is wrong with the numbers of ``claim`` (a clause of ``sentence``) by the sentence ``line`` of a passage.

    A number that the line lacks and a sentence beside it (``near``) has counts as said, unless the line has another of
    the same kind that the claim does not mention.
    """
    held, told = quantities(line), quantities(sentence)
    out = []
    for item in quantities(claim):
        same = [other for other in held if equal(item, other)]
        rivals = [other for other in held if _rival(item, other) and not any(_same(one, other, held) for one in told)]
        if bound(claim, item) == "at most":  # a limit parts from another limit, not from a dose that keeps below it
            rivals = [other for other in rivals if _reaches(line, other, item)]
        if item.kind != BARE and any(
            other.kind == item.kind for other in rivals
        ):  # a bare 2 elsewhere in the line is no 2 mL
            same = [other for other in same if other.kind == item.kind]
        if same:
            turned = _turned(item, same, rivals, claim, line)
            if turned is not None:
                out.append(_other(item, turned))
        elif rivals:
            out.append(_other(item, _nearest(item, rivals, claim, line)))
        elif not any(equal(item, other) for other in quantities(near)):
            out.append(Mismatch(_kind(item), False, f"no passage sentence about this says {item.text}"))
    return out


def _reaches(line: str, other: Quantity, item: Quantity) -> bool:
    """Whether the line's number could part from a claim's upper limit: it is a limit as well, or lies above it."""
    return bound(line, other) is not None or other.kind != item.kind or other.value > item.value


def _same(told: Quantity, other: Quantity, held: Sequence[Quantity]) -> bool:
    """Whether the claim mentions the line's number ``other``; a bare number of the claim is a bare one of the line first."""
    if told.kind == BARE != other.kind and any(one.kind == BARE and equal(told, one) for one in held):
        return False
    return equal(told, other)


def _rival(item: Quantity, other: Quantity) -> bool:
    """Whether ``other`` could stand where ``item`` does: the same kind, or the same number in another unit."""
    if equal(item, other):
        return False
    if item.kind == other.kind:
        return True
    if DATE in (item.kind, other.kind) or FREQUENCY in (item.kind, other.kind):
        return False
    return BARE not in (item.kind, other.kind) and item.bare is not None and item.bare == other.bare


def _turned(
    item: Quantity, same: Sequence[Quantity], rivals: Sequence[Quantity], claim: str, line: str
) -> Quantity | None:
    """The number that the line gives to what the claim gives ``item`` to, where both numbers stand in the line."""
    mine = _around(claim, item)
    best = max(len(mine & _around(line, other)) for other in same)
    nearer = [other for other in rivals if len(mine & _around(line, other)) >= best + _FORCE]
    return max(nearer, key=lambda other: len(mine & _around(line, other)), default=None)


def _nearest(item: Quantity, rivals: Sequence[Quantity], claim: str, line: str) -> Quantity:
    mine = _around(claim, item)
    return max(
        rivals,
        key=lambda other: (other.kind == item.kind, other.bare == item.bare, len(mine & _around(line, other))),
    )


def _around(text: str, item: Quantity) -> frozenset[str]:
    """Stems of the content words near a number."""
    said = digits(nfkc(text))
    window = said[max(0, item.start - _REACH) : item.start + len(item.text) + _REACH]
    return frozenset(word.stem for word in content(window) if not word.text[0].isdigit())


def _other(item: Quantity, source: Quantity) -> Mismatch:
    kind = "unit" if item.bare is not None and item.bare == source.bare else _kind(item)
    return Mismatch(kind, True, f"the claim says {item.text}, the source {source.text}")


def _kind(item: Quantity) -> str:
    return "dose" if item.kind.split("/")[0] in _DOSES or item.kind == FREQUENCY else "number"


_NUMBER = r"(\d+(?:,\d{3})*(?:\.\d+)?)"
_UNITS = r"\s*(?:[A-Za-zµ%]+(?:/[A-Za-z]+)*)?\s*"
_SUM = re.compile(rf"(?<![\w.]){_NUMBER}{_UNITS}([x×*·+÷/−-])\s*{_NUMBER}{_UNITS}=\s*{_NUMBER}(?![\d,]*\d)")


def sums(claim: str) -> list[Mismatch]:
    """Equations of a claim that do not come out: "70 kg x 5 mg/kg = 450 mg". Rounding to the last digit written is right."""
    out = []
    for match in _SUM.finditer(claim):
        first, second, said = (float(match[place].replace(",", "")) for place in (1, 3, 4))
        value = _reckoned(first, match[2], second)
        digits_after = len(match[4].partition(".")[2])
        if value is not None and not math.isclose(value, said, rel_tol=1e-9, abs_tol=0.5001 * 10**-digits_after):
            out.append(Mismatch("calculation", True, f"{match[0].strip()} does not come out: it is {value:g}"))
    return out


def _reckoned(first: float, sign: str, second: float) -> float | None:
    if sign in "x×*·":
        return first * second
    if sign in "÷/":
        return first / second if second else None
    return first + second if sign == "+" else first - second
