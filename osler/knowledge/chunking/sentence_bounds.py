"""Where the sentences of a text begin and end, by rules: English and Spanish medicine, Chinese; no model, no data to fetch."""

from __future__ import annotations

import re

from osler.knowledge.chunking.line_breaks import breaks_off, stands_alone
from osler.knowledge.chunking.words import IDEOGRAPHS


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A name, a number or an example follows: never the end.
_GOES_ON = _listed(
    "dr dra drs mr mrs ms mx prof st sr sra srta fr rev gen vs v.s e.g i.e eg ie fig figs eq eqs ref refs cf viz ca c.f "
    "p.ej ej núm nº art arts cap sec tab suppl var subsp ssp spp"
)
# The end only where the next word begins like a sentence: units, forms, times, months, and what closes names.
_MAY_END = _listed(
    "mg mcg µg μg ug g kg ng ml dl l µl cm mm nm mmhg mmol mol meq iu u hr hrs h min mins sec s wk wks mo mos yr yrs y/o "
    "d wt ht approx est dept hosp univ etc al inc ltd co corp jr sr phd md do rn pt pts hx dx rx tx sx fx bx cx abd neg pos "
    "caps tabs inj sol soln susp temp resp avg max min tbsp tsp oz lb lbs in ft qty conc vol dil incl excl assoc "
    "jan feb mar apr jun jul aug sep sept oct nov dec pág págs aprox comp amp máx mín ud uds a.m p.m"
)
_BEFORE_NUMBER = _listed("no nos vol pp p pg para chap ch nr")
# Letters that close a name: "vitamin D. Patients", "hepatitis C. The".
_LETTERED = _listed(
    "vitamin vitamins hepatitis type grade class group factor stage influenza lead option plan child coenzyme virus or and "
    "immunoglobulin category part appendix"
)
_STARTERS = _listed(
    "the a an he she it they we i you this that these those there his her its their our patient patients no not denies "
    "in on at after before if when while where however and but or so for from by with as to because although thus both "
    "most many some all each one two such several other both do does is are was were el la los las un una se no en al su "
    "para por con si este esta"
)
_END = re.compile(
    r"[.!?…]+[)\]\"'”’»*_]*(?:\[\d[\d,\s–-]*\])*(?=\s)"  # western, with what closes it, before white space
    r"|(?<=[a-zà-ÿ)]{2})[.!?](?=[A-ZÀ-Þ¿¡][a-zà-ÿ])"  # typed without the space
    r"|[。！？]+[”’」』）》】\"')]*"
    r"|\s*\n\s*"
)
_OPENED = "([{\"'“‘«*_-"
_BULLET = re.compile(r"[-*•·▪◦‣–—o]\s|[•▪◦‣]|\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})[.)]\s|[①-⑳]|#{1,6}\s|\|")
_LIST_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_NEXT = re.compile(rf"[\s({re.escape(_OPENED)}¿¡]*([^\W_{IDEOGRAPHS}](?:[\w'’-]*))?")
_WRAPPED = 0.7  # a line at least this share of the usual width was broken by the layout, not by its author
_GO_ON = 0.3  # the share of lines that begin with a small letter, from which on lines are those of a layout
_WIDEST = 130  # characters; texts with longer lines are not laid out in lines


def sentences(text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Start and end of each sentence in order, without white space around it. Together they hold all other characters.

    Decimals, "Dr.", "e.g.", "500 mg. twice daily", "E. coli", initials and the numbers of lists end none. A blank line always
    does; a line break does before a bullet or after a full stop or colon, and before a capital where the line is a heading,
    an item or a row of a table. Any other line goes on: a warning cut in two ("Do not give" / "10 mL as a bolus") says its
    opposite, while a heading that is joined to its text does little harm.
    """
    end = len(text) if end is None else end
    width = _width(text, start, end)
    found: list[tuple[int, int]] = []
    begin = _skip(text, start, end)
    for match in _END.finditer(text, start, end):
        if match.start() > begin and _ends(text, begin, match, width, end):
            stop = match.start() if text[match.start()].isspace() else match.end()
            found.append((begin, stop))
            begin = _skip(text, match.end(), end)
    while end > begin and text[end - 1].isspace():
        end -= 1
    if begin < end:
        found.append((begin, end))
    return found


def _skip(text: str, start: int, end: int) -> int:
    while start < end and text[start].isspace():
        start += 1
    return start


def _width(text: str, start: int, end: int) -> int:
    """The usual width of a full line of a layout, in characters: nine lines of ten are no longer.

    0 where the lines are no layout: few of them begin in the middle of a sentence, or there are fewer than three.
    """
    held = [line.strip() for line in text[start:end].split("\n") if line.strip()]
    if len(held) < 3 or sum(line[0].islower() for line in held) < _GO_ON * len(held):
        return 0
    return sorted(map(len, held))[int(0.9 * (len(held) - 1))]


def _ends(text: str, begin: int, match: re.Match[str], width: int, end: int) -> bool:
    mark = match.group()
    if not mark.strip():
        return _line_ends(text, begin, match, width, end)
    if mark[0] in "。！？":
        return True
    following = _NEXT.match(text, match.end(), end)
    word = (following[1] or "") if following else ""
    if mark[0] in "!?":
        return not (word.islower() and not text[match.end()].isupper())
    if mark[0] == "…" or mark.startswith(".."):
        return not word.islower()
    return _stop_ends(text, begin, match.start(), match.end(), word, end)


def _line_ends(text: str, begin: int, match: re.Match[str], width: int, end: int) -> bool:
    if match.end() >= end or match.group().count("\n") > 1:
        return True
    before = text[match.start() - 1]
    if _BULLET.match(text, match.end(), end):
        return not _LIST_NUMBER.fullmatch(text[begin : match.start()].rstrip(".)"))
    if before == ".":  # a full stop that was found to end nothing, as that of "Dr."
        return False
    if before in ":;":
        return True
    if width and width <= _WIDEST:
        line = match.start() - (text.rfind("\n", begin, match.start()) + 1 or begin)
        if line >= _WRAPPED * width:
            return False
    if not text[match.end()].isupper():
        return "\t" in text[begin : match.start()] and not breaks_off(text[begin : match.start()])
    stop = text.find("\n", match.end(), end)
    return stands_alone(text[begin : match.start()], text[match.end() : end if stop < 0 else stop])


def _stop_ends(text: str, begin: int, place: int, after: int, word: str, end: int) -> bool:
    """Whether the full stop at ``place`` ends the sentence that began at ``begin``; ``word`` is the next one."""
    head = place
    while head > begin and not text[head - 1].isspace() and text[head - 1] not in '([{“"/':
        head -= 1
    last = text[head:place]
    lowered = last.lower().strip("*_'’)")
    if lowered in _GOES_ON:
        return False
    if head == begin and _LIST_NUMBER.fullmatch(last):  # "1. Aspirin" at the beginning of an item
        return False
    if lowered in _BEFORE_NUMBER and _digit_follows(text, after, end):
        return False
    capital = word[:1].isupper()
    if lowered in _MAY_END:
        return capital or _ideograph_follows(text, after, end)
    if _INITIALS.fullmatch(last):
        return capital and (word.lower() in _STARTERS or (last.islower() and not word.isupper()))
    if len(last) == 1 and last.isalpha():
        return _letter_ends(text, begin, head, last, word)
    return True


def _letter_ends(text: str, begin: int, head: int, letter: str, word: str) -> bool:
    """Whether "X." ends a sentence: not in "J. Smith" and "E. coli", but in "vitamin D. Patients"."""
    if not letter.isupper():
        return word[:1].isupper()
    if not word[:1].isupper():
        return False
    previous = text[begin:head].split()[-1:] or [""]
    return word.lower() in _STARTERS or previous[0].lower() in _LETTERED


def _digit_follows(text: str, after: int, end: int) -> bool:
    place = _skip(text, after, end)
    return place < end and text[place].isdigit()


def _ideograph_follows(text: str, after: int, end: int) -> bool:
    place = _skip(text, after, end)
    return place < end and re.match(rf"[{IDEOGRAPHS}]", text[place]) is not None
