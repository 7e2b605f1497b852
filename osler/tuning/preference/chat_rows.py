"""Prompts and replies as the ids that a causal model reads: the same text before the reply as when the model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from osler.core.errors import DataError, ModelError
from osler.core.types import Message, Part
from osler.models.local_text import prompt_ids, render
from osler.tuning.dialogue.conversation import Turn
from osler.tuning.dialogue.rows import prompt_text, whole_text

_PROBE = "osler-probe"


class ChatRows:
    """Turns into ids by the chat template of ``tokenizer``, or as plain text where it has none.

    length: most tokens of a prompt and its reply together; older text of a prompt and the end of a reply are cut, and
    ``cut`` counts how often. ModelError where the tokenizer has no id that ends a reply.
    """

    def __init__(self, tokenizer: Any, length: int) -> None:
        self.tokenizer = tokenizer
        self.length = length
        self.cut = 0
        if tokenizer.eos_token_id is None:
            raise ModelError(
                "the tokenizer of the base names no end of text, so a reply would never end",
                hint="set its eos_token",
                kind="template",
            )
        self.end = self._end()

    @property
    def pad(self) -> int:
        pad = self.tokenizer.pad_token_id
        return int(self.tokenizer.eos_token_id if pad is None else pad)

    def prompt(self, turns: Sequence[Turn], *, room: int = 0) -> list[int]:
        """Ids of ``turns`` up to where the assistant speaks; ``room`` tokens of the length are left for the reply."""
        if not turns or turns[-1].role == "assistant":
            raise DataError("a prompt must end in a turn of the user", hint="leave the assistant's last turn out")
        messages = [Message(turn.role, (Part(turn.text),)) for turn in turns]
        text = render(messages, self.tokenizer, "auto")
        ends = {self.tokenizer.eos_token_id}
        ids = prompt_ids(text, self.tokenizer, "auto", causal=True, ends=ends)
        most = max(1, self.length - room)
        self.cut += len(ids) > most
        return ids[-most:]

    def reply(self, turns: Sequence[Turn], text: str) -> list[int]:
        """Ids of the reply ``text`` to ``turns`` with the id that ends it."""
        said = text.strip()
        if getattr(self.tokenizer, "chat_template", None):
            before = prompt_text(turns, self.tokenizer)
            said = whole_text([*turns, Turn("assistant", said)], self.tokenizer).removeprefix(before)
        ids: list[int] = self.tokenizer(said, add_special_tokens=False)["input_ids"]
        stop = next((at for at, one in enumerate(ids) if one == self.end), len(ids))
        return [*ids[:stop], self.end]

    def row(self, turns: Sequence[Turn], replies: Sequence[str]) -> tuple[list[int], list[list[int]]]:
        """Ids of a prompt and of replies to it; half of the length is the prompt's where both are long."""
        said = [self.reply(turns, reply) for reply in replies]
        prompt = self.prompt(turns, room=min(self.length // 2, max(map(len, said))))
        most = max(1, self.length - len(prompt))
        self.cut += any(len(reply) > most for reply in said)
        return prompt, [reply[:most] for reply in said]

    def text(self, ids: Sequence[int]) -> str:
        """The words of a reply, without marks."""
        found: str = self.tokenizer.decode(list(ids), skip_special_tokens=True)
        return found.strip()

    def _end(self) -> int:
        """The id that ends the assistant's turn: what the template writes after it, else the end of the text."""
        last = int(self.tokenizer.eos_token_id)
        if not getattr(self.tokenizer, "chat_template", None):
            return last
        turns = [{"role": "user", "content": "x"}, {"role": "assistant", "content": _PROBE}]
        text = str(self.tokenizer.apply_chat_template(turns, tokenize=False))
        after = self.tokenizer(text.rpartition(_PROBE)[2], add_special_tokens=False)["input_ids"]
        special = set(self.tokenizer.all_special_ids)
        return next((int(one) for one in after if one in special), last)
