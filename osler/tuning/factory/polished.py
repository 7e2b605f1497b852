"""Polishing: a doctor's advice is rewritten, a doctor's questions are kept as they were said (BianQue, Chen et al. 2023,
arXiv:2310.15896; HuatuoGPT, Zhang et al. 2023, arXiv:2305.15075)."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part
from osler.evaluation.consultation.questions import asks
from osler.evaluation.parsing.texts import passage
from osler.prompting.sampling import together
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.factory.production import Made, answered

TOLD = (
    "Below are a conversation between a patient and a doctor and the doctor's next words. Rewrite these words: complete "
    "sentences, friendly, in order; keep every drug, number, finding and piece of advice, add none, and ask nothing. "
    "Write only the doctor's words."
)
LOST, NUMBERS, ASKED = "the call was lost", "a number was lost or added", "the rewriting asks a question"
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@block
class Polished:
    """The conversations of ``data`` with each advising turn of the assistant rewritten.

    A rewriting that loses or adds a number, or asks, is thrown away and counted; the turn then stays as it was said. A
    conversation of which nothing was rewritten is left out, as it would be no made row.
    """

    data: Any = None
    temperature: float = 0.0
    max_tokens: int = 1024

    title: ClassVar[str] = "polishing"

    async def make(self, model: Model, *, seed: int) -> Made:
        if self.data is None:
            raise SpecError("polished has no conversations", hint='data = { use = "conversation_files", ... }')
        made = Made()
        rows = list(self.data.conversations())
        found = await together([self._one(model, row, seed) for row in rows])
        for row, (turns, wrong) in zip(rows, found, strict=True):
            made.rejected += wrong
            if turns != row.turns:
                of = tuple(dict.fromkeys((row.id, *row.of)))
                made.conversations.append(Conversation(f"polished-{row.id}", turns, self.title, "", of))
        return made

    async def _one(self, model: Model, row: Conversation, seed: int) -> tuple[tuple[Turn, ...], Counter[str]]:
        wrong: Counter[str] = Counter()
        turns = list(row.turns)
        for at, turn in enumerate(row.turns):
            if turn.role != "assistant" or not turn.text.strip() or asks(turn.text):
                continue
            text = await self._rewritten(model, row, at, seed)
            fault = LOST if text is None else _fault(turn.text, text)
            if fault or text is None:
                wrong[fault] += 1
            else:
                turns[at] = turn._replace(text=text)
        return tuple(turns), wrong

    async def _rewritten(self, model: Model, row: Conversation, at: int, seed: int) -> str | None:
        names = {"user": "Patient", "assistant": "Doctor", "system": "Instruction"}
        before = "\n".join(f"{names[turn.role]}: {turn.text}" for turn in row.turns[:at])
        messages = (
            Message("system", (Part(TOLD, name="instruction"),)),
            Message(
                "user", (Part(before, name="dialogue"), Part(row.turns[at].text, name="reply", id=f"{row.id}/{at}"))
            ),
        )
        reply = await answered(model, messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens)
        return (passage(reply.text) or None) if reply is not None else None


def _fault(said: str, text: str) -> str:
    if Counter(_NUMBER.findall(said)) != Counter(_NUMBER.findall(text)):
        return NUMBERS
    return ASKED if asks(text) else ""
