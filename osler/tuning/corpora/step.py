"""Steps around a corpus, each a corpus itself, and the account of what went in and came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from osler.tuning.corpora.corpus import Corpus, Text


@dataclass(slots=True)
class Report:
    """What a corpus gave, and the corpora below it. Sizes are characters.

    sources, made: characters by collection and by what made them ("" where people wrote them). dropped: texts by the
    reason for which a step left them out. changed: texts that a step gives in another form.
    """

    name: str
    texts: int = 0
    characters: int = 0
    sources: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    below: tuple[Report, ...] = ()

    @property
    def made_share(self) -> float:
        """The share of characters that nobody wrote."""
        return 1 - self.made[""] / self.characters if self.characters else 0.0

    def json(self) -> dict[str, Any]:
        """The account as plain JSON, the corpora below it under ``below``."""
        return {
            "name": self.name,
            "texts": self.texts,
            "characters": self.characters,
            "sources": dict(self.sources),
            "made": dict(self.made),
            "dropped": dict(self.dropped),
            "changed": self.changed,
            "below": [one.json() for one in self.below],
        }

    def lines(self, depth: int = 0) -> list[str]:
        """The account in words, a line for each corpus, the last step first."""
        told = f"{'  ' * depth}{self.name}: {self.texts:,} texts, {self.characters:,} characters"
        if self.changed:
            told += f", {self.changed:,} changed"
        if self.dropped:
            reasons = ", ".join(f"{count:,} {reason}" for reason, count in self.dropped.most_common())
            told += f"; left out: {reasons}"
        if self.made_share:
            told += f"; {100 * self.made_share:.1f} % made"
        return [told, *(line for one in self.below for line in one.lines(depth + 1))]


class Step:
    """The base of steps: a block with ``inputs``, the corpora it stands around, and ``passed``, what it gives of them."""

    @property
    def inputs(self) -> tuple[Corpus, ...]:
        corpus: Corpus = self.corpus  # type: ignore[attr-defined]
        return (corpus,)

    def passed(self, streams: Sequence[Iterator[Text]], report: Report) -> Iterator[Text]:
        """The texts that go on, of the texts of the inputs; what is left out or changed goes into ``report``."""
        raise NotImplementedError

    def texts(self) -> Iterator[Text]:
        return followed(self)[0]

    def report(self) -> Report:
        """The account of this step and of all below it. It reads the whole corpus."""
        return account(self)


def followed(corpus: Any) -> tuple[Iterator[Text], Report]:
    """The texts of a corpus, and the account of them, which is whole when the last text was taken."""
    if isinstance(corpus, Step):
        below = [followed(one) for one in corpus.inputs]
        report = Report(type(corpus).__name__, below=tuple(one for _, one in below))
        return _counted(corpus.passed([texts for texts, _ in below], report), report), report
    report = Report(type(corpus).__name__)
    return _counted(corpus.texts(), report), report


def account(corpus: Corpus) -> Report:
    """The account of any corpus: its texts are read and counted."""
    texts, report = followed(corpus)
    for _ in texts:
        pass
    return report


def _counted(texts: Iterator[Text], report: Report) -> Iterator[Text]:
    for text in texts:
        size = len(text.text)
        report.texts += 1
        report.characters += size
        report.sources[text.source] += size
        report.made[text.made] += size
        yield text
