"""Conversations as rows of token ids with a mark for each token that the loss reads.

Marks come from ids, turn by turn: the prompt of a reply is rendered and tokenized by the very code that serves it
(``osler.models.local_text``), and the reply is what follows it in the whole. A text is never searched for a marker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from osler.core.errors import DataError
from osler.core.types import Message, Part
from osler.models.local_text import chat_turns, render
from osler.tuning.dialogue.conversation import Conversation, Turn

Learn = Literal["replies", "all", "last"]


class Row(NamedTuple):
    """``ids`` of one row and, at the same places, whether the loss reads them. ``source``: the conversation's id."""

    ids: tuple[int, ...]
    learnt: tuple[bool, ...]
    source: str


@dataclass(slots=True)
class Rows:
    """What became of the conversations, counted.

    shortened: rows that lost whole turns to the length. too_long: conversations without a learnt turn that fits.
    unlearnt: conversations in which no turn is to be learnt. cut_up: conversations of which each learnt turn became a
    row of its own, because the tokenizer joins a reply's first letters to its prompt.
    """

    rows: list[Row] = field(default_factory=list)
    shortened: int = 0
    too_long: int = 0
    unlearnt: int = 0
    cut_up: int = 0

    @property
    def learnt(self) -> int:
        return sum(sum(row.learnt) for row in self.rows)

    def told(self) -> dict[str, int]:
        return {
            "rows": len(self.rows),
            "tokens": sum(len(row.ids) for row in self.rows),
            "learnt_tokens": self.learnt,
            "shortened": self.shortened,
            "too_long": self.too_long,
            "unlearnt": self.unlearnt,
            "cut_up": self.cut_up,
        }


class _Span(NamedTuple):
    """A turn that is learnt: the ids before it, the ids up to its end, and the text between."""

    before: list[int]
    upto: list[int]
    text: str


def rows_of(
    conversations: Sequence[Conversation], tokenizer: Any, *, learn: Learn, length: int, ends: frozenset[int]
) -> Rows:
    """The rows of ``conversations``, at most ``length`` tokens each.

    learn: "replies" reads the turns that are marked (by rule those of the assistant, each of them), "last" the last
    reply only, "all" every token but the first: going on with pre-training on dialogue. ends: tokens that end a reply.
    Where a row is too long, "last" drops the oldest exchanges and the others the newest, whole turns always.
    DataError where a template does not say the same of a beginning as of the whole.
    """
    made = Rows()
    for conversation in conversations:
        turns = _spoken(conversation)
        if not _wanted(turns, learn):
            made.unlearnt += 1
            continue
        kept = _fitting(conversation.id, turns, tokenizer, learn, length, ends)
        if kept is None:
            made.too_long += 1
            continue
        found, dropped, cut_up = kept
        made.rows += [Row(tuple(ids), tuple(learnt), conversation.id) for ids, learnt in found]
        made.shortened += dropped
        made.cut_up += cut_up
    return made


def _spoken(conversation: Conversation) -> list[Turn]:
    """Turns as they are served: replies without space around them, as a model's texts come back."""
    opening = next((turn.role for turn in conversation.turns if turn.role != "system"), "user")
    if opening != "user" or any(turn.role == "system" for turn in conversation.turns[1:]):
        raise DataError(
            f"the conversation {conversation.id!r} does not go from an instruction, if any, to a user's turn",
            hint="leave out what the assistant says before the user, and instructions after the first turn",
        )
    return [turn._replace(text=turn.text.strip()) if turn.role == "assistant" else turn for turn in conversation.turns]


def _wanted(turns: Sequence[Turn], learn: Learn) -> list[int]:
    """Places of the turns to be learnt; for "all" the last turn stands for the whole."""
    if not turns:
        return []
    replies = [at for at, turn in enumerate(turns) if turn.role == "assistant" and turn.text]
    if learn == "all":
        return [len(turns) - 1]
    if learn == "last":
        return replies[-1:]
    return [at for at, turn in enumerate(turns) if turn.is_learnt and turn.text]


def prompt_text(turns: Sequence[Turn], tokenizer: Any) -> str:
    """The text before the reply to ``turns``, made by the code that serves."""
    return render([Message(turn.role, (Part(turn.text),)) for turn in turns], tokenizer, "auto")


def whole_text(turns: Sequence[Turn], tokenizer: Any) -> str:
    said = chat_turns([(turn.role, turn.text) for turn in turns], tokenizer)
    return str(tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=False))


def _ids(tokenizer: Any, text: str) -> list[int]:
    """As ``local_text.prompt_ids`` has them: the template brings the special tokens itself."""
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found


def _fitting(
    name: str, turns: list[Turn], tokenizer: Any, learn: Learn, length: int, ends: frozenset[int]
) -> tuple[list[tuple[list[int], list[bool]]], int, int] | None:
    """Rows of the longest part of ``turns`` that fits, how many rows lost turns, and whether it had to be cut up."""
    for part in _parts(turns, learn):
        text = whole_text(part, tokenizer)
        whole = _ids(tokenizer, text)
        if len(whole) > length:
            continue
        shorter = int(len(part) < len(turns))
        if learn == "all":
            return [(whole, [False] + [True] * (len(whole) - 1))], shorter, 0
        spans = [_span(name, part, at, tokenizer, text) for at in _wanted(part, learn)]
        if not spans:
            return None
        if all(whole[: len(span.before)] == span.before and _starts(whole, span.upto) for span in spans):
            learnt = [False] * len(whole)
            for span in spans:
                for at in range(len(span.before), _end(whole, span, ends)):
                    learnt[at] = True
            last = max(at for at, yes in enumerate(learnt) if yes) + 1
            return [(whole[:last], learnt[:last])], shorter, 0
        return _cut_up(spans, tokenizer, ends, length), shorter, 1
    return None


def _parts(turns: list[Turn], learn: Learn) -> Iterator[list[Turn]]:
    """The turns, then ever fewer of them: without the newest replies, or for "last" without the oldest exchanges."""
    yield turns
    replies = [at for at, turn in enumerate(turns) if turn.role == "assistant"]
    if learn == "last":
        told = 1 if turns[0].role == "system" else 0
        for at in replies[:-1]:
            yield turns[:told] + turns[at + 1 :]
    else:
        for at in reversed(replies):
            if at + 1 < len(turns):
                yield turns[: at + 1]


def _span(name: str, turns: Sequence[Turn], at: int, tokenizer: Any, whole: str) -> _Span:
    if turns[at].role != "assistant":  # a turn of the user that is learnt: from the end of what stands before it
        before = whole_text(turns[:at], tokenizer) if at else ""
    else:
        before = prompt_text(turns[:at], tokenizer)
    upto = whole_text(turns[: at + 1], tokenizer)
    if not whole.startswith(upto) or not upto.startswith(before):
        raise DataError(
            f"the chat template words the beginning of the conversation {name!r} otherwise than the whole",
            hint='use a template that goes turn by turn, such as template = "chatml"',
        )
    return _Span(_ids(tokenizer, before), _ids(tokenizer, upto), upto[len(before) :])


def _starts(whole: Sequence[int], part: Sequence[int]) -> bool:
    """Whether ``part`` begins ``whole``; its last token may be joined to what follows (white space after the end)."""
    return list(whole[: len(part) - 1]) == list(part[:-1])


def _end(whole: Sequence[int], span: _Span, ends: frozenset[int]) -> int:
    """Behind the first token of the turn that ends it: white space after that token is nobody's to write."""
    stop = min(len(span.upto), len(whole))
    return next((at + 1 for at in range(len(span.before), stop) if whole[at] in ends), stop)


def _cut_up(
    spans: Sequence[_Span], tokenizer: Any, ends: frozenset[int], length: int
) -> list[tuple[list[int], list[bool]]]:
    """One row for each learnt turn: the ids of its prompt as they are served, then those of the turn alone."""
    made = []
    for span in spans:
        ids = [*span.before, *_ids(tokenizer, span.text)]
        stop = next((at + 1 for at in range(len(span.before), len(ids)) if ids[at] in ends), len(ids))
        if stop <= length:
            made.append((ids[:stop], [False] * len(span.before) + [True] * (stop - len(span.before))))
    return made
