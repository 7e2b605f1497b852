"""Atomic facts of a clinical text: sentences, bullets and clauses, with lists told apart item by item.

"He denies fever, chills, or cough, but has nausea" gives "He denies fever", "He denies chills", "He denies cough" and
"has nausea". Headings and questions state nothing and are left out.
"""

from __future__ import annotations

import functools
import re

from osler.evaluation.metrics.faithfulness.negation import sentences
from osler.evaluation.metrics.faithfulness.words import content, nfkc

_BULLET = re.compile(r"^[ \t]*(?:[-*•·]|\(?\d{1,2}[.)](?=\s))[ \t]*", re.MULTILINE)
_HEADING = re.compile(r"(?:^|(?<=\s))[A-Z][A-Z /&-]{2,40}:\s*|^[ \t]*#+.*$|^[A-Z][\w /&-]{2,40}:[ \t]*$", re.MULTILINE)
_SPEAKER = re.compile(
    r"^[ \t]*\[?(?:doctor|patient|guest\w*|clinician|nurse|医生|患者)\]?[ \t]*\d*[ \t]*[:：\]][ \t]*", re.M | re.I
)
_VERB = (
    "has|have|had|is|was|were|are|denies|denied|reports?|reported|states?|stated|takes|took|takes|will|would|did|does|can|"
    "could|should|may|might|feels|felt|uses|used|drinks|smokes|lives|works|underwent|received|started|complains|presents|"
    "appears|remains|continues|developed|noted|notes|went|came|given|been"
)
_SUBJECT = "he|she|they|it|i|we|there|this|that|his|her|their|the patient|patient"
_CLAUSE = re.compile(
    rf"\s*[;；]\s*|,?\s+(?:but|however|although|though|whereas)\s+|,\s+(?:which|who)\s+(?=(?:{_VERB})\b)|"
    rf",?\s+and\s+(?:then\s+|also\s+)?(?=(?:(?:{_SUBJECT})(?:'s)?\s|(?:{_VERB})\b))|,\s+(?=(?:{_SUBJECT})(?:'s)?\s+(?:{_VERB})\b)|[，,](?=[\u3400-\u9fff])",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"^(?P<lead>.{0,60}?\b(?:den(?:ies|ied|ying)(?: any)?|no(?: (?:history|evidence|signs?|complaints?) of)?|without(?: any)?|"
    r"negative for|positive for|significant for|remarkable for|history of|reports?(?: having)?|complains? of|complaining of|"
    r"symptoms of|allergic to|treated with|such as|includ(?:es|ing)|for|of|with|has(?: had)?)\s+)(?P<items>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
# What is denied stays so for every item: "he has not had pain, fever" does not tell of fever.
_DENIED = re.compile(
    r"^(?P<lead>.{0,90}?\b(?:den(?:ies|ied|ying)(?: any)?|no(?: (?:history|evidence|signs?|complaints?) of)?|without(?: any)?|"
    r"negative for|not (?:had?|have|having|been|show(?:n|ing)?|reveal(?:ed)?|demonstrated?|found|noted|seen)(?: any)?"
    r"(?: (?:difficulty|problems?|trouble|issues?) with)?)\s+)(?P<items>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_NO = re.compile(r"(?:no|without|denies) ", re.IGNORECASE)
_ITEM = re.compile(r",\s*(?:and|or)\s+|,\s+|\s+(?:and|or|nor)\s+|、|和|及")
_OWN_NO = re.compile(r"(?:,|\b(?:and|or))\s*(?:no|without)(?: \w+ of)?\s+$", re.IGNORECASE)
_MOST_WORDS = 7


@functools.lru_cache(maxsize=4096)
def atomic_facts(text: str) -> tuple[str, ...]:
    """The different facts of a text in order; each has a content word. Works on English and roughly on Chinese."""
    said = _SPEAKER.sub("", _HEADING.sub("\n", _BULLET.sub("", nfkc(text))))
    out: dict[str, None] = {}
    for start, end in sentences(said):
        sentence = said[start:end].strip()
        if sentence.endswith(("?", "？")):
            continue
        for clause in _CLAUSE.split(sentence):
            for fact in _items(clause.strip(" .,;。；，")):
                if content(fact):
                    out.setdefault(fact, None)
    return tuple(out)


def stated(text: str) -> str:
    """``text`` with bullets, headings and speakers blanked and its apostrophes plain: every character keeps its place."""
    out = text.replace("\u2019", "'").replace("\u2018", "'")
    for pattern in (_BULLET, _HEADING, _SPEAKER):
        out = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), out)
    return out


def clause_places(sentence: str) -> list[tuple[int, int]]:
    """Where the clauses of a sentence stand: characters start to end, lists left whole."""
    out, start = [], 0
    for match in _CLAUSE.finditer(sentence):
        out.append((start, match.start()))
        start = match.end()
    return [(first, last) for first, last in (*out, (start, len(sentence))) if sentence[first:last].strip()]


def _items(clause: str) -> list[str]:
    """The clause, or one fact per item where it is a list behind a common lead or a list of short terms."""
    lead, listing = "", clause
    held = _LEAD.match(clause)
    denied = _DENIED.match(clause)
    if denied and not _ITEM.search(denied["lead"]):
        held = denied
    if held and _OWN_NO.search(held["lead"]):  # "pain and swelling, no fever": the "no" begins an item and leads none
        held = None
    if held:
        lead, listing = held["lead"], held["items"]
    items = [item for item in _ITEM.split(listing) if item and item.strip()]
    if len(items) < 2 or any(len(item.split()) > _MOST_WORDS or not content(item) for item in items):
        return [clause]
    if not held and re.search(rf"\b(?:{_VERB})\b", clause):
        return [clause]
    if re.search(r"\b(?:or|nor)\b", clause, re.IGNORECASE):
        items = _denied_on(items)
    return [lead + item for item in items]


def _denied_on(items: list[str]) -> list[str]:
    """Items after "no fever", joined by "or", are denied too: "pain, no fever or chills" does not tell of chills."""
    out, no = [], ""
    for item in items:
        found = _NO.match(item)
        no = found[0] if found else no
        out.append(item if found else no + item)
    return out
