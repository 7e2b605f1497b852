"""Conversations from and to files, one JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.data.readers import read_rows
from osler.tuning.dialogue.conversation import Conversation, Role, Turn

_ROLES: Mapping[str, Role] = {
    "system": "system", "user": "user", "human": "user", "patient": "user",
    "assistant": "assistant", "gpt": "assistant", "bot": "assistant", "doctor": "assistant",
}  # fmt: skip
_PAIRS = (("question", "answer"), ("q", "a"), ("input", "output"), ("prompt", "response"))


@block
class ConversationFiles:
    """Conversations of JSON lines files. A row has one of three forms, found by its keys:

    messages (or conversations): a list of {role or from, content or value}, each with "learnt" if it wants to say so;
    instruction, input, output: the instruction becomes the system turn where there is an input, else the question;
    question and answer (q and a, prompt and response). A row's own "made" says what made it, else ``made`` holds for
    all ("" where people wrote them); "of" names its sources. DataError for a row of no such form, by its number.
    """

    paths: tuple[str, ...] = ()
    made: str = ""
    source: str = ""

    def check(self) -> None:
        if any(not path for path in self.paths):
            raise SpecError("conversation_files.paths holds an empty name", hint="give the files' names")

    def conversations(self) -> Sequence[Conversation]:
        if not self.paths:
            raise DataError("conversation_files names no file", hint='paths = ["dialogues.jsonl"]')
        found: list[Conversation] = []
        for path in self.paths:
            name = Path(path).name.partition(".")[0]
            for number, row in enumerate(read_rows(path), start=1):
                try:
                    turns = turns_of(row)
                except (KeyError, TypeError, AttributeError) as error:
                    raise DataError(
                        f"row {number} of {Path(path).name} is no conversation ({type(error).__name__})",
                        hint="give messages, or instruction and output, or question and answer",
                    ) from None
                found.append(
                    Conversation(
                        str(row.get("id") or f"{name}/{number}"),
                        turns,
                        str(row.get("source") or self.source or name),
                        str(row.get("made") or self.made),
                        tuple(str(one) for one in row.get("of") or ()),
                    )
                )
        return tuple(found)


def turns_of(row: Mapping[str, Any]) -> tuple[Turn, ...]:
    """The turns of a row in one of the three forms. KeyError for any other."""
    listed = row.get("messages") or row.get("conversations")
    if listed:
        return tuple(
            Turn(
                _ROLES[item.get("role") or item["from"]],
                _text(item.get("content", item.get("value"))),
                item.get("learnt"),
            )
            for item in listed
        )
    if "instruction" in row:
        given, answer = _text(row.get("input") or ""), _text(row["output"])
        told = _text(row["instruction"])
        first = (Turn("system", told), Turn("user", given)) if given.strip() else (Turn("user", told),)
        return (*first, Turn("assistant", answer))
    for asked, answered in _PAIRS:
        if asked in row and answered in row:
            return Turn("user", _text(row[asked])), Turn("assistant", _text(row[answered]))
    raise KeyError("messages")


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a turn is no text")
    return value


def row_of(conversation: Conversation) -> dict[str, Any]:
    """A conversation as a row of such a file."""
    messages = [
        {"role": turn.role, "content": turn.text} | ({} if turn.learnt is None else {"learnt": turn.learnt})
        for turn in conversation.turns
    ]
    found: dict[str, Any] = {"id": conversation.id, "messages": messages, "source": conversation.source}
    return found | {"made": conversation.made, "of": list(conversation.of)}


def write(conversations: Sequence[Conversation], path: Path) -> None:
    """Write ``path`` whole or not at all; ``ConversationFiles`` reads the same conversations back."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(b"".join(orjson.dumps(row_of(one)) + b"\n" for one in conversations))
    part.replace(path)
