"""Citations in the text of an answer: are they gold, and do they exist?

Cited are the ids of ``Prediction.evidence``, and the marks in the text: ``[12]``, ``[s3, s4]``, ``[PMID: 123]``, ``PMID
123`` and ``NCT01234567``. The metrics ``evidence_*`` judge the list of cited passages alone; these judge what a reader
of the text sees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from osler.core.block import block
from osler.core.types import Example, Prediction
from osler.evaluation.metrics.kinds import Summed, ratio, said
from osler.evaluation.table import Floats

_MARK = re.compile(r"\[([^\[\]\n]{1,120})\](?!\()")
_PMID = re.compile(r"\bPM(?:ID|C)\b\s*[:#]?\s*(\d{4,9})\b|\b(PMC\d{4,9})\b|\b(NCT\d{8})\b", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z]{0,12}[\w.:/-]*\d[\w.:/-]*|[A-Za-z]\w*[-_]\w+", re.ASCII)
_RANGE = re.compile(r"^(\d{1,3})\s*[-–]\s*(\d{1,3})$")


def spelled(item: str) -> str:
    """An id for comparing: case folded, without "PMID:" and the like before a number."""
    return re.sub(
        r"^(?:pmid|passage|doc(?:ument)?|ref(?:erence)?|source|sentence)[\s:#_-]*(?=\w)", "", item.strip().casefold()
    )


class Mark(NamedTuple):
    """A citation in a text: characters ``start`` to ``end``, end exclusive, and the ids in it as they are written."""

    start: int
    end: int
    ids: tuple[str, ...]


def placed(text: str, known: frozenset[str] = frozenset()) -> list[Mark]:
    """The citations of a text in order. A bracket counts where all of its parts look like ids or are ``known``."""
    out = []
    for match in _MARK.finditer(text):
        parts = [part.strip() for part in re.split(r"[,;，；]|\s+and\s+", match[1]) if part.strip()]
        ids = [item for part in parts for item in _expanded(part)]
        if ids and all(spelled(item) in known or _ID.fullmatch(spelled(item)) for item in ids):
            out.append(Mark(match.start(), match.end(), tuple(ids)))
    for match in _PMID.finditer(text):
        if not any(mark.start <= match.start() < mark.end for mark in out):
            out.append(Mark(match.start(), match.end(), (next(part for part in match.groups() if part),)))
    return sorted(out)


def marks(text: str, known: frozenset[str] = frozenset()) -> list[str]:
    """Ids marked in a text, each once, in order. A bracket counts where all of its parts look like ids or are known."""
    return list(dict.fromkeys(spelled(item) for mark in placed(text, known) for item in mark.ids))


def _expanded(part: str) -> list[str]:
    held = _RANGE.match(part)
    if held and 0 <= int(held[2]) - int(held[1]) <= 30:
        return [str(number) for number in range(int(held[1]), int(held[2]) + 1)]
    return [part]


def allowed(example: Example, field: str) -> frozenset[str]:
    """Ids that may be cited: ``meta["allowed_ids"]``, else those of the passages in ``input[field]`` ([id, text] each)."""
    held = example.meta.get("allowed_ids")
    if held is None:
        held = [
            item.get("id") if isinstance(item, Mapping) else item[0]
            for item in example.input.get(field) or ()
            if isinstance(item, (list, tuple, Mapping)) and item
        ]
    return frozenset(spelled(str(item)) for item in held)


def cited(example: Example, prediction: Prediction, field: str) -> set[str]:
    """What the answer cites, in its list of evidence or in its text and rationale."""
    known = allowed(example, field)
    unread = bool(prediction.failure) or not prediction.parsed
    text = "" if unread else f"{prediction.rationale}\n{said(prediction)}"
    listed = () if unread else prediction.evidence or ()
    return {*marks(text, known), *(spelled(item) for item in listed)}


class _Citations(Summed):
    """Sums: cited and gold, cited, gold."""

    evidence: str = "evidence"

    def sums(self, example: Example, prediction: Prediction) -> Sequence[float] | str:
        if example.meta.get("evidence") is None:
            return "the case has no gold evidence"
        gold = {spelled(str(item)) for item in example.meta["evidence"]}
        found = cited(example, prediction, self.evidence)
        return float(len(found & gold)), float(len(found)), float(len(gold))


@block
class CitationPrecision(_Citations):
    """Share of the ids cited, in the text or beside it, that are gold. ``evidence``: the input's field of passages."""

    title: ClassVar[str] = "Citation precision"
    definition: ClassVar[str] = (
        "Ids cited and gold / ids cited (in the list of evidence or as marks in the text), pooled."
    )
    evidence: str = "evidence"

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 1])


@block
class CitationRecall(_Citations):
    """Share of the gold ids that are cited, in the text or beside it."""

    title: ClassVar[str] = "Citation recall"
    definition: ClassVar[str] = "Ids cited and gold / gold ids, pooled; ids count in the list of evidence and as marks."
    evidence: str = "evidence"

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 2])


@block
class InventedCitationRate(Summed):
    """Share of the ids cited that the model was never shown."""

    title: ClassVar[str] = "Invented citations"
    definition: ClassVar[str] = (
        'Ids cited that are neither in meta["allowed_ids"] nor, without it, among the passages of the prompt / ids cited.'
    )
    higher_is_better: ClassVar[bool | None] = False
    evidence: str = "evidence"

    def sums(self, example: Example, prediction: Prediction) -> Sequence[float] | str:
        known = allowed(example, self.evidence)
        if not known and example.meta.get("allowed_ids") is None:
            return "no list of ids that may be cited is known"
        found = cited(example, prediction, self.evidence)
        return (float(len(found - known)), float(len(found))) if found else "nothing is cited"

    def value(self, totals: Floats) -> Floats:
        return ratio(totals[..., 0], totals[..., 1])
