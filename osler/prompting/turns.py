"""Going on after a first answer: how an answer is shown again, how the last one is asked for, material beside a case.

Text that a model wrote is quoted when it is shown to a model in another place: as one JSON string on one line it can
forge no heading and no turn, and it never stands in a system message.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import orjson

from osler.core.types import Message, Part, Prediction, Prompt
from osler.models.view import View


def user(text: str, name: str = "turn") -> Message:
    """A further turn of the user. ``name`` says what it is: turn, critique, ..."""
    return Message("user", (Part(text, name=name),))


def assistant(text: str, name: str = "") -> Message:
    """What the model said before."""
    return Message("assistant", (Part(text, name=name),))


def quoted(text: str) -> str:
    """``text`` as one JSON string on one line: material that can be read and cannot pose as structure."""
    return orjson.dumps(text.encode("utf-8", errors="replace").decode("utf-8")).decode()


def shown(prediction: Prediction, prompt: Prompt) -> str:
    """A prediction as the model would have said it: reasoning, then the answer on the last line."""
    answer = prediction.answer or ""
    if not prompt.labels:
        return answer
    return f"{prediction.rationale}\nAnswer: {answer}".strip()


def closing(prompt: Prompt) -> str:
    """How the last turn asks for an answer that can be read: a line with a label, JSON, or a text alone."""
    if prompt.labels:
        what = "the letter of one option" if prompt.lettered else "one of: " + " | ".join(prompt.labels)
        return f"Finish with one line that reads 'Answer: ' and {what}."
    if prompt.schema is not None:
        return "Give the JSON object that was asked for, complete, and nothing after it."
    return "Give the whole answer and nothing else: no comment before or after it."


@dataclasses.dataclass(frozen=True)
class Beside(View):
    """A view of ``model`` that is shown ``parts`` as well, right after the last question and its choices."""

    parts: tuple[Part, ...]

    def put(self, messages: Sequence[Message]) -> Sequence[Message]:
        return with_parts(messages, self.parts)


def with_parts(messages: Sequence[Message], parts: tuple[Part, ...]) -> tuple[Message, ...]:
    """``messages`` with ``parts`` at the end of the last user message that asks a question, else of the last one.

    A cue stays last in its message, so that the reply goes on from it.
    """
    users = [at for at, message in enumerate(messages) if message.role == "user"]
    asking = [at for at in users if any(part.name == "question" for part in messages[at].parts)]
    if not users:
        return (*messages, Message("user", parts))
    at = (asking or users)[-1]
    before = tuple(part for part in messages[at].parts if part.name != "cue")
    cue = tuple(part for part in messages[at].parts if part.name == "cue")
    return (*messages[:at], Message("user", (*before, *parts, *cue)), *messages[at + 1 :])
