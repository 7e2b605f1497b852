"""A conversation to learn from: turns with their roles, and which of them the loss reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from osler.tuning.corpora.corpus import Text

Role = Literal["system", "user", "assistant"]


class Turn(NamedTuple):
    """``learnt``: whether the loss reads this turn; None is the rule: turns of the assistant are, others are not."""

    role: Role
    text: str
    learnt: bool | None = None

    @property
    def is_learnt(self) -> bool:
        return self.role == "assistant" if self.learnt is None else self.learnt


class Conversation(NamedTuple):
    """``source``: the collection. ``made``: "" where people wrote it, else what made it (a model, a template).
    ``of``: ids of the documents, triples or cases that it was made from."""

    id: str
    turns: tuple[Turn, ...]
    source: str = ""
    made: str = ""
    of: tuple[str, ...] = ()


@runtime_checkable
class Conversations(Protocol):
    """A block that gives conversations, in the same order every time."""

    def conversations(self) -> Sequence[Conversation]: ...


def spoken(conversations: Iterable[Conversation]) -> Iterator[Text]:
    """Each conversation as one text, a turn a line: what is compared with the texts that a study tests."""
    for one in conversations:
        yield Text(one.id, "\n".join(turn.text for turn in one.turns), one.source, (), one.made)
