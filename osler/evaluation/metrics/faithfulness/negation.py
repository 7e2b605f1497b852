"""Which words of a text are negated: triggers, false triggers and the ends of their scope.

After NegEx (Chapman et al. 2001) with ConText's scope, which runs to the end of the clause and not five words far
(Harkema et al. 2009); word lists of our own, in English, Chinese and (the commonest) Spanish. In a dialogue a question
takes its polarity from the answer in the next turn: "Any fever? No." negates fever.
"""

from __future__ import annotations

import bisect
import functools
import re
import sys
from collections.abc import Iterable

from osler.knowledge.chunking.line_breaks import goes_on

Places = tuple[tuple[int, int], ...]

# Longer expressions stand first; what a false trigger covers is never a trigger.
_FALSE = (
    r"no (?:significant |interval |definite |further |substantial )?(?:increase|change|worsening|improvement)s?\b",
    r"not only", r"not (?:necessarily|certain|sure)", r"no longer than", r"gram[- ]negative", r"without (?:difficulty|issue|(?:any )?change)",
    r"not (?:been )?ruled out", r"(?:cannot|can't|could not|can not) (?:be )?(?:rule[d]? out|exclude[d]?)",
    r"no (?:doubt|matter|problem with)", r"negative pressure", r"not (?:drain|cause|get better|improve|resolve)\w*",
    r"不除外", r"不(?:能)?排除", r"无明显变化", r"没有变化", r"不仅", r"不断", r"不同", r"无(?:明显)?(?:加重|改变)", r"非常", r"未来", r"不良",
)  # fmt: skip
_BEFORE = (
    r"no (?:evidence|sign|signs|history|complaints?|symptoms?|suggestion|indication) (?:of|for)", r"not? (?:any|show|demonstrate|reveal|have|had|has)",
    r"negative for", r"absence of", r"free of", r"(?:den(?:y|ies|ied|ying))", r"without", r"never", r"neither", r"nor",
    r"ruled out", r"rules? out", r"lacks?", r"lacking", r"unremarkable for", r"fails? to", r"no", r"not", r"cannot", r"none",
    r"(?:do|does|did|is|was|are|were|have|has|had|would|could|ca|wo|would|should)n't", r"unlikely",
    r"sin", r"niega", r"ausencia de", r"descarta",
    r"否认", r"未(?:见|发现|触及|闻及|及|诉|出现|行|服)?", r"没有?", r"无", r"不伴", r"排除", r"不(?=[㐀-鿿])",
)  # fmt: skip
_AFTER = (
    r"(?:is|was|are|were|has been|have been|been)? ?(?:ruled out|excluded)",
    r"(?:is|was|are|were) (?:negative|absent|denied|unlikely|not (?:seen|present|noted|identified|appreciated|found|demonstrated|detected|visualized|observed|reported))",
    r"(?:is|was|are|were)n't (?:seen|present|noted|identified|appreciated|found)", r"not (?:seen|present|identified|appreciated|detected)",
    r"(?:has|have|had) (?:resolved|ceased)", r": ?(?:negative|none|no|absent)\b(?=\s*(?:[.,;)]|$))", r"阴性", r"(?:已)?(?:被)?排除(?!在)", r"未见$",
)  # fmt: skip
_STOP = (
    r"but", r"however", r"although", r"though", r"except(?: for)?", r"apart from", r"aside from", r"other than", r"yet",
    r"still", r"nevertheless", r"because", r"secondary to", r"due to", r"which", r"who", r"while", r"until",
    r"(?:and|he|she|they|patient|there|it|i|that|who|which)(?:'s| is| are| was| were| has| had| have| reports| complains?| admits?| states| takes| presents| does)\b(?! (?:no|not|den))",
    r"(?:positive|significant) for", r"reports|reported", r"complains? of", r"admits?", r"presents? with", r"endorses?",
    r"pero", r"aunque", r"excepto", r"但", r"但是", r"然而", r"除了", r"伴有", r"伴", r"有(?!无)", r"可见", r"提示",
)  # fmt: skip
_SENTENCE = re.compile(
    r"(?<=[.!?。！？；;])(?<!\d\.)(?<!\b[Dd]r\.)(?<!\b[Mm]r\.)(?<!\b[Mm]rs\.)\s*|\n+|(?<=\d\.)\s+(?=[A-Z])"
)


def _pattern(parts: tuple[str, ...]) -> re.Pattern[str]:
    latin = [part for part in parts if part.isascii() and part[0] != ":"]
    other = [part for part in parts if part not in latin]
    return re.compile(rf"(?<![A-Za-z])(?:{'|'.join(latin)})(?![A-Za-z])" + "".join(f"|{part}" for part in other), re.I)


_FALSE_RE, _BEFORE_RE, _AFTER_RE, _STOP_RE = map(_pattern, (_FALSE, _BEFORE, _AFTER, _STOP))
_CLAUSE_ZH = re.compile(r"[，,]")
_NEW_CLAUSE = re.compile(
    r",\s*(?:(?:and|so|then)\s+)?(?=(?:he|she|they|it|i|we|the patient|patient|there|this|his|her|the|with)\b)", re.I
)
_NON = re.compile(r"(?<![A-Za-z])non[- ]?(?=[A-Za-z]{4})", re.I)
_SPEAKER = re.compile(
    r"^\s*\[?\b(?:doctor|patient|guest\w*|clinician|nurse|医生|患者|病人)\]?\s*\d*\s*[:：\]]?\s*", re.I
)
_NO = re.compile(
    r"^(?:no|nope|nah|not|never|none|negative|neither|i don't|i haven't|i do not|没有?|不|无|no sir|no ma'am)\b|^(?:没有?|不|无)",
    re.I,
)
_YES = re.compile(r"^(?:yes|yeah|yep|yup|sure|correct|right|i do|i have|uh-huh|有|是|对)", re.I)


def sentences(text: str) -> list[tuple[int, int]]:
    """Places of the sentences of a text: at full stops (not those in numbers and titles), questions, line breaks.

    A line break ends none where the line breaks off, as in "Do not give" with "10 mL as a bolus" on the next line.
    """
    out, start = [], 0
    for match in _SENTENCE.finditer(text):
        if match.group() == "\n" and _goes_on(text, start, match):
            continue
        if text[start : match.start()].strip():
            out.append((start, match.start()))
        start = match.end()
    if text[start:].strip():
        out.append((start, len(text)))
    return out


_SEEN = 400  # characters before and after a line break that tell whether a sentence goes on


def _goes_on(text: str, start: int, match: re.Match[str]) -> bool:
    stop = text.find("\n", match.end())
    begin = max(start, match.start() - _SEEN)  # a bound, or a text of a hundred thousand lines takes minutes
    return goes_on(text[begin : match.start()], text[match.end() : (len(text) if stop < 0 else stop)][:_SEEN])


@functools.lru_cache(maxsize=4096)
def negated(text: str) -> Places:
    """Places (start, end) of a text in which what is said is denied."""
    found: list[tuple[int, int]] = []
    places = sentences(text)
    for number, (start, end) in enumerate(places):
        sentence = text[start:end]
        if sentence.rstrip().endswith(("?", "？")):
            if _answer(text, places[number + 1 :]) == "no":
                found.append((start, end))
            continue
        found += [(start + first, start + last) for first, last in _scopes(sentence)]
    return _merged(found)


@functools.lru_cache(maxsize=4096)
def asked(text: str) -> Places:
    """Places of questions that are neither affirmed nor denied: they say nothing."""
    places = sentences(text)
    return tuple(
        (start, end)
        for number, (start, end) in enumerate(places)
        if text[start:end].rstrip().endswith(("?", "？")) and not _answer(text, places[number + 1 :])
    )


def _answer(text: str, following: list[tuple[int, int]]) -> str:
    """ "no", "yes" or "" of the first sentence after the last question of a turn."""
    for start, end in following:
        sentence = _SPEAKER.sub("", text[start:end]).strip()
        if sentence.endswith(("?", "？")):
            continue
        return "no" if _NO.match(sentence) else "yes" if _YES.match(sentence) else ""
    return ""


def _scopes(sentence: str) -> list[tuple[int, int]]:
    false = _merged(match.span() for match in _FALSE_RE.finditer(sentence))
    after = [match for match in _AFTER_RE.finditer(sentence) if not within(match.start(), false)]
    stops = [match.start() for match in _STOP_RE.finditer(sentence)]
    stops += [match.start() for match in _NEW_CLAUSE.finditer(sentence)]
    if re.search(r"[\u3400-\u9fff]", sentence):
        stops += [match.start() for match in _CLAUSE_ZH.finditer(sentence)]
    ends = sorted(stops)
    out = []
    for match in after:
        place = bisect.bisect_left(ends, match.start())
        out.append((ends[place - 1] if place else 0, match.start()))
    for match in _NON.finditer(sentence):  # "non-healing" denies one word
        word = re.compile(r"[A-Za-z]+").match(sentence, match.end())
        out.append((match.end(), word.end() if word else match.end()))
    held = _merged([*false, *(match.span() for match in after)])
    for match in _BEFORE_RE.finditer(sentence):
        if not within(match.start(), held):
            place = bisect.bisect_left(ends, match.end())
            out.append((match.end(), ends[place] if place < len(ends) else len(sentence)))
    return out


def _merged(spans: Iterable[tuple[int, int]]) -> Places:
    """Spans in order, those that overlap or touch made one."""
    out: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        elif start < end:
            out.append((start, end))
    return tuple(out)


def within(place: int, spans: Places) -> bool:
    """Whether a character stands in one of the places, which are in order and apart."""
    found = bisect.bisect_right(spans, (place, sys.maxsize)) - 1
    return found >= 0 and spans[found][0] <= place < spans[found][1]
