"""A view of a model that keeps which passages it was shown, whatever strategy put them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from osler.core.types import Message, Passage
from osler.models.view import View


@dataclasses.dataclass(frozen=True)
class Shown(View):
    """``model``, which keeps in ``passages`` (id to passage) each piece of evidence that a call shows it.

    What is kept are the parts named ``evidence``, the only way by which passages reach a model, from the last question on:
    those of demonstrations belong to other cases.
    """

    passages: dict[str, Passage] = dataclasses.field(default_factory=dict)

    def put(self, messages: Sequence[Message]) -> Sequence[Message]:
        asking = [at for at, message in enumerate(messages) if any(part.name == "question" for part in message.parts)]
        for message in messages[asking[-1] if asking else 0 :]:
            for part in message.parts:
                if part.name == "evidence":
                    text = part.text.removeprefix(f"[{part.id}] ")
                    self.passages.setdefault(part.id, Passage(id=part.id, text=text))
        return messages
