"""Dialogue-based knowledge encoding: dense text told as a conversation (Clinical Camel, Toma et al. 2023,
arXiv:2305.12031, section 3.1)."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Model, Part
from osler.prompting.sampling import together
from osler.prompting.self_chat import AI, ended, fault, turns
from osler.tuning.corpora.corpus import Text
from osler.tuning.dialogue.conversation import Conversation, Turn
from osler.tuning.factory.production import Made, answered

TOLD = (
    "Turn the text below into a conversation in which a person asks about it and an assistant explains it. The person's "
    "turns begin with [Human], the assistant's with [AI], each on a new line; they take turns, the person begins and the "
    "assistant ends. Every fact of the text is told in a turn of the assistant, and nothing that the text does not say. "
    "Write only the conversation."
)
LOST, FOREIGN, THIN = "the call was lost", "it says what the text does not", "it tells too little of the text"
_WORD = re.compile(r"\w+")


@block
class DialogueEncoded:
    """Each text of ``data`` (a corpus) as a conversation of several turns.

    grounded: the least share of the assistant's words of five letters or more, and of all its numbers, that stand in the
    text. told: the least share of the text's such words that the conversation says. Both count words, so they find what
    was invented or left out, not what was turned round.
    """

    data: Any = None
    grounded: float = 0.6
    told: float = 0.5
    temperature: float = 0.7
    max_tokens: int = 2048

    title: ClassVar[str] = "dialogue-based knowledge encoding"

    def check(self) -> None:
        if not 0 <= self.grounded <= 1 or not 0 <= self.told <= 1:
            raise SpecError("dialogue_encoded.grounded and told are shares from 0 to 1", hint="grounded = 0.6")

    async def make(self, model: Model, *, seed: int) -> Made:
        if self.data is None:
            raise SpecError("dialogue_encoded has no texts", hint='data = { use = "text_files", ... }')
        made = Made()
        texts = list(self.data.texts())
        for text, found in zip(texts, await together([self._one(model, one, seed) for one in texts]), strict=True):
            if isinstance(found, str):
                made.rejected[found] += 1
            else:
                made.conversations.append(Conversation(f"told-{text.id}", found, self.title, "", (text.id,)))
        return made

    async def _one(self, model: Model, text: Text, seed: int) -> tuple[Turn, ...] | str:
        """The turns, or why there are none."""
        messages = (
            Message("system", (Part(TOLD, name="instruction"),)),
            Message("user", (Part(text.text, name="text", id=text.id),)),
        )
        reply = await answered(model, messages, temperature=self.temperature, seed=seed, max_tokens=self.max_tokens)
        if reply is None:
            return LOST
        said = turns(reply.text)
        said = ended(said[:-1] if reply.finish == "length" else said, greeting=True)
        wrong = fault(said, 1)
        if wrong:
            return wrong
        answers = " ".join(turn.text for turn in said if turn.role == AI)
        own, there = _words(answers), _words(text.text)
        numbers = {word for word in _WORD.findall(answers) if word.isdigit()} - set(_WORD.findall(text.text))
        if numbers or (own and len(own & there) < self.grounded * len(own)):
            return FOREIGN
        if len(own & there) < self.told * len(there):
            return THIN
        return tuple(Turn("assistant" if turn.role == AI else "user", turn.text) for turn in said)


def _words(text: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(text) if len(word) >= 5}
