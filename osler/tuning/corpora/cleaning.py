"""Texts as plain running text: one form of each character, no control characters, no lines that say nothing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.corpora.step import Report, Step

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufffe\uffff]")
_HYPHEN = re.compile(r"(?<=[^\W\d_]{2})[-\u2010]\n[ \t]*(?=[^\W\d_A-Z]{2})")
_BLANKS = re.compile(r"[ \t\u00a0]{2,}|[\t\u00a0]")
_EDGES = re.compile(r" *\n *")
_LINES = re.compile(r"\n{3,}")
_BOILERPLATE = re.compile(
    r"^[ \t]*(?:(?:©|\(c\)|copyright\b).{0,200}|all rights reserved\.?|page \d+(?: of \d+)?|"
    r"(?:accept|we use) (?:all )?cookies.{0,200}|skip to (?:main )?content|click here.{0,80}|"
    r"(?:share|follow us) on (?:facebook|twitter|linkedin).{0,80}|"
    r"access for free at \S+)[ \t]*$\n?",
    re.IGNORECASE | re.MULTILINE,
)
_HINTS = ("©", "(c)", "copyright", "rights reserved", "page ", "cookies", "skip to", "click here", "share on", "follow")
_TYPOGRAPHY = str.maketrans(
    {
        "\u2018": "'",
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u00ad": None,
        "\u2028": "\n",
        "\u2029": "\n\n",
        "\u2009": " ",
        "\u202f": " ",
        "\u2002": " ",
        "\u2003": " ",
        "\u2005": " ",
    }
)


def cleaned(text: str, *, boilerplate: bool = True, hyphens: bool = True) -> str:
    """``text`` in NFC, without control and invisible characters, words cut at line ends put together, blanks once.

    Straight quotation marks; no soft hyphens. With ``boilerplate`` lines of copyright, cookies and page numbers go.
    NFC and not NFKC: powers and indices (m², H₂O) keep what they say. Cleaning a clean text changes nothing.
    """
    while (once := _once(text, boilerplate, hyphens)) != text:  # what one step leaves may be what another takes away
        text = once
    return text


def _once(text: str, boilerplate: bool, hyphens: bool) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", text)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.translate(_TYPOGRAPHY))
    text = _BLANKS.sub(" ", text)
    if "\n" in text:
        text = _EDGES.sub("\n", text)
        if hyphens and ("-\n" in text or "\u2010\n" in text):
            text = _HYPHEN.sub("", text)
    if boilerplate and _may_hold(text):
        text = _BOILERPLATE.sub("", text)
    if "\n\n\n" in text:
        text = _LINES.sub("\n\n", text)
    return text.strip()


def _may_hold(text: str) -> bool:
    low = text.casefold()
    return any(hint in low for hint in _HINTS) or "access for free" in low


@block
class Cleaned(Step):
    """The texts of ``corpus`` as ``cleaned`` gives them; those of which less than ``shortest`` characters are left go.

    boilerplate: lines of copyright, cookies and page numbers go. hyphens: a word cut by a hyphen at the end of a line
    is put together where it goes on in lower case; a compound that was broken at its own hyphen loses it.
    """

    corpus: Corpus = OpenTexts()
    boilerplate: bool = True
    hyphens: bool = True
    shortest: int = 1

    def check(self) -> None:
        if self.shortest < 1:
            raise SpecError(f"cleaned.shortest must be 1 or more, got {self.shortest}", hint="leave shortest out")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        for text in streams[0]:
            clean = cleaned(text.text, boilerplate=self.boilerplate, hyphens=self.hyphens)
            if len(clean) < self.shortest:
                report.dropped["too short" if clean else "empty"] += 1
                continue
            if clean != text.text:
                report.changed += 1
                text = text._replace(text=clean)
            yield text
