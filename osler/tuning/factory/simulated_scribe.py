"""A simulated model that writes what the factory asks for: questions of facts, texts as dialogue, polished replies."""

from __future__ import annotations

import re

import orjson

from osler.core.block import block
from osler.models.writing import Turn, Writes, need_shares, uniform

_NAMED = re.compile(r"The question names (.*?), the answer names (.*?); say nothing")
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")


@block
class SimulatedScribe(Writes):
    """Writes well-formed rows, except that with the probability ``broken`` a row has the fault that its filter is for:
    an answer without the fact, a number that the text has not, a dose left out."""

    broken: float = 0.0
    seed: int = 0

    def check(self) -> None:
        need_shares(self, "broken")

    def said(self, turn: Turn) -> str:
        held = {part.name: part for part in turn.parts}
        for name, write in (("fact", self._question), ("text", self._dialogue), ("reply", self._polished)):
            if name in held:
                bad = uniform("scribe", self.seed, name, held[name].id, turn.draw) < self.broken
                return write(held[name].text, held["instruction"].text, bad)
        return "Here is what is asked."

    def _question(self, fact: str, told: str, bad: bool) -> str:
        found = _NAMED.search(told)
        head, tail = found.groups() if found else ("", "")
        answer = "ask your doctor ." if bad else fact if tail in fact else f"{fact} {tail}"
        return orjson.dumps({"question": f"what should i know of {head} ?", "answer": answer}).decode()

    def _dialogue(self, text: str, told: str, bad: bool) -> str:
        lines = []
        for at, sentence in enumerate(_SENTENCE.findall(text)):
            lines += [f"[Human] what else ? part {at + 1} .", f"[AI] {sentence.strip()}"]
        return "\n".join(lines) + (" in 987654 cases ." if bad else "")

    def _polished(self, reply: str, told: str, bad: bool) -> str:
        kept = re.sub(r"\d+", "some", reply) if bad else reply
        return f"thank you for telling me . {kept} i wish you well ."
