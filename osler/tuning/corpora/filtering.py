"""Texts that are no running prose in the wanted language left out, each for a reason that is counted."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence

from osler.core.block import block
from osler.core.errors import SpecError
from osler.tuning.corpora.corpus import Corpus, Text
from osler.tuning.corpora.open_texts import OpenTexts
from osler.tuning.corpora.step import Report, Step

_LISTS = {
    "en": "the of and to in a is that for with as was are by be on this or from at an not which were have has it",
    "es": "de la que el en y a los se del las un por con una su para es al lo como más pero o este sus fue",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden",
    "fr": "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das foi",
    "it": "di e il la che in a per è un del con non una i da le si nel della sono al dei più come ha alla",
}
STOP_WORDS = {name: tuple(words.split()) for name, words in _LISTS.items()}
"""Frequent words of languages by which they are told apart."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]+")


@block
class QualityFiltered(Step):
    """The texts of ``corpus`` that pass every rule; a limit of 0 (of 1 for shares that are upper limits) takes a rule out.

    words: least and most number of words, most 0 for no limit. letters: least share of letters among characters that
    are no blanks. word_length: least and most mean letters of a word. repeated_lines: most share of characters in lines
    that stood in the text before. repetition: most by which the text may be squeezed, 1 less its size after compression
    over its size, for texts of 1,000 characters or more. stop_words: least share of frequent words of the language.
    language: its code, "" for any; a text with few frequent words is another's if it has more of that one's. The rules follow Gopher's
    (Rae et al. 2021, table A1); limits are ours and loose, for abstracts, answers and notes.
    """

    corpus: Corpus = OpenTexts()
    words: tuple[int, int] = (5, 0)
    letters: float = 0.6
    word_length: tuple[float, float] = (2.5, 12.0)
    repeated_lines: float = 0.3
    repetition: float = 0.85
    stop_words: float = 0.06
    language: str = "en"

    def check(self) -> None:
        if self.language and self.language not in STOP_WORDS and self.language != "zh":
            raise SpecError(
                f"filtered knows no language {self.language!r}", hint=f"known: {', '.join(STOP_WORDS)}, zh, or empty"
            )
        shares = (self.letters, self.repeated_lines, self.repetition, self.stop_words)
        if not all(0 <= share <= 1 for share in shares) or self.words[0] < 0:
            raise SpecError("the limits of filtered are shares from 0 to 1", hint="leave them out")

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        for text in streams[0]:
            reason = self.reason(text.text)
            if reason:
                report.dropped[reason] += 1
            else:
                yield text

    def reason(self, text: str) -> str:
        """Why the text is left out; "" where it passes. Chinese has no blanks, so its characters count as words."""
        found = _LETTER.findall(text)
        letters = sum(map(len, found))
        words = len(found) if self.language != "zh" else len(_HAN.findall(text))
        if words < self.words[0]:
            return "too few words"
        if self.words[1] and words > self.words[1]:
            return "too many words"
        blanks = text.count(" ") + text.count("\n")
        if letters < self.letters * (len(text) - blanks):
            return "few letters"
        if self.language != "zh" and not self.word_length[0] <= letters / max(words, 1) <= self.word_length[1]:
            return "word length"
        if self.language and (told := self._language(text, found, words)):
            return told
        if self.repeated_lines < 1 and "\n" in text and _repeated(text) > self.repeated_lines:
            return "repeated lines"
        if self.repetition < 1 and len(text) >= 1000 and _squeezed(text) > self.repetition:
            return "repetition"
        return ""

    def _language(self, text: str, found: list[str], words: int) -> str:
        if self.language == "zh":
            return "" if words > 0.3 * len(text) else "other language"
        low = text.lower().split()
        own = sum(map(_FREQUENT[self.language].__contains__, low))
        if own < self.stop_words * len(found):
            return "few stop words"
        if own < 0.15 * len(found):  # with more frequent words than that, no other language can be it
            counts = {name: sum(map(words.__contains__, low)) for name, words in _ALONE.items()}
            if max(counts.values()) > counts[self.language]:
                return "other language"
        return ""


_FREQUENT = {name: frozenset(words) for name, words in STOP_WORDS.items()}
_ALONE = {
    name: words - frozenset().union(*(others for other, others in _FREQUENT.items() if other != name))
    for name, words in _FREQUENT.items()
}
"""Words that are frequent in one of the languages only."""


def _repeated(text: str) -> float:
    """The share of characters in lines that stood in the text before."""
    seen: set[str] = set()
    repeated = total = 0
    for line in text.split("\n"):
        bare = line.strip()
        total += len(bare)
        if bare in seen:
            repeated += len(bare)
        seen.add(bare)
    return repeated / max(total, 1)


def _squeezed(text: str) -> float:
    raw = text[:20_000].encode("utf-8", "replace")
    return 1 - len(zlib.compress(raw, 1)) / len(raw)
