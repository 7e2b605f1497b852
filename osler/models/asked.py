"""What messages ask, read from the names of their parts: for models that compare texts instead of writing them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from osler.core.types import Message


@dataclass(frozen=True, slots=True)
class Asked:
    """One user message. ``evidence`` and ``options`` map ids to bare texts, without "[id] " or "A. " before them."""

    question: str
    evidence: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)

    def meaning(self, choice: str) -> str:
        """The text that ``choice`` stands for: that of the lettered option, or the label itself."""
        return self.options.get(choice) or choice

    def choice(self, meaning: str) -> str | None:
        """The letter of the option with this text, whatever its case, or None."""
        wanted = meaning.strip().casefold()
        return next((letter for letter, text in self.options.items() if text.strip().casefold() == wanted), None)


def read_asked(messages: Sequence[Message]) -> Asked:
    """The last question of ``messages``: the last user message with a part named "question", else the last one."""
    users = [message for message in messages if message.role == "user"]
    if not users:
        return Asked("\n".join(message.text for message in messages))
    return _read(next((message for message in reversed(users) if _asks(message)), users[-1]))


def read_demos(messages: Sequence[Message]) -> list[tuple[Asked, str]]:
    """The solved cases before the last question: each with its answer, as the demonstration words it."""
    demos: list[tuple[Asked, str]] = []
    for user, assistant in pairwise(messages):
        if user.role != "user" or assistant.role != "assistant":
            continue
        answer = next((part.id for part in assistant.parts if part.name == "answer" and part.id), "")
        if answer:
            demos.append((_read(user), answer))
    return demos


def _asks(message: Message) -> bool:
    return any(part.name == "question" for part in message.parts)


def _read(message: Message) -> Asked:
    question: list[str] = []
    evidence: dict[str, str] = {}
    options: dict[str, str] = {}
    for row, part in enumerate(message.parts):
        if part.kind != "text":
            continue
        if part.name == "question":
            question.append(part.text)
        elif part.name == "evidence":
            evidence[part.id or f"#{row}"] = part.text.removeprefix(f"[{part.id}] ")
        elif part.name == "choice":
            options[part.id] = part.text.removeprefix(f"{part.id}. ")
    return Asked("\n".join(question) if question else message.text, evidence, options)
