"""The study's own training cases as conversations: what the model will be asked, and the answer in the form it is read."""

from __future__ import annotations

from collections.abc import Sequence

from osler.core.types import Prompt
from osler.tuning.dialogue.conversation import Conversation, Turn


def reply(prompt: Prompt, target: str) -> str:
    """The answer as demonstrations word it, so that scored and generated answers are the same; JSON stays JSON."""
    return f"Answer: {target}" if prompt.choices and prompt.schema is None else target


def conversation(prompt: Prompt, target: str) -> Conversation:
    """The messages of ``prompt`` and the answer. Answers of demonstrations are read, not learnt."""
    turns = []
    for message in prompt.messages():
        role = "user" if message.role == "tool" else message.role
        turns.append(Turn(role, message.text, False))
    return Conversation(prompt.id, (*turns, Turn("assistant", reply(prompt, target), True)), "cases")


def conversations(pairs: Sequence[tuple[Prompt, str]]) -> list[Conversation]:
    return [conversation(prompt, target) for prompt, target in pairs]
