"""A simulated model that rewrites notes with their identifiers replaced: for tests of measures and systems of
de-identification, never a stand-in for results. It is told where the identifiers are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import orjson

from osler.core.block import block, replace
from osler.core.types import Example
from osler.models.asked import read_asked
from osler.models.writing import Turn, Writes, need_shares, no_key, uniform

_WORD = re.compile(r"\w+")


@block
class SimulatedRedactor(Writes):
    """Writes the text of the last question anew with ``mark`` in place of identifiers.

    leak: probability that an identifier is left as it stands; over: that another word is masked, too (1: everything
    goes). format_failure: probability of a refusal. key: case id to the identifiers, as JSON ``{"entities": [{"start",
    "end", ...}]}``; a study gives it by ``keyed``. Everything it says is a function of the call.
    """

    leak: float = 0.0
    over: float = 0.0
    format_failure: float = 0.0
    mark: str = "[redacted]"
    seed: int = 0
    key: Mapping[str, str] = {}

    def check(self) -> None:
        need_shares(self, "leak", "over", "format_failure")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedRedactor:
        """A copy that knows the identifiers of ``examples``: their targets."""
        return replace(self, key={example.id: example.target for example in examples})

    def said(self, turn: Turn) -> str:
        if turn.case not in self.key:
            raise no_key(self, turn.case)
        if self._uniform(turn.case, "format") < self.format_failure:
            return "I am sorry, but I cannot do that."
        return self._rewritten(turn.case, read_asked(turn.messages).question)

    def _rewritten(self, name: str, note: str) -> str:
        out, end = "", 0
        entities = sorted(orjson.loads(self.key[name])["entities"], key=lambda item: int(item["start"]))
        for number, item in enumerate(entities):
            start, stop = int(item["start"]), int(item["end"])
            if start < end:
                continue  # identifiers may lie in each other
            left = self._uniform(name, "leak", str(number)) < self.leak
            out += self._beside(name, note, end, start) + (note[start:stop] if left else self.mark)
            end = stop
        return out + self._beside(name, note, end, len(note))

    def _beside(self, name: str, note: str, start: int, end: int) -> str:
        """The text between identifiers, with some words masked."""

        def word(match: re.Match[str]) -> str:
            masked = self._uniform(name, "over", str(start + match.start())) < self.over
            return self.mark if masked else match.group()

        return _WORD.sub(word, note[start:end])

    def _uniform(self, *words: str) -> float:
        return uniform(self.seed, *words)
