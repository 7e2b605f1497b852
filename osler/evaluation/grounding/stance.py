"""Is a thing to be done or not to be done? "Can be used when ..." against "is contraindicated when ..."."""

from __future__ import annotations

import functools
import re
from typing import Literal

from osler.evaluation.grounding.lines import Mismatch, stems

Stance = Literal["allowed", "forbidden", ""]
_DONE = r"(?:used?|given?|taken?|started?|continued?|prescribed?|administered|injected|applied|considered|combined|mixed|eaten|drunk|treated)"
_FORBIDS = re.compile(
    rf"\b(?:contraindicated|avoid(?:ed|ing)?|prohibited|forbidden|unsafe|dangerous|not (?:safe|recommended|advised|indicated|suitable|allowed)|"
    rf"(?:(?:should|must|can|may|do|does|is|are) ?not|cannot|don't|shouldn't|mustn't|can't|never|must never)(?: be)?(?: \w+ly)? {_DONE}(?! (?:more|less|longer|later|higher|over|above|for more)\b)|"
    rf"(?:must|should|has to|have to|needs to) be (?:stopped|discontinued|withheld|withdrawn|avoided)|(?:stop|withhold|discontinue) )",
    re.IGNORECASE,
)
_ALLOWS = re.compile(
    rf"\b(?:(?:can|may|should|must|could)(?: still| also| safely| be| \w+ly)* {_DONE}|(?:is|are) (?:\w+ly )?(?:safe|recommended|indicated|allowed|suitable|acceptable|advised|encouraged)|"
    rf"no need to (?:stop|avoid)|need not be (?:stopped|avoided))\b",
    re.IGNORECASE,
)
_JUDGED = re.compile(
    r"\b(?:is|are) (?:\w+ly )?(safe|recommended|indicated|allowed|suitable|acceptable|advised|encouraged)\b",
    re.IGNORECASE,
)
_CONDITION = re.compile(
    r"\b(?:when|if|in|with|during|unless|until|within|for|while|after|before)\b(?P<of>[^.;]*)", re.IGNORECASE
)


@functools.lru_cache(maxsize=8192)
def stance(text: str) -> Stance:
    """What a sentence says of doing a thing; "" where it says neither, or both."""
    bare, forbids = _FORBIDS.subn(" ", text)
    allows = bool(_ALLOWS.search(bare))
    return "" if bool(forbids) == allows else "forbidden" if forbids else "allowed"


def turned(claim: str, line: str) -> list[Mismatch]:
    """A claim that allows what the line forbids, or forbids what it allows. Where the line has a condition that the claim
    does not name, the claim is not borne out; it may be right outside of it."""
    mine, theirs = stance(claim), stance(line)
    judged = _JUDGED.search(claim)
    if judged and mine == "allowed" and not theirs and not stems(judged[1]) <= stems(line):
        return [Mismatch("other", False, f"the claim says {judged[1].casefold()}, the source does not")]
    if not mine or not theirs or mine == theirs:
        return []
    condition = _CONDITION.search(line)
    named = condition is None or not stems(condition["of"]) or bool(stems(condition["of"]) & stems(claim))
    return [Mismatch("negation", named, f"by the claim it is {mine}, by the source {theirs}")]
