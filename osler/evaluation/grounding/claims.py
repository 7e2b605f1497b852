"""The claims of an answer: its clauses with their places, each with the passages that it cites."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from osler.evaluation.grounding.drug_names import drugs
from osler.evaluation.grounding.lines import stems
from osler.evaluation.metrics.faithfulness.citations import Mark, placed
from osler.evaluation.metrics.faithfulness.facts import clause_places, stated
from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.evaluation.metrics.faithfulness.quantities import quantities

# Sentences that say nothing that a source could bear out: refusals, hedges, referrals and talk about the answer itself.
_REFUSES = re.compile(
    r"^\W*(?:(?:and|but|so|sorry|unfortunately)\W+)*(?:as an ai\b|i(?:'m| am) (?:an ai|sorry|unable|unsure|uncertain|not (?:able|sure|certain|a doctor))|"
    r"i (?:cannot|can't|can not|could not|do not|don't) (?:answer|provide|give|know|determine|say|have (?:enough|access)))",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:(?:consult|contact|call|talk to|speak (?:to|with)|ask|see) (?:your|a|an|the) (?:own )?"
    r"(?:doctor|physician|pharmacist|nurse|clinician|health ?care|medical)\w*(?: (?:team|provider|professional|advice))?|it depends\b|"
    r"(?:more|further) research is needed|cannot be answered|(?:no|not enough|insufficient) (?:information|evidence) (?:is|was|to|in)\b)",
    re.IGNORECASE,
)
# The head of a table and headings in bold state nothing.
_FRAME = re.compile(
    r"^[ \t]*\|[^\n]*\|[ \t]*\n[ \t]*\|[ \t:|-]+\|[ \t]*$|^[ \t]*(?:\*\*|__)[^*_\n]{1,80}(?:\*\*|__):?[ \t]*$",
    re.MULTILINE,
)
_JOINT = re.compile(r"\s*,?\s*(?:and|while|whereas|but)\s+", re.IGNORECASE)
_BESIDE = 4  # content words beside a referral from which on a clause may hide a claim


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
    plain = _FRAME.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), stated(bare))
    out: list[Claim] = []
    held = sentences(plain)
    for number, (start, end) in enumerate(held):
        whole = plain[start:end]
        if whole.rstrip().endswith(("?", "？")):
            continue
        following = held[number + 1][0] if number + 1 < len(held) else len(plain)
        here = [mark for mark in marks if start <= mark.start < _reach(bare, end, following)]
        clauses = _apart(clause_places(whole), whole, [mark.end - start for mark in here])
        for place, (first, last) in enumerate(clauses):
            after = start + clauses[place + 1][0] if place + 1 < len(clauses) else len(answer)
            cited = _cited(here, start if not place else start + first, after)
            made = _claim(answer, bare, start + first, start + last, whole, cited)
            if made is not None:
                out.append(made)
    return tuple(out)


def _apart(clauses: list[tuple[int, int]], text: str, marks: Sequence[int]) -> list[tuple[int, int]]:
    """The clauses, parted once more where a citation ends and another thing begins: "5 mg [a], and metformin 1 g [b]"."""
    out = []
    for first, last in clauses:
        for place in marks:
            joint = _JOINT.match(text, place, last) if first < place < last else None
            if joint and any(joint.end() < later <= len(text) + 2 for later in marks):
                out.append((first, place))
                first = joint.end()
        out.append((first, last))
    return out


def _cited(marks: Sequence[Mark], start: int, end: int) -> tuple[str, ...]:
    """Ids cited for the clause between these places: by its own marks, else the next ones, else those before it."""
    own = [mark for mark in marks if start <= mark.start < end]
    later = [mark for mark in marks if mark.start >= end]
    chosen = own or later[:1] or list(marks[-1:])
    ids = [name for mark in chosen for name in mark.ids]
    return tuple(dict.fromkeys(ids))


def _claim(answer: str, bare: str, start: int, end: int, sentence: str, cited: tuple[str, ...]) -> Claim | None:
    """The claim at these places without the blanks and stops around it; None where it says nothing."""
    while start < end and bare[start] in " \t\r\n.,;:。；，-*•·|":
        start += 1
    while end > start and bare[end - 1] in " \t\r\n.,;:。；，|*":
        end -= 1
    text = re.sub(r"\s+", " ", bare[start:end]).strip()
    if not stems(text) and not quantities(text):
        return None
    whole = re.sub(r"\s+", " ", sentence).strip()
    return Claim(text, start, end, whole, cited, _says_nothing(text))


def _says_nothing(clause: str) -> bool:
    """Whether a clause only refuses, hedges or refers. One that names a number or a drug, or says much beside it, is a
    claim: "Take 5 g and see your doctor" must not slip through behind the referral."""
    if quantities(clause):
        return False
    if _REFUSES.search(clause):
        return True
    match = _REFERS.search(clause)
    rest = f"{clause[: match.start()]} {clause[match.end() :]}" if match else ""
    return match is not None and not drugs(rest) and len(stems(rest)) <= _BESIDE


def _reach(text: str, end: int, following: int) -> int:
    """Marks right behind the full stop belong to the sentence before it: "... daily. [s1]"."""
    return following if not text[end:following].strip() else end


def _without(text: str, places: list[tuple[int, int]]) -> str:
    """``text`` with blanks at these places, so that all others stay where they are."""
    out = list(text)
    for start, end in places:
        out[start:end] = " " * (end - start)
    return "".join(out)
