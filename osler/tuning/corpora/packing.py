"""Rows of tokens to train on: one document each, several whole documents, or one stream cut into equal rows.

Packed documents must not see each other. The numbers of the documents in a row give an explicit mask [rows, 1, length,
length]: with position ids alone a model of transformers keeps them apart only under conditions that nothing checks
(with its default cache, or with an attention mask of ones, logits were seen to differ by more than 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from osler.core.errors import SpecError
from osler.tuning.corpora.token_store import Frame, TokenStore

if TYPE_CHECKING:
    import torch

Packing = Literal["no", "whole", "cut"]
Ints = npt.NDArray[np.int64]


class Row(NamedTuple):
    """ids [n]; documents [n]: which document of the row each token belongs to, from 0; positions [n]: its place in what
    stands of that document here; sources: the numbers of the documents in the store."""

    ids: Ints
    documents: Ints
    positions: Ints
    sources: tuple[int, ...]


class Rows:
    """Rows of at most ``length`` tokens, made when they are asked for. ``lengths`` [rows]: tokens of each."""

    def __init__(self, store: TokenStore, pieces: Ints, rows: Sequence[Sequence[int]], frame: Frame) -> None:
        self._store, self._pieces, self._rows, self._frame = store, pieces, rows, frame
        sizes = _sizes(pieces, frame)
        self.lengths: list[int] = [int(sizes[list(row)].sum()) for row in rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, row: int) -> Row:
        parts = [self._piece(*self._pieces[place].tolist()) for place in self._rows[row]]
        return Row(
            np.concatenate(parts),
            np.repeat(np.arange(len(parts)), [len(part) for part in parts]),
            np.concatenate([np.arange(len(part)) for part in parts]),
            tuple(int(self._pieces[place][0]) for place in self._rows[row]),
        )

    def _piece(self, document: int, start: int, end: int) -> Ints:
        """Tokens ``start`` to ``end`` of the framed document, or those tokens of the bare one with the frame around."""
        tokens = self._store[document].astype(np.int64)
        begin, last, each = self._frame
        if each:
            return _framed(tokens[start:end], begin, last)
        return _framed(tokens, begin, last)[start:end]


def rows_of(store: TokenStore, length: int, *, packed: Packing = "no", frame: Frame | None = None) -> Rows:
    """The documents of ``store`` as rows of at most ``length`` tokens, special ones among them.

    packed: "no" gives each document rows of its own, cut where it is longer; "whole" puts several documents into a row
    and cuts only those longer than a row (best fit, the longest first); "cut" makes one stream of all documents and cuts
    it every ``length`` tokens, so that all rows but the last are full. frame: special tokens, None for the tokenizer's.
    """
    used = store.frame if frame is None else frame
    around = (used.begin >= 0) + (used.end >= 0)
    room = length - around if used.each else length
    if room < 1:
        raise SpecError(f"rows of {length} tokens have no room for text", hint="length = 128")
    framed = np.diff(store.offsets) + (0 if used.each else around)
    if packed == "cut":
        if used.each and around:
            raise SpecError('packed = "cut" makes a stream, which has no [CLS] and [SEP]', hint='packed = "whole"')
        return _stream(store, framed, length, used)
    counts = -(-framed // room)
    documents = np.repeat(np.arange(len(framed)), counts)
    number = np.arange(len(documents)) - np.repeat(np.cumsum(counts) - counts, counts)
    start = number * room
    pieces = np.stack((documents, start, np.minimum(start + room, framed[documents])), axis=1)
    sizes = _sizes(pieces, used)
    rows = [[place] for place in range(len(pieces))] if packed == "no" else best_fit(sizes.tolist(), length)
    return Rows(store, pieces, rows, used)


def _stream(store: TokenStore, framed: Ints, length: int, frame: Frame) -> Rows:
    ends = np.cumsum(framed)
    total = int(ends[-1])
    cuts = np.union1d(ends, np.arange(length, total, length))  # where a document or a row ends
    starts = np.concatenate(([0], cuts[:-1]))
    documents = np.searchsorted(ends, starts, side="right")
    shift = ends[documents] - framed[documents]
    pieces = np.stack((documents, starts - shift, cuts - shift), axis=1)
    borders = np.searchsorted(starts // length, np.arange(-(-total // length) + 1))
    return Rows(store, pieces, [range(a, b) for a, b in pairwise(borders.tolist())], frame)


def best_fit(sizes: Sequence[int], length: int) -> list[list[int]]:
    """Places of ``sizes`` put into rows of ``length``: the longest first, each into the fullest row that has room."""
    rows: list[list[int]] = []
    open_rows: list[list[int]] = [[] for _ in range(length + 1)]  # rows by the room that is left
    free = 0  # bit r is set where a row with room r is open
    for place in sorted(range(len(sizes)), key=lambda place: -sizes[place]):
        size = sizes[place]
        found = free >> size
        if found:
            room = size + (found & -found).bit_length() - 1
            row = open_rows[room].pop()
            if not open_rows[room]:
                free &= ~(1 << room)
        else:
            room, row = length, len(rows)
            rows.append([])
        rows[row].append(place)
        left = room - size
        if left:
            open_rows[left].append(row)
            free |= 1 << left
    return rows


class Packed(NamedTuple):
    """Rows as arrays [rows, length]: ids, documents (-1 where padded), positions. ``tokens``: without padding."""

    ids: Ints
    documents: Ints
    positions: Ints
    tokens: int


def padded(rows: Sequence[Row], pad: int) -> Packed:
    """Rows side by side, filled up with ``pad`` to the longest of them."""
    longest = max(len(row.ids) for row in rows)
    ids = np.full((len(rows), longest), pad, np.int64)
    documents = np.full_like(ids, -1)
    positions = np.zeros_like(ids)
    for place, row in enumerate(rows):
        size = len(row.ids)
        ids[place, :size], documents[place, :size], positions[place, :size] = row.ids, row.documents, row.positions
    return Packed(ids, documents, positions, sum(len(row.ids) for row in rows))


def block_mask(documents: Any, *, causal: bool, dtype: torch.dtype | None = None) -> torch.Tensor:
    """The mask [rows, 1, length, length] that is added to attention scores: 0 where a token may look, else the lowest
    number of ``dtype``. A token looks at those of its own document, with ``causal`` not ahead.

    documents [rows, length]: numbers, -1 for padding, which looks at itself only (a softmax over nothing is no number).
    It adds, and is no mask of truth values, since some attention kernels of transformers would add those, too.
    """
    import torch

    number = torch.as_tensor(documents)
    kind = dtype or torch.float32
    length = number.shape[1]
    seen = (number[:, :, None] == number[:, None, :]) & (number >= 0)[:, :, None]
    if causal:
        seen &= torch.ones(length, length, dtype=torch.bool, device=number.device).tril()
    seen |= torch.eye(length, dtype=torch.bool, device=number.device)
    mask = torch.zeros(seen.shape, dtype=kind, device=number.device)
    return mask.masked_fill_(~seen, torch.finfo(kind).min)[:, None]


def packed_inputs(rows: Sequence[Row], pad: int, *, causal: bool, device: Any = None) -> dict[str, Any]:
    """What a network of transformers is called with for packed rows: ids, positions and the block mask, no cache."""
    import torch

    held = padded(rows, pad)
    documents = torch.as_tensor(held.documents, device=device)
    inputs: dict[str, Any] = {
        "input_ids": torch.as_tensor(held.ids, device=device),
        "position_ids": torch.as_tensor(held.positions, device=device),
        "attention_mask": block_mask(documents, causal=causal),
    }
    return {**inputs, "use_cache": False} if causal else inputs


def _framed(tokens: Ints, begin: int, end: int) -> Ints:
    parts = [np.array([begin]) if begin >= 0 else None, tokens, np.array([end]) if end >= 0 else None]
    return np.concatenate([part for part in parts if part is not None])


def _sizes(pieces: Ints, frame: Frame) -> Ints:
    around = (frame.begin >= 0) + (frame.end >= 0) if frame.each else 0
    return pieces[:, 2] - pieces[:, 1] + around
