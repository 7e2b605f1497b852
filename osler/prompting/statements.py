"""An answer as statements with the passages that each of them cites."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection

from osler.evaluation.metrics.faithfulness.citations import placed, spelled
from osler.evaluation.metrics.text.sentences import sentences

_LINE = re.compile(r"[ \t]*\n[ \t]*(?=\n|$)")


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """A sentence of an answer as it stands there, and ``plain``: without its marks.

    ``cited``: ids that were shown, as they are spelled there; ``invented``: ids that were not, as the answer has them.
    """

    text: str
    plain: str
    cited: tuple[str, ...] = ()
    invented: tuple[str, ...] = ()


def statements(answer: str, shown: Collection[str]) -> tuple[Statement, ...]:
    """The sentences of ``answer`` in order. A mark after the full stop belongs to the sentence before it.

    ``shown``: ids of the passages that were shown; a mark is read in any case of letters, and as [1-3] or [a, b].
    """
    names = {spelled(name): name for name in sorted(shown, reverse=True)}
    known = frozenset(names)
    held: list[str] = []
    for sentence in sentences(answer):
        lead = _leading(sentence, known) if held else 0
        if lead:
            held[-1] = f"{held[-1]} {sentence[:lead].strip()}"
        if sentence[lead:].strip(" .;,"):
            held.append(sentence[lead:].strip())
    return tuple(_statement(sentence, names, known) for sentence in held)


def _leading(sentence: str, known: frozenset[str]) -> int:
    """Where the marks at the beginning of a sentence end; 0 without any."""
    end = 0
    for mark in placed(sentence, known):
        if sentence[end : mark.start].strip(" ,;.") or sentence[mark.start] != "[":
            break
        end = mark.end
    return end


def _statement(sentence: str, names: dict[str, str], known: frozenset[str]) -> Statement:
    marks = placed(sentence, known)
    ids = dict.fromkeys(spelled(name) for mark in marks for name in mark.ids)
    plain, end = "", 0
    for mark in marks:
        plain, end = plain + sentence[end : mark.start], mark.end
    plain = re.sub(r"\s+([.,;:!?])", r"\1", plain + sentence[end:])
    written = {spelled(name): name for mark in marks for name in mark.ids}
    return Statement(
        sentence,
        " ".join(plain.split()),
        tuple(names[name] for name in ids if name in names),
        tuple(written[name] for name in ids if name not in names),
    )
