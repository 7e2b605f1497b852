"""A question with its evidence as rows of tokens: one, or windows over what does not fit."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

from osler.tuning.heads.words import frame


class Piece(NamedTuple):
    """``ids`` and ``types`` of one row. ``offsets``: for each token the characters (start, end) of the evidence, or None
    for special tokens and those of the question."""

    ids: tuple[int, ...]
    types: tuple[int, ...]
    offsets: tuple[tuple[int, int] | None, ...]


def pieces(
    tokenizer: Any, question: str, evidence: str, *, length: int, windows: int = 1, stride: int = 0
) -> list[Piece]:
    """``question`` and ``evidence`` in one row of at most ``length`` tokens. What does not fit is read in up to
    ``windows`` rows that overlap by ``stride`` tokens, each with the question; the rest is not read. Of a question
    alone the windows are over itself; beside evidence it takes at most half of a row."""
    alone = not evidence
    body = tokenizer(evidence or question, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    asked = [] if alone else tokenizer(question, add_special_tokens=False, verbose=False)["input_ids"][: length // 2]
    front, middle, back = _around(tokenizer, pair=not alone)
    lead = [*front, *asked, *middle]
    room = max(1, length - len(lead) - len(back))
    second = _second(tokenizer) if not alone else 0
    kinds = len(lead)
    out: list[Piece] = []
    ids, places = body["input_ids"], body["offset_mapping"]
    begin = 0
    while not out or (begin < len(ids) and len(out) < windows):
        part, held = ids[begin : begin + room], places[begin : begin + room]
        types = [0] * kinds + [second] * (len(part) + len(back))
        offsets = [*([None] * kinds), *((int(start), int(end)) for start, end in held), *([None] * len(back))]
        out.append(Piece((*lead, *part, *back), tuple(types), tuple(offsets)))
        if begin + room >= len(ids):
            break
        begin += max(1, room - stride)
    return out


@functools.lru_cache(maxsize=32)
def _around(tokenizer: Any, *, pair: bool) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Special tokens before the first text, between the two, and after the last."""
    front, back = frame(tokenizer)
    if not pair:
        return front, (), back
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    whole = tokenizer("a", "a")["input_ids"]
    rest = list(whole[len(front) + len(bare) :])
    at = next(place for place in range(len(rest)) if rest[place : place + len(bare)] == bare)
    between = rest[:at] or tokenizer("\n", add_special_tokens=False)["input_ids"]
    return front, tuple(between), tuple(rest[at + len(bare) :])


@functools.lru_cache(maxsize=16)
def _second(tokenizer: Any) -> int:
    """The token type of a second text: 1 where the tokenizer tells the two apart."""
    return 1 if 1 in (tokenizer("a", "a").get("token_type_ids") or ()) else 0
