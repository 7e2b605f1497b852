"""What every source of cases offers, and the hash that says which cases a result was measured on."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

from osler.core.block import canonical, is_block, replace
from osler.core.errors import DataError
from osler.core.types import Example, Split

_BITS = 256


@runtime_checkable
class Source(Protocol):
    """A block that gives the cases of a split. The same block gives the same cases every time."""

    def examples(self, split: Split) -> Sequence[Example]: ...


def parts_of(source: Any) -> Iterator[Any]:
    """A source and the sources that it makes its cases of, however deep: what holds for one of them holds for all."""
    yield source
    if is_block(source):
        for field in dataclasses.fields(source):
            inner = getattr(source, field.name)
            if is_block(inner) and isinstance(inner, Source):
                yield from parts_of(inner)


def in_letters(source: Any) -> Any:
    """The source with targets as letters of the choices, where it or a source inside it can write them either way."""
    if not is_block(source):
        return source
    held = {field.name: getattr(source, field.name) for field in dataclasses.fields(source)}
    inner = {name: in_letters(value) for name, value in held.items() if is_block(value) and isinstance(value, Source)}
    changes: dict[str, Any] = {name: value for name, value in inner.items() if value is not held[name]}
    if held.get("lettered") is False:
        changes["lettered"] = True
    return replace(source, **changes) if changes else source


def under_agreement(source: Any) -> bool:
    """Whether the text of a source, or of one inside it, is under a data use agreement."""
    return any(bool(getattr(part, "under_agreement", False)) for part in parts_of(source))


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
