"""Texts as words with places in windows of tokens, spans as BIO labels of words, and labels back as spans."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SHAPES = 6


class Span(NamedTuple):
    """``text[start:end]``, in characters, of type ``type``."""

    start: int
    end: int
    type: str


class Window(NamedTuple):
    """A piece of a text as a network reads it. ``ids``: tokens with the special ones. ``shapes``: how each token is
    spelled (``shape_of``; 0 of special tokens). ``first``: for each word of the window the place of its first token.
    ``words``: numbers of these words in the text. ``edge``: how far each word is from the window's cut ends."""

    ids: tuple[int, ...]
    shapes: tuple[int, ...]
    first: tuple[int, ...]
    words: tuple[int, ...]
    edge: tuple[int, ...]


class Read(NamedTuple):
    """A text as words, ``places[word]`` its characters (start, end), and the windows that cover all of them."""

    places: tuple[tuple[int, int], ...]
    windows: tuple[Window, ...]


def shape_of(word: str) -> int:
    """How a word is spelled, which an uncased vocabulary does not see: 1 small letters, 2 one capital in front,
    3 capitals, 4 mixed, 5 with a digit, 0 no letters or digits."""
    if any(sign.isdigit() for sign in word):
        return 5
    letters = "".join(sign for sign in word if sign.isalpha())
    if not letters:
        return 0
    if letters.islower():
        return 1
    if len(letters) > 1 and letters.isupper():
        return 3
    return 2 if letters[0].isupper() and letters[1:] == letters[1:].lower() else 4


def read(text: str, tokenizer: Any, *, length: int, stride: int) -> Read:
    """``text`` in windows of at most ``length`` tokens, special ones included, that overlap by about ``stride`` tokens.
    A window begins and ends between words. ``tokenizer``: a fast one of transformers."""
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    numbers, offsets = found.word_ids(), found["offset_mapping"]
    firsts: list[int] = []
    places: list[tuple[int, int]] = []
    held = None
    for place, (number, (start, end)) in enumerate(zip(numbers, offsets, strict=True)):
        start += len(text[start:end]) - len(text[start:end].lstrip())  # byte-level tokens hold the blank before them
        if number is None or start >= end:
            continue
        if number == held:
            places[-1] = (places[-1][0], end)
        else:
            firsts.append(place)
            places.append((start, end))
            held = number
    shapes = [shape_of(text[start:end]) for start, end in places]
    ends = [*firsts[1:], len(numbers)]
    front, back = frame(tokenizer)
    room = length - len(front) - len(back)
    cuts = _cuts([end - first for first, end in zip(firsts, ends, strict=True)], room, stride)
    windows = [_window(found["input_ids"], firsts, ends, shapes, (front, back), cut, room) for cut in cuts]
    return Read(tuple(places), tuple(windows))


@functools.lru_cache(maxsize=16)
def frame(tokenizer: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The special tokens before and after a single text."""
    whole, bare = tokenizer("a")["input_ids"], tokenizer("a", add_special_tokens=False)["input_ids"]
    at = next(place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
    return tuple(whole[:at]), tuple(whole[at + len(bare) :])


def _cuts(sizes: Sequence[int], room: int, stride: int) -> list[tuple[int, int]]:
    """Words (first, after last) of each window: at most ``room`` tokens, a single longer word alone."""
    total = np.concatenate([[0], np.cumsum(sizes)])
    cuts: list[tuple[int, int]] = []
    begin = 0
    while begin < len(sizes):
        stop = max(begin + 1, int(np.searchsorted(total, total[begin] + room, side="right")) - 1)
        cuts.append((begin, stop))
        if stop >= len(sizes):
            break
        back = int(np.searchsorted(total, total[stop] - stride, side="left"))
        begin = min(stop, max(begin + 1, back))
    return cuts


def _window(
    ids: Sequence[int],
    firsts: Sequence[int],
    ends: Sequence[int],
    shapes: Sequence[int],
    around: tuple[Sequence[int], Sequence[int]],
    cut: tuple[int, int],
    room: int,
) -> Window:
    begin, stop = cut
    start = firsts[begin]
    body = list(ids[start : min(ends[stop - 1], start + room)])
    whole, front = [*around[0], *body, *around[1]], len(around[0])
    kinds = [0] * len(whole)
    for word in range(begin, stop):
        for place in range(firsts[word], min(ends[word], start + len(body))):
            kinds[front + place - start] = shapes[word]
    far = len(firsts)
    edge = [
        min(word - begin if begin else far, stop - 1 - word if stop < len(firsts) else far)
        for word in range(begin, stop)
    ]
    first = [front + firsts[word] - start for word in range(begin, stop)]
    return Window(tuple(whole), tuple(kinds), tuple(first), tuple(range(begin, stop)), tuple(edge))


def tags(types: Sequence[str]) -> tuple[str, ...]:
    """O, and B- and I- of each type."""
    return ("O", *(f"{mark}-{kind}" for kind in types for mark in "BI"))


def labels_of(places: Sequence[tuple[int, int]], spans: Sequence[Span], types: Sequence[str]) -> list[int]:
    """The number of each word's tag in ``tags(types)``. A word belongs to a span that it shares a character with; of
    spans that overlap the longest counts."""
    out = [0] * len(places)
    starts, ends = [start for start, _ in places], [end for _, end in places]
    for span in sorted(spans, key=lambda item: (item.start - item.end, item.start)):
        low = int(np.searchsorted(ends, span.start, side="right"))
        high = int(np.searchsorted(starts, span.end, side="left"))
        if low < high and not any(out[low:high]):
            begin = 1 + 2 * types.index(span.type)
            out[low:high] = [begin] + [begin + 1] * (high - low - 1)
    return out


def spans_of(places: Sequence[tuple[int, int]], labels: Sequence[int], types: Sequence[str]) -> list[Span]:
    """The spans that a valid sequence of tags marks. An I that continues nothing begins a span."""
    out: list[Span] = []
    held = 0
    for (start, end), label in zip(places, labels, strict=True):
        if label and label % 2 == 0 and held == label - 1:
            out[-1] = out[-1]._replace(end=end)
        elif label:
            out.append(Span(start, end, types[(label - 1) // 2]))
        held = label - 1 if label and label % 2 == 0 else label
    return out


def best_path(scores: NDArray[np.float32], moves: NDArray[np.float32] | None = None) -> list[int]:
    """The likeliest valid tags (Viterbi): ``scores`` [words, tags], log-scores in the order of ``tags``. An I follows
    only B or I of its type, at the beginning it follows nothing. ``moves`` [tags, tags]: log-scores of tag to tag."""
    words, count = scores.shape
    if not words:
        return []
    allowed = np.zeros((count, count), np.float32) if moves is None else moves.astype(np.float32).copy()
    inside = np.arange(2, count, 2)
    for tag in inside:
        barred = np.ones(count, np.bool_)
        barred[[tag - 1, tag]] = False
        allowed[barred, tag] = -np.inf
    best = scores[0].copy()
    best[inside] = -np.inf
    back = np.zeros((words, count), np.int64)
    for word in range(1, words):
        ways = best[:, None] + allowed
        back[word] = ways.argmax(axis=0)
        best = ways.max(axis=0) + scores[word]
    path = [int(best.argmax())]
    for word in range(words - 1, 0, -1):
        path.append(int(back[word, path[-1]]))
    return path[::-1]
