"""Which rows of two arms are held against each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from osler.evaluation.table import Mask, Table, spelled


@dataclass(frozen=True)
class Asked:
    """The table of an arm and the seed [n] that each of its rows was asked with."""

    table: Table
    seeds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.table)

    def rows(self, mask: Mask) -> Asked:
        """The rows where ``mask`` [n] is true."""
        return Asked(self.table.rows(mask), self.seeds[mask])

    def select(self, field: str, value: str) -> Asked:
        """The rows whose meta ``field`` has ``value``."""
        return self.rows(self.table.meta[field] == spelled(value))


def shared(a: Asked, b: Asked) -> tuple[Table, Table]:
    """The rows of the (case, seed) pairs that both arms answered; both arms hold them seed by seed in one order.

    Arms that have no seed in common are paired by the first seed that each case was asked with.
    """
    if not set(a.seeds.tolist()) & set(b.seeds.tolist()):
        a, b = _first(a), _first(b)
    keys_a, keys_b = _keys(a), _keys(b)
    if keys_a == keys_b:
        return a.table, b.table
    both = set(keys_a) & set(keys_b)
    return _kept(a, keys_a, both), _kept(b, keys_b, both)


def _keys(asked: Asked) -> list[tuple[str, int]]:
    return list(zip(asked.table.ids.tolist(), asked.seeds.tolist(), strict=True))


def _kept(asked: Asked, keys: list[tuple[str, int]], both: set[tuple[str, int]]) -> Table:
    return asked.table.rows(np.array([key in both for key in keys], dtype=np.bool_))


def _first(asked: Asked) -> Asked:
    keep = np.zeros(len(asked), dtype=np.bool_)
    keep[np.unique(asked.table.ids, return_index=True)[1]] = True
    held = asked.rows(keep)
    return Asked(held.table, np.zeros(len(held), dtype=np.int64))
