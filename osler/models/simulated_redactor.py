"""A simulated model that rewrites notes with their identifiers replaced: for tests of measures and systems of
de-identification, never a stand-in for results. It is told where the identifiers are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import orjson

from osler.core.block import block, replace
from osler.core.errors import ModelError, SpecError
from osler.core.types import Example, Message, Reply
from osler.models.asked import read_asked

_WORD = re.compile(r"\w+")


@block
class SimulatedRedactor:
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

    baseline: ClassVar[bool] = True  # it is told the answers: nothing it does can pass a gate

    def check(self) -> None:
        for name in ("leak", "over", "format_failure"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise SpecError(f"simulated_redactor.{name} must be from 0 to 1, got {getattr(self, name)}")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate"})

    def keyed(self, examples: Sequence[Example], *, lettered: bool) -> SimulatedRedactor:
        """A copy that knows the identifiers of ``examples``: their targets."""
        return replace(self, key={example.id: example.target for example in examples})

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        name = next((p.id for m in reversed(messages) for p in m.parts if p.name == "question"), "")
        if name not in self.key:
            raise ModelError(
                f"the simulated redactor has no key for the case {name!r}",
                hint="give it one with keyed(examples); a study does so by itself",
                kind="no_key",
            )
        note = read_asked(messages).question
        refuses = self._uniform(name, "format") < self.format_failure
        text = "I am sorry, but I cannot do that." if refuses else self._rewritten(name, note)
        tokens = sum(len(message.text) for message in messages) // 4
        return Reply(
            text=text, texts=(text,) * n, tokens_in=tokens, tokens_out=len(text) // 4, model="simulated_redactor"
        )

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        raise ModelError("the simulated redactor writes texts and scores no choices", kind="unsupported")

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
        text = "\x1f".join((str(self.seed), *words))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / float(1 << 56)
