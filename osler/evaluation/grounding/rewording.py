"""Light rewordings that keep the meaning of a sentence: other forms of numbers, other words, other order of clauses.

They make the clean twins of planted errors, so that a checker that only looks for the same characters is not taken for a
good one.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from osler.evaluation.metrics.structure.numeric import decimal

_WORDS: tuple[tuple[str, str], ...] = (
    (r"\btwice daily\b", "two times a day"), (r"\btwice a day\b", "twice daily"), (r"\bonce daily\b", "once a day"),
    (r"\bonce a day\b", "once daily"), (r"\bevery 12 hours\b", "twice a day"), (r"\bevery 8 hours\b", "three times a day"),
    (r"\bdaily\b(?= dose)", "per-day"), (r"(?<=\d) percent\b", " %"), (r"(?<=\d)%", " percent"),
    (r"(?<!to )(?<![\d–-])24 hours\b", "1 day"), (r"(?<!to )(?<![\d–-])48 hours\b", "2 days"), (r"(?<!to )(?<![\d–-])72 hours\b", "3 days"), (r"(?<!to )(?<![\d–-])60 minutes\b", "1 hour"),
    (r"\b(\d+) mg\b(?!/)", r"\1 milligrams"), (r"\b(\d+) mcg\b(?!/)", r"\1 micrograms"), (r"\b(\d+) mL\b(?!/)", r"\1 milliliters"),
    (r"\b(?:health ?care|medical) providers?\b", "clinician"), (r"\bphysicians?\b", "doctor"), (r"\bclients\b", "patients"),
    (r"\bclient\b", "patient"), (r"\bpatients\b", "people"), (r"\bsuch as\b", "for example"), (r"\bprior to\b", "before"),
    (r"\bapproximately\b", "about"), (r"\butilize", "use"), (r"\bdue to\b", "because of"), (r"\bin order to\b", "to"),
    (r"\bhypertension\b", "high blood pressure"), (r"\bmyocardial infarction\b", "heart attack"), (r"\brenal\b", "kidney"),
    (r"\bhepatic\b", "liver"), (r"\bis located\b", "lies"), (r"\bare located\b", "lie"), (r"\bdoes not\b", "doesn't"),
    (r"\bdo not\b", "don't"), (r"\bis not\b", "isn't"), (r"\bare not\b", "aren't"), (r"\bcannot\b", "can not"),
    (r"\bshould not\b", "shouldn't"), (r"\bwithout\b", "with no"), (r"\bindividuals\b", "people"), (r"\bseveral\b", "some"),
    (r"\bassist\b", "help"), (r"\brequires\b", "needs"), (r"\brequire\b", "need"), (r"\bincludes\b", "comprises"),
    (r"\bapproved\b", "licensed"), (r"\badminister\b", "give"), (r"\badministered\b", "given"), (r"\binitiated\b", "started"),
    (r"\bdecreases\b", "lowers"), (r"\bincreases\b", "raises"), (r"\breduces\b", "decreases"), (r"\bdecrease\b", "reduce"),
)  # fmt: skip
_DROPPED = re.compile(
    r"(?:,? (?:also|typically|usually|generally|often|commonly|however|therefore|furthermore|additionally),?)(?= [a-z])|"
    r" \((?:see )?[^()]{0,60}(?:19|20)\d\d[^()]{0,20}\)| \(n\.d\.\)"
)
_NEVER_MOVED = re.compile(r"[;:“”\"()]|\b(?:respectively|former|latter)\b")
_FRONT = re.compile(
    r"^(?P<front>(?:If|When|After|Before|During|Because|In|For|Although|While|Since|Once)\b[^,]{8,90}), (?P<rest>[^,]{20,200})\.$"
)
_BACK = re.compile(
    r"^(?P<rest>[^,]{20,160}?),? (?P<back>(?:if|when|because|although|while|during|after|before) [^,]{12,100})\.$"
)
_LIST = re.compile(r"(?<=[ ,])(?P<a>[a-z-]+(?: [a-z-]+)?), (?P<b>[a-z-]+(?: [a-z-]+)?), and (?P<c>[a-z-]+)(?=[.,])")
_MASS = re.compile(r"\b(?P<n>\d+(?:,\d{3})*(?:\.\d+)?) ?(?P<u>mg|mcg|g|mL|L)\b(?!/| per)")
_SMALLER = {"g": ("mg", 1000), "mg": ("mcg", 1000), "L": ("mL", 1000)}
_LARGER = {"mg": ("g", 1000), "mcg": ("mg", 1000), "mL": ("L", 1000)}
_STARTS_WITH_NAME = re.compile(r"^(?:[A-Z][a-z]+ ?){2,}|^[A-Z]{2,}")


def reworded(sentence: str, rng: random.Random) -> str:
    """The sentence in other words, or as it was where no rule fits. Ends in a full stop where it did."""
    out = sentence
    for rule in (_other_units, _other_words, _dropped, _moved, _listed):
        out = rule(out, rng)
    return out


def _other_units(text: str, rng: random.Random) -> str:
    """One amount in the next smaller or larger unit: 500 mg is 0.5 g, where both are read easily."""
    found = list(_MASS.finditer(text))
    rng.shuffle(found)
    for match in found:
        value = decimal(match["n"])
        before = text[max(0, match.start() - 4) : match.start()]
        if value is None or re.search(r"[-–/]|to $|\d$", before):
            continue
        for table, up in ((_LARGER, True), (_SMALLER, False)):
            if match["u"] in table:
                name, factor = table[match["u"]]
                other = value / factor if up else value * factor
                if (up and 0.1 <= other <= 10) or (not up and other <= 2000 and value < 5):
                    return text[: match.start()] + f"{other:g} {name}" + text[match.end() :]
    return text


def _other_words(text: str, rng: random.Random) -> str:
    """Up to three words or forms of numbers for others of the same meaning."""
    fitting = [pair for pair in _WORDS if re.search(pair[0], text)]
    for pattern, other in rng.sample(fitting, min(3, len(fitting))):
        text = re.sub(pattern, other, text, count=1)
    return text


def _dropped(text: str, rng: random.Random) -> str:
    return _DROPPED.sub("", text)


def _moved(text: str, rng: random.Random) -> str:
    """The clause in front put behind, or the one behind put in front."""
    if _NEVER_MOVED.search(text) or _STARTS_WITH_NAME.search(text):
        return text
    front = _FRONT.match(text)
    if front:
        return f"{_capital(front['rest'])} {_small(front['front'])}."
    back = _BACK.match(text)
    if back and rng.random() < 0.7:
        return f"{_capital(back['back'])}, {_small(back['rest'])}."
    return text


def _listed(text: str, rng: random.Random) -> str:
    """Three short items of a list in another order."""
    order: Callable[[re.Match[str]], str] = lambda match: f"{match['c']}, {match['a']}, and {match['b']}"  # noqa: E731
    return _LIST.sub(order, text, count=1) if rng.random() < 0.5 else text


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str) -> str:
    """With a small first letter where the first word is an ordinary one."""
    first = text.split(" ", 1)[0]
    return text[:1].lower() + text[1:] if (first.istitle() and len(first) < 9) or first == "A" else text
