"""The claims of an answer: its clauses with their places, each with the passages that it cites."""

from __future__ import annotations

import dataclasses
import re

from osler.evaluation.grounding.lines import stems
from osler.evaluation.metrics.faithfulness.citations import placed
from osler.evaluation.metrics.faithfulness.facts import clause_places, stated
from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.evaluation.metrics.faithfulness.quantities import quantities

# Sentences that say nothing that a source could bear out: refusals, hedges, referrals and talk about the answer itself.
_EVASIVE = re.compile(
    r"\b(?:as an ai\b|i(?:'m| am) (?:sorry|unable|not (?:able|sure|a doctor))|i (?:cannot|can't|can not|could not|do not|don't) "
    r"(?:answer|provide|give|know|determine|say|have (?:enough|access))|(?:consult|talk to|speak (?:to|with)|ask|see) (?:your|a|an) "
    r"(?:doctor|physician|pharmacist|health ?care|medical)\w*|it depends\b|(?:more|further) research is needed|cannot be answered|"
    r"(?:no|not enough|insufficient) (?:information|evidence) (?:is|was|to|in)\b)",
    re.IGNORECASE,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """Characters ``start`` to ``end`` of an answer, end exclusive. ``text`` is what stands there, citation marks taken out.

    ``sentence``: the whole sentence, in which the subject of a later clause stands. ``citations``: ids as they were written.
    """

    text: str
    start: int
    end: int
    sentence: str
    citations: tuple[str, ...] = ()
    evasive: bool = False


def claims(answer: str, known: frozenset[str] = frozenset()) -> tuple[Claim, ...]:
    """The claims of an answer in order. ``known``: ids of passages, so that marks of any spelling are told from other
    brackets. Questions, headings and what has no content word are no claims."""
    marks = placed(answer, known)
    bare = _without(answer, [(mark.start, mark.end) for mark in marks])
    plain = stated(bare)
    out: list[Claim] = []
    held = sentences(plain)
    for number, (start, end) in enumerate(held):
        whole = plain[start:end]
        if whole.rstrip().endswith(("?", "？")):
            continue
        following = held[number + 1][0] if number + 1 < len(held) else len(plain)
        cited = tuple(
            dict.fromkeys(
                name for mark in marks if start <= mark.start < _reach(bare, end, following) for name in mark.ids
            )
        )
        for first, last in clause_places(whole):
            made = _claim(answer, bare, start + first, start + last, whole, cited)
            if made is not None:
                out.append(made)
    return tuple(out)


def _claim(answer: str, bare: str, start: int, end: int, sentence: str, cited: tuple[str, ...]) -> Claim | None:
    """The claim at these places without the blanks and stops around it; None where it says nothing."""
    while start < end and bare[start] in " \t\r\n.,;:。；，-*•·":
        start += 1
    while end > start and bare[end - 1] in " \t\r\n.,;:。；，":
        end -= 1
    text = re.sub(r"\s+", " ", bare[start:end]).strip()
    if not stems(text) and not quantities(text):
        return None
    whole = re.sub(r"\s+", " ", sentence).strip()
    return Claim(text, start, end, whole, cited, bool(_EVASIVE.search(whole)))


def _reach(text: str, end: int, following: int) -> int:
    """Marks right behind the full stop belong to the sentence before it: "... daily. [s1]"."""
    return following if not text[end:following].strip() else end


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """``text`` with blanks at these places, so that all others stay where they are."""
    out = list(text)
    for start, end in places:
        out[start:end] = " " * (end - start)
    return "".join(out)
