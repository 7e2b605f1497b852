"""What every source of cases offers, and the hash that says which cases a result was measured on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Protocol, runtime_checkable

from osler.core.block import canonical
from osler.core.errors import DataError
from osler.core.types import Example, Split

_BITS = 256


@runtime_checkable
class Source(Protocol):
    """A block that gives the cases of a split. The same block gives the same cases every time."""

    def examples(self, split: Split) -> Sequence[Example]: ...


def dataset_hash(examples: Iterable[Example]) -> str:
    """Hash (32 hex characters) of all rows: id, input, target, choices and meta.

    The order of the rows does not matter, their number does. Rows are hashed one at a time, so a generator of any
    length will do: the hashes of the rows are added modulo 2**256, and the sum is hashed with the count.
    """
    total = 0
    count = 0
    for example in examples:
        total = (total + int.from_bytes(hashlib.blake2b(_row(example), digest_size=_BITS // 8).digest())) % 2**_BITS
        count += 1
    return hashlib.blake2b(f"{count}:{total:064x}".encode(), digest_size=16).hexdigest()


def _row(example: Example) -> bytes:
    parts = [example.id, dict(example.input), example.target, list(example.choices), dict(example.meta)]
    try:
        return canonical(parts)
    except TypeError as problem:
        raise DataError(
            f"row {example.id!r} holds a value that is not JSON", hint="keep rows to JSON values"
        ) from problem
