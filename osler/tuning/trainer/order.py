"""In which order rows are trained on: shuffled, rows of like length together, as many tokens as a step may have.

The order of every pass is a function of the seed and the pass alone, so a resumed training goes on exactly, and all
processes agree on it without a word.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

_POOL = 64  # steps' worth of rows that are sorted by length together: near-equal lengths, yet another mix in every pass


def steps_of_pass(
    lengths: Sequence[int], *, seed: int, epoch: int, batch_tokens: int, batch_rows: int = 0
) -> list[list[int]]:
    """The rows of each step of one pass. With ``batch_rows`` so many rows a step, else at most ``batch_tokens`` padded
    tokens (one row at least)."""
    draw = np.random.default_rng((seed, epoch))
    order = draw.permutation(len(lengths))
    size = np.asarray(lengths, np.int64)
    mean = max(1.0, float(size.mean())) if len(size) else 1.0
    pool = _POOL * (batch_rows or max(1, round(batch_tokens / mean)))
    made: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(size[part], kind="stable")]
        made += list(passes(part.tolist(), lengths, 0 if batch_rows else batch_tokens, batch_rows))
    draw.shuffle(made)
    return made


def passes(rows: Sequence[int], lengths: Sequence[int], tokens: int, most: int = 0) -> Iterator[list[int]]:
    """Rows in order, cut so that each piece has at most ``tokens`` padded tokens (0: no limit) and ``most`` rows."""
    piece: list[int] = []
    longest = 0
    for row in rows:
        wider = max(longest, lengths[row])
        full = (tokens and piece and wider * (len(piece) + 1) > tokens) or (most and len(piece) >= most)
        if full:
            yield piece
            piece, wider = [], lengths[row]
        piece.append(row)
        longest = wider
    if piece:
        yield piece


class Order:
    """The steps of a whole training, pass after pass: ``order[step]`` is (pass, rows)."""

    def __init__(
        self, lengths: Sequence[int], *, seed: int, steps: int, epochs: float, batch_tokens: int, batch_rows: int
    ) -> None:
        self._lengths = lengths
        self._settings = {"seed": seed, "batch_tokens": batch_tokens, "batch_rows": batch_rows}
        self._passes: list[list[list[int]]] = []
        self._starts = [0]
        if steps:
            self.steps = steps
        else:
            whole = int(epochs)
            while len(self._passes) < whole:
                self._more()
            self.steps = self._starts[-1]
            if epochs > whole:
                self._more()
                self.steps += max(1, round((epochs - whole) * len(self._passes[-1])))

    def _more(self) -> None:
        made = steps_of_pass(self._lengths, epoch=len(self._passes), **self._settings)
        self._passes.append(made)
        self._starts.append(self._starts[-1] + len(made))

    def __getitem__(self, step: int) -> tuple[int, list[int]]:
        while self._starts[-1] <= step:
            self._more()
        at = int(np.searchsorted(self._starts, step, side="right")) - 1
        return at, self._passes[at][step - self._starts[at]]
