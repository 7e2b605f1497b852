"""Segments of documents for objectives that pair them: runs of whole sentences up to a length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from osler.tuning.objectives.objective import NOTHING, Document, Ints, Row, Vocabulary, extra_tokens, pair

if TYPE_CHECKING:
    import torch


class Segment(NamedTuple):
    """Tokens ``start`` to ``stop`` of document ``of`` (its place in the list)."""

    of: int
    start: int
    stop: int


def segments_of(document: Document, of: int, limit: int) -> list[Segment]:
    """Runs of whole sentences with at most ``limit`` tokens; a longer sentence is cut. A document that one run would hold
    is cut in two, at the end of the sentence nearest its middle."""
    ends = [*document.sentences[1:].tolist(), len(document.ids)]
    made: list[Segment] = []
    start = stop = 0
    for end in ends:
        if end - start > limit and stop > start:
            made.append(Segment(of, start, stop))
            start = stop
        while end - start > limit:
            made.append(Segment(of, start, start + limit))
            start += limit
        stop = end
    if stop > start:
        made.append(Segment(of, start, stop))
    if len(made) == 1 and len(document.ids) > 1:
        middle = len(document.ids) // 2
        at = min(document.sentences[1:].tolist() or [middle], key=lambda place: abs(place - middle))
        return [Segment(of, 0, at), Segment(of, at, len(document.ids))]
    return made


def followers(segments: Sequence[Segment]) -> list[tuple[Segment, Segment]]:
    """Segments in pairs that follow each other; the last of an odd number goes with the one before it."""
    pairs = list(zip(segments[::2], segments[1::2], strict=False))
    return [*pairs, (segments[-2], segments[-1])] if len(segments) % 2 and len(segments) > 1 else pairs


def any_segment(cut: Sequence[Sequence[Segment]], of: int, draw: np.random.Generator) -> Segment | None:
    """A segment of document ``of`` at random, None where it has none."""
    return cut[of][int(draw.integers(len(cut[of])))] if cut[of] else None


def room(length: int, vocabulary: Vocabulary) -> int:
    """Tokens that each of two segments may have in a row of ``length``."""
    return max(1, (length - extra_tokens(vocabulary, 2)) // 2)


def joined(documents: Sequence[Document], first: Segment, second: Segment, vocabulary: Vocabulary, label: int) -> Row:
    """The row of two segments with its label."""
    sizes = [documents[one.of].size * (one.stop - one.start) / len(documents[one.of].ids) for one in (first, second)]
    return pair(_tokens(documents, first), _tokens(documents, second), vocabulary, round(sum(sizes)), label)


def _tokens(documents: Sequence[Document], one: Segment) -> tuple[Ints, Ints]:
    held = documents[one.of]
    return held.ids[one.start : one.stop], held.words[one.start : one.stop]


def classifier(width: int, classes: int) -> torch.nn.Module:
    """BERT's head of a row: the first token's hidden state through a dense layer and tanh to the classes."""
    import torch

    return torch.nn.Sequential(torch.nn.Linear(width, width), torch.nn.Tanh(), torch.nn.Linear(width, classes))


def labelled(inputs: Mapping[str, Any]) -> float:
    """Rows that have a label."""
    return float((inputs["labels"] != NOTHING).sum())


def of_rows(hidden: torch.Tensor, inputs: Mapping[str, Any], head: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits and labels of the rows that have one, from the first hidden state of each."""
    there = inputs["labels"] != NOTHING
    return head(hidden[:, 0][there]).float(), inputs["labels"][there]


def other_document(documents: int, but: int, draw: np.random.Generator) -> int:
    """Any document but ``but``; that one itself where there is no other."""
    if documents < 2:
        return but
    at = int(draw.integers(documents - 1))
    return at + (at >= but)
