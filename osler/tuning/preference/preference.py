"""A preference: two replies to the same conversation, of which one was preferred, and by whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from osler.tuning.dialogue.conversation import Turn


class Preference(NamedTuple):
    """``prompt``: the turns before the reply. ``by``: "human", "ai:NAME" or "rule:NAME"."""

    id: str
    prompt: tuple[Turn, ...]
    chosen: str
    rejected: str
    by: str = "human"
    source: str = ""


@runtime_checkable
class Preferences(Protocol):
    """A block that gives preferences, in the same order every time."""

    def preferences(self) -> Sequence[Preference]: ...
