"""Reading an answer from prose: explicit statements, pointed options, the answer alone, the last mention."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from osler.evaluation.parsing.vocabulary import (
    CONFLICT,
    NOTHING,
    OUTSIDE,
    REFUSAL,
    SEVERAL,
    UNDECIDED,
    Reading,
    Vocabulary,
    alone,
    isolated,
    lead,
)

_QUOTES = ('"', "'", "“", "‘", "*", "(")
_NOUN = r"(?:answer|label|answer[ _]choice|choice|eligibility|decision|classification|verdict|prediction|conclusion)"
_SOFT = (
    r"(?:\s*(?:most\s+likely|likely|probably|thus|therefore|clearly|definitely|indeed|still|option|either|both|that))*"
)
_FINAL = re.compile(
    rf"""(?:(?:^|\n)[ >*\#_-]*(?:(?:final|the|correct|my|best|most\ likely)\s+)*{_NOUN}\s*(?:is\s*)?(?:[:：=]|[-–—]\ )\s*
    |\bfinal\s+{_NOUN}\s*(?:is\b\s*:?|[:：=])\s*|\\boxed\s*\{{\s*(?:\\text\s*\{{)?|<answer>\s*|(?:^|\n)\s*\#{{4}}\s+
    |答案\s*(?:是|为|應為|应为|[:：])+\s*)""",
    re.VERBOSE | re.IGNORECASE,
)
_STATED = re.compile(
    rf"""(?:\b{_NOUN}(?:\s+(?:choice|option))?(?:\s+(?:to|for)\s+(?:this|the)\s+(?:\w+\s+)?question|\s+here)?\s*
        (?:(?:is|would\s+be|should\s+be|must\s+be|will\s+be|seems\s+to\s+be|appears\s+to\s+be)\b{_SOFT}\s*:?|:)\s*
    |\b(?:best|closest|correct|appropriate|likely)\s+(?:option|match|fit|choice|answer)(?:\s+(?:here|among\s+\w+(?:\s+\w+)?))?
        \s*(?:,[^,.]*,\s*)?(?:is|would\s+be|seems\s+to\s+be)\b{_SOFT}\s*:?\s*
    |\bI(?:\s+would|\s+will|['’]d|['’]ll)?\s+(?:choose|select|pick|go\s+with|answer)\s+|(?:选项|選項)(?:为|是)\s*|(?:故选|应选|選|选)择?(?!项|項|擇)\s*[:：]?\s*)""",
    re.VERBOSE | re.IGNORECASE,
)
_CORRECT = re.compile(
    r"""(?:^|[.,;:!?\n]\s*|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer|that|so|therefore|hence|thus|because)\s+|(?<=[(\[]))[*(\["]{0,4}
    (?P<letter>[A-Z])[)\]"]?\s+(?:is|would\s+be|seems|appears\s+to\s+be)\s+
    (?:the\s+)?(?:most\s+)?(?:likely\s+)?(?:correct|right|best|appropriate|accurate)\b""",
    re.VERBOSE,
)
_OPTION = re.compile(
    r"(?:\b[Oo](?:ption)|\bOPTION|\b[Cc]hoice|选项|選項)\s*[:：]?\s*(?=[\"'(\[]?[A-Z](?![A-Za-z0-9_'’]))"
)
_BRACKET = re.compile(r"(?<![\w)])[(\[【](?=[A-Z][)\]】])")
_LINE = re.compile(r"(?:^|\n)[ >*#_-]*(?=[A-Z]\s*[.):：]\s*(?:$|\n|[^a-z\s]))")
_CONCLUDES = re.compile(
    r"\b(?:therefore|thus|so|hence|conclusion|final|finally|actually|overall|correction|ultimately|consequently)\b|因此|所以|综上",
    re.IGNORECASE,
)
_NEGATED_BEFORE = re.compile(
    r"(?:\b(?:not|never|cannot|neither|nor|except|exclude[sd]?|excluding|eliminate[sd]?|rather than|instead of"
    r"|rules? out|ruled out)|n['’]t|不是|并非|排除)\W+(?:(?:be|the|an?|yet|is|option|choice|answer|as|been)\W+){0,3}$",
    re.IGNORECASE,
)
_NEGATED_AFTER = re.compile(
    r"""[^.;\n]{0,40}?\b(?:(?:is|are|was|can\ be|could\ be|seems?|appears?)\s+
    (?:(?:also|clearly|therefore|most|less)\s+)*(?:not|incorrect|wrong|false|unlikely|likely\ not
    |ruled\ out|excluded|eliminated|inappropriate|less)
    |(?:is|are|was|does|do|can)n['’]t|cannot|does\ not)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_REFUSED = re.compile(
    r"""\b(?:can(?:not|['’]t|\ not)|could\ not|couldn['’]t|unable\ to|not\ possible\ to|impossible\ to|difficult\ to)\s+
        (?:be\s+|to\s+|definitively\s+|accurately\s+|reliably\s+|really\s+|conclusively\s+)*
        (?:determined?|answer(?:ed)?|decided?|say|tell|provided?|choose|chosen|concluded?|identif\w+|select(?:ed)?
        |assess(?:ed)?|give|assist|help|establish\w*|make)\b
    |\b(?:insufficient|inadequate|not\ enough|lack\ of)\s+(?:\w+\s+)?(?:information|data|evidence|context)\b
    |\bno\s+(?:information|data|context)\b
    |\b(?:information|data)\s+(?:is\s+)?(?:not\s+(?:available|provided|given|sufficient)|insufficient|unavailable)
    |(?:\bnot|n['’]t)\s+(?:provide|contain|give|have|include|mention)\s+(?:enough|sufficient|any|the)\b
    |\bnot\s+(?:provided|listed|given|available|determinable|specified|answerable)\b
    |\bnone\ of\ the\ (?:\w+\s+)?(?:above|options|choices|answers|given|provided|listed|documents)
    |\bno\ (?:correct\ )?(?:answer|option)\b|\bI(?:['’]m|\ am)\ sorry\b
    |\bas\ an\ AI\b|\bn/a\b|\bapologi[sz]e|\bapologies\b|\bI\ do(?:n['’]t|\ not)\ know\b
    |\b(?:undetermined|indeterminate|unknown|cannot\ assist)\b|\bresponse\ was\ filtered\b|\bnot\ applicable\b|\bnone\b
    |无法(?:确定|判断|回答)|不能确定|信息不足""",
    re.VERBOSE | re.IGNORECASE,
)


class Found(NamedTuple):
    """A reading and where in the text it stands."""

    reading: Reading
    start: int


def refuses(text: str) -> bool:
    """Whether the text says that no answer can be given, in any of the usual wordings."""
    return bool(_REFUSED.search(text))


def prose(known: Vocabulary, text: str, *, stated_only: bool = False) -> Found:
    """Read an answer from running text, by the rules of ``parse`` in their order.

    ``stated_only``: the text broke off or is a rationale, so only explicit statements count.
    """
    final = _stated(known, text, _FINAL)
    for rule, read in (("answer line", final), ("phrase", _stated(known, text, _STATED))):
        decided = _agree(text, read, rule)
        if decided.reading.rule:
            return decided
    if stated_only:
        return Found(Reading(None, REFUSAL if refuses(text) else NOTHING), 0)
    standing = _standing(known, text)
    if standing.reading.rule:
        return standing
    if _ends_unread(text, _FINAL):
        statement = text[[match.end() for match in _FINAL.finditer(text)][-1] :]
        mentioned = _mention(known, statement)
        if mentioned.label is not None:
            return Found(Reading(mentioned.label, "answer line"), 0)
        return Found(Reading(None, REFUSAL if refuses(statement) else OUTSIDE), 0)
    if refuses(text) and not _abstains(known):
        return Found(Reading(None, REFUSAL), 0)
    pointed = _pointed(known, text)
    if pointed.reading.rule:
        return pointed
    return Found(_last_mention(known, text), 0)


def _abstains(known: Vocabulary) -> bool:
    """Whether an answer of its own says that there is none ("not enough information"), so that it is no refusal."""
    return any(map(refuses, (*known.exact, *known.texts)))


def _stated(known: Vocabulary, text: str, phrase: re.Pattern[str]) -> list[Found]:
    read = []
    for match in phrase.finditer(text):
        reading = lead(known, text[match.end() : match.end() + 400])
        if reading.rule:
            read.append(Found(reading, match.start()))
    return read


def _agree(text: str, read: list[Found], rule: str) -> Found:
    """One answer from statements that agree; else the last, where it is put as the conclusion."""
    if not read:
        return Found(UNDECIDED, 0)
    labels = {item.reading.label for item in read}
    last = read[-1]
    if len(labels) > 1:
        before = re.split(r"[.!?\n]", text[: last.start + 1].rstrip("\n"))[-1]
        around = before + text[last.start : last.start + 30]
        if not _CONCLUDES.search(around) and "\n" in text[last.start :].strip():
            return Found(Reading(None, SEVERAL), last.start)
        if not _CONCLUDES.search(around) and rule == "phrase":
            return Found(Reading(None, SEVERAL), last.start)
    if last.reading.label is None or last.reading.rule == CONFLICT:
        return last
    return Found(Reading(last.reading.label, rule), last.start)


def _ends_unread(text: str, phrase: re.Pattern[str]) -> bool:
    """Whether an "Answer: ..." stands in the text's last line but says nothing that is a label."""
    last = [match.end() for match in phrase.finditer(text)]
    return bool(last) and "\n" not in text[last[-1] :].strip()


def _standing(known: Vocabulary, text: str) -> Found:
    """The answer alone: the whole text, its last line, its first line, or its first word before a comma."""
    lines = [line for line in text.split("\n") if line.strip(" \t*#>-_.")]
    if not lines:
        return Found(UNDECIDED, 0)
    first, last = _bare(known, lines[0]), _bare(known, lines[-1])
    if not known.lettered and first.rule == "":
        opening = lead(known, lines[0])
        if re.match(r"[\s\"'*]*[\w ]{1,40}?\s*(?:[.,;:!—–]|-\s)", lines[0]):
            first = opening
    if first.label is not None and last.label is not None and first.label != last.label:
        return Found(Reading(None, SEVERAL), 0)
    for reading, start in ((last, text.rfind(lines[-1])), (first, 0)):
        if reading.label is not None:
            same = reading.rule == CONFLICT
            return Found(reading if same else Reading(reading.label, "alone"), start)
        if reading.rule == SEVERAL:
            return Found(reading, 0)
    return Found(UNDECIDED, 0)


def _bare(known: Vocabulary, line: str) -> Reading:
    """A line that is the answer and nothing else: "B", "(B)", "B. its own text", "Submental", "not included."."""
    if len(line) > 400:
        return UNDECIDED
    reading = alone(known, line)
    if reading.rule in ("label", "option text") and not _is_name(known, line):
        return UNDECIDED
    if reading.rule in ("letter", OUTSIDE) and not re.fullmatch(r"[\W_]*(?:option\s+)?\w[\W_]*", line, re.IGNORECASE):
        label = reading.label
        own = known.option.get(label, "") if label else ""
        tail = re.sub(r"^\W*(?:[Oo]ption\s+)?\w\W*", "", line)
        if not own or alone(known, tail).label != label:
            return UNDECIDED
    return reading


def _is_name(known: Vocabulary, line: str) -> bool:
    found = known.names.search(line)
    inner = line.strip(" \t\r\n.,:;!?\"'`*_()[]{}<>“”‘’。，：；！？")
    return inner.casefold() in known.exact or (
        found is not None
        and len(line[: found.start()].strip(" *\"'([-")) == 0
        and len(line[found.end() :].strip(" *\"')].,;:!")) == 0
    )


def _pointed(known: Vocabulary, text: str) -> Found:
    """Letters that are pointed at ("option C", "(B)", "B. text", "B is correct"), when all point to one label."""
    if not known.lettered:
        return Found(UNDECIDED, 0)
    decided = _one(_marks(known, text, _CORRECT, lambda match: match.start("letter")), "phrase")
    if decided.reading.rule:
        return decided
    marks = [
        *_marks(known, text, _OPTION, re.Match.end),
        *_marks(known, text, _BRACKET, re.Match.start),
        *_marks(known, text, _LINE, re.Match.end),
    ]
    return _one(sorted(marks, key=lambda item: item.start), "option")


def _marks(
    known: Vocabulary, text: str, mark: re.Pattern[str], where: Callable[[re.Match[str]], int]
) -> Iterable[Found]:
    for match in mark.finditer(text):
        at = where(match)
        reading = lead(known, text[at : at + 400])
        if not reading.rule:
            letter = re.match(r"[\s\"'(\[]*([A-Z])", text[at : at + 8])
            if mark is _LINE or letter is None or letter[1] not in known.labels:
                continue
            reading = Reading(letter[1], "letter")
        clause = text[at + 1 : at + 80]
        if _NEGATED_BEFORE.search(text[max(0, match.start() - 60) : match.start()]) or _NEGATED_AFTER.match(clause):
            continue
        yield Found(reading, at)


def _one(marks: Iterable[Found], rule: str) -> Found:
    held = list(marks)
    labels = {item.reading.label for item in held}
    if not held:
        return Found(UNDECIDED, 0)
    if len(labels) > 1 or None in labels:
        return Found(Reading(None, SEVERAL), held[-1].start)
    conflict = held[-1].reading.rule == CONFLICT
    return Found(held[-1].reading if conflict else Reading(held[-1].reading.label, rule), held[-1].start)


def _mention(known: Vocabulary, sentence: str) -> Reading:
    """The only label that the sentence names, not negated and not a common word in passing."""
    labels = set()
    for match in known.names.finditer(sentence):
        if isolated(known, match["name"]) and not sentence[: match.start()].endswith(_QUOTES):
            continue
        if _NEGATED_BEFORE.search(sentence[max(0, match.start() - 60) : match.start()]):
            continue
        labels.add(known.named(match["name"]))
    if len(labels) > 1:
        return Reading(None, SEVERAL)
    return Reading(labels.pop(), "mention") if labels else UNDECIDED


def _last_mention(known: Vocabulary, text: str) -> Reading:
    sentences = [part for part in re.split(r"(?<=[.!?。！？])\s+|\n+", text) if part.strip()]
    read = _mention(known, sentences[-1]) if sentences else UNDECIDED
    return read if read.rule else Reading(None, NOTHING)
