"""Whether a line of a text goes on in the next one: a warning that is cut at a line break may say its opposite."""

from __future__ import annotations

import re


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OPEN = _listed(
    "not no never nor neither cannot without with of to than and or but a an the this that these those by for in on at from "
    "into onto as over under above below between within per via if unless until when while where which who whose before "
    "after during because since least most more less fewer only about around approximately up greater lower higher "
    "exceed exceeds exceeding give gives given giving take takes taken taking use uses used using avoid avoids avoiding "
    "administer administered administering inject injected injecting infuse infused infusing prescribe prescribed "
    "receive receives received receiving start stop continue combine combined combining mix mixed mixing include includes "
    "including requires require reduce increase cause causes contains containing be been being is are was were am has have "
    "had do does did can could may might must shall should will would don't doesn't can't won't mustn't shouldn't any each "
    "every either both all other another such like except despite against among concomitant concurrent his her its their "
    "your our de la el los las un una del al con sin por para en que y o ni nunca se su"
)
# Words of a sentence that tells what to do or leave; none stands in a heading or in an item of a plain list.
_VERBS = re.compile(
    r"\b(?:not|never|cannot|avoid|contraindicated|discontinue|exceed|give|given|take|taken|administer(?:ed)?|inject(?:ed)?|"
    r"must|should|shall|may|can|is|are|was|were|be|been|has|have|had|do|does|will|would|nunca|evitar|\w+n't)\b",
    re.IGNORECASE,
)
_ORDER = re.compile(
    r"\b(?:(?:do|must|should|may|can|shall|to|be|is|are) not|cannot|(?:mustn|shouldn|don)'t|avoid|contraindicated|"
    r"never (?:be |to )?(?:give|use|exceed|take|inject|administer|combine|mix|infuse)\w*|nunca|evitar)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(r"[^\W\d_][^\n:：.!?]{0,40}[:：](?!\d)")
_BULLET = re.compile(r"[-*•·▪◦‣–—]\s|[•▪◦‣]|\(?(?:\d{1,3}|[a-zA-Z])[.)]\s|#{1,6}\s|\|")
_GOING_ON = re.compile(
    r"(?:of|to|than|by|for|in|on|at|from|as|with|without|or|and|if|unless|until|when|while|because|during|before|after|per|"
    r"via|into|over|above|more|less|be)\b"
)
_LAST = re.compile(r"([^\W_]+(?:['’][^\W_]+)?)\W*$")
_LONGEST = 60  # characters of a heading or an item of a list, and
_WORDS = 8  # words


def breaks_off(said: str) -> bool:
    """Whether a line ends where no sentence does: in a function word, a verb that wants its object, a comma or a bracket."""
    said = said.rstrip()
    if said.endswith((",", "(", "/", "+", "<", ">", "=", "≤", "≥")):
        return True
    last = _LAST.search(said)
    return last is not None and last[1].lower().replace("’", "'") in _OPEN


def stands_alone(said: str, following: str) -> bool:
    """Whether ``said``, which no mark ends, is a heading, an item or a row, with a line of its own after it (``following``)."""
    if breaks_off(said):
        return False
    if "\t" in said or "|" in said or _LABEL.match(following):
        return True
    return len(said) <= _LONGEST and len(said.split()) <= _WORDS and not _VERBS.search(said)


def goes_on(said: str, following: str) -> bool:
    """Whether a sentence surely goes on after the single line break between ``said`` and ``following``.

    Only in what tells to do or to leave something and in what breaks off: the lines of a note or of a talk are sentences
    of their own, also without a mark at their end.
    """
    said, following = said.rstrip(), following.lstrip()
    if not said or said[-1] in ".!?。！？；;:：…" or _BULLET.match(following) or _LABEL.match(following):
        return False
    if breaks_off(said):
        return True
    first = following[:1]
    if first.islower():
        return _GOING_ON.match(following) is not None or _ORDER.search(said) is not None
    return (first.isdigit() or first.isupper()) and _ORDER.search(said) is not None
