"""Reading the answer out of a reply, and saying by which rule it was read.

``strict`` accepts two forms only: the whole text is a JSON object whose answer key holds exactly a label, or the
text has one line "Answer: <label>" and it is the last. ``tolerant`` goes on, in this order, until a rule decides:

1. the strict forms                                      rule ``json`` or ``answer line``
2. a JSON object anywhere (fenced, after prose, single quotes, trailing comma, missing comma, cut off, TrialGPT's
   own list form): the value of its answer key           ``json``, ``repaired json``
3. explicit statements: "Answer: B" at a line's start, "final answer", ``\\boxed{}``, then "the answer is (B)",
   "I choose B"; where they disagree, the last one if it is put as the conclusion   ``answer line``, ``phrase``
4. the answer alone: the whole text, its last or first line, a first word before a comma          ``alone``
5. options pointed at: "B is correct", "option C", "(B)", "**B**", "B. text", when all agree  ``phrase``, ``option``
6. the only label (or option text) that the last sentence names, not negated                      ``mention``

Once a JSON answer or an "Answer:" line exists, later rules do not look for a better one elsewhere. What cannot be
read gives ``answer`` None and a rule that says why: ``empty``, ``refusal``, ``several answers``,
``outside the labels``, ``cut off``, ``no answer found``. A letter beside another option's text ("B. no" where A is
"no") is read as the letter, which is what was asked for, under the rule ``letter/text conflict``. The article "A",
the pronoun "I", "B cells" and "C. difficile" are not letters; "no" in running text is not the label "no".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from osler.core.errors import SpecError
from osler.evaluation.parsing.objects import ANSWER_KEYS, Fields, confidence, fields, load, of
from osler.evaluation.parsing.phrases import prose
from osler.evaluation.parsing.vocabulary import (
    CONFLICT,
    CUT,
    EMPTY,
    NOTHING,
    OUTSIDE,
    REFUSAL,
    SEVERAL,
    Reading,
    Vocabulary,
    alone,
    plain,
    vocabulary,
)

__all__ = ["CONFLICT", "CUT", "EMPTY", "NOTHING", "OUTSIDE", "REFUSAL", "SEVERAL", "UNREAD", "Parsed", "parse"]

Mode = Literal["tolerant", "strict"]
UNREAD = (EMPTY, REFUSAL, SEVERAL, OUTSIDE, CUT, NOTHING)
_LINE = re.compile(r"^[ \t]*answer[ \t]*:[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)
_EVIDENCE = re.compile(
    r"^[ >*#-]*(?:evidence|relevant sentences|sentences?)[ *]*:[ *]*\[?([\w.-]+(?:[ ,;]+[\w.-]+)*)\]?[ .*]*$",
    re.IGNORECASE | re.MULTILINE,
)
_SURE = re.compile(r"\b(?:confidence|certainty|probability)\W{1,4}(\d{1,3}(?:\.\d+)?\s*%?)", re.IGNORECASE)
_THINK = re.compile(r"^\s*<think(?:ing)?>(.*?)(</think(?:ing)?>|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """What a reply says. ``answer`` is one of the labels or None; ``rule`` names the rule that read it, or why not.

    ``evidence``: cited ids as text, None where the reply has no such field. ``confidence``: a stated share in 0..1.
    """

    answer: str | None
    rationale: str = ""
    evidence: tuple[str, ...] | None = None
    rule: str = NOTHING
    confidence: float | None = None


def parse(
    text: str,
    labels: Sequence[str],
    *,
    choices: Sequence[str] = (),
    lettered: bool = False,
    mode: Mode = "tolerant",
) -> Parsed:
    """Read the answer out of ``text``. Never raises on any text.

    ``labels``: what may be answered. ``lettered``: the labels are letters and ``choices`` the options' texts, which
    are then read as well (in tolerant mode). SpecError when there are no labels or the mode is unknown.
    """
    if not labels or mode not in ("tolerant", "strict"):
        raise SpecError(f"parse needs labels and a mode, got {len(labels)} labels and {mode!r}", hint="mode: tolerant")
    if mode == "tolerant" and text and text in labels:  # the usual reply of a model that obeys
        return Parsed(answer=text, rule="alone")
    known = vocabulary(tuple(labels), tuple(choices), lettered)
    whole = load(text) if text[:1] == "{" or text.lstrip()[:1] == "{" else None
    held = _strict_object(known, whole) if isinstance(whole, dict) else _strict_line(known, text)
    if held is not None:
        return held
    if mode == "strict":
        return Parsed(answer=None, rule=NOTHING if text.strip() else EMPTY)
    return _tolerant(known, text)


def _strict_object(known: Vocabulary, whole: dict[str, Any]) -> Parsed | None:
    named = [key for key in ANSWER_KEYS if key in whole]
    if len(named) != 1 or not isinstance(whole[named[0]], str) or whole[named[0]].strip() not in known.labels:
        return None
    found = of(whole, "json") or Fields((whole[named[0]],))
    return Parsed(
        answer=whole[named[0]].strip(),
        rationale=found.rationale,
        evidence=found.evidence,
        rule="json",
        confidence=found.confidence,
    )


def _strict_line(known: Vocabulary, text: str) -> Parsed | None:
    lines = list(_LINE.finditer(text)) if "nswer" in text or "NSWER" in text else []
    if len(lines) != 1 or text[lines[0].end() :].strip() or "{" in text:
        return None
    said = lines[0][1].rstrip(".")
    label = said if said in known.labels else lines[0][1]
    if label not in known.labels:
        return None
    return Parsed(answer=label, rationale=text[: lines[0].start()].strip(), rule="answer line")


def _tolerant(known: Vocabulary, text: str) -> Parsed:
    if not text.strip():
        return Parsed(answer=None, rule=EMPTY)
    thought, broken = "", False
    thinking = _THINK.match(text)
    if thinking:
        thought, broken = thinking[1].strip(), not thinking[2]
        text = thinking[1] if broken else text[thinking.end() :]
    found = None if broken else fields(text)
    if found is not None and found.answers:
        reading = _object(known, found)
        rationale = found.rationale or thought
        return Parsed(
            answer=reading.label,
            rationale=rationale,
            evidence=found.evidence,
            rule=reading.rule,
            confidence=found.confidence,
        )
    said = plain(found.rationale if found is not None and found.rationale else text)
    read = prose(known, said, stated_only=broken or found is not None)
    rule = read.reading.rule
    if rule == NOTHING and (broken or (found is not None and found.cut)):
        rule = CUT
    rationale = said[: read.start].strip() or thought or said[read.start :].partition("\n")[2].strip()
    evidence = _EVIDENCE.search(said)
    sure = _SURE.search(said)
    return Parsed(
        answer=read.reading.label,
        rationale=rationale,
        evidence=tuple(re.findall(r"[\w.-]+", evidence[1])) if evidence else None,
        rule=rule,
        confidence=confidence(sure[1]) if sure else None,
    )


def _object(known: Vocabulary, found: Fields) -> Reading:
    """The reading of an object's answer; several objects must agree, or their last must be the only one that reads."""
    readings = [_value(known, value) for value in found.answers]
    last = readings[-1]
    labels = {reading.label for reading in readings if reading.label is not None}
    if len(labels) > 1:
        return Reading(None, SEVERAL)
    if last.label is None:
        return last
    if found.cut and any(label != last.label and label.startswith(last.label) for label in known.labels):
        return Reading(None, CUT)
    return last if last.rule == CONFLICT else Reading(last.label, found.rule)


def _value(known: Vocabulary, value: Any) -> Reading:
    """The reading of one JSON value. ``true`` is "true" or "yes", 2.0 is "2", a list must hold one answer."""
    if isinstance(value, bool):
        names = ("true", "yes") if value else ("false", "no")
        label = next((known.exact[name] for name in names if name in known.exact), None)
        return Reading(label, "label" if label else OUTSIDE)
    if isinstance(value, (list, tuple)):
        read = [_value(known, item) for item in value]
        if len({item.label for item in read}) > 1:
            return Reading(None, SEVERAL)
        return read[0] if read else Reading(None, NOTHING)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    said = "" if value is None else plain(str(value))
    if not said.strip():
        return Reading(None, NOTHING)
    reading = alone(known, said)
    if known.lettered and not reading.rule and re.search(r"\b[A-H] (?:or|and) [A-H]\b", said):
        return Reading(None, SEVERAL)
    if not reading.rule:
        reading = prose(known, said).reading
    return Reading(None, OUTSIDE) if reading.rule == NOTHING else reading
