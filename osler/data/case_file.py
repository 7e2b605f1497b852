"""Whole cases from one JSON-lines file: what an import of another tool's task writes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import DataError, nearest
from osler.core.types import LETTERS, Example, Split
from osler.data.options import chosen, named_by_letters
from osler.data.readers import read_jsonl

KEYS = ("id", "input", "target", "choices", "meta", "split")
SPLITS: tuple[Split, ...] = ("train", "valid", "test")


@block
class CaseFile:
    """Cases kept as they are: lines {id, input, target, choices, meta, split}.

    ``input`` and ``meta`` are objects, ``choices`` a list. ``split`` is train, valid or test (test when left out). Where
    a case has choices its target is one of them, or their letter; ``lettered``, which a task with lettered choices sets,
    gives every target as a letter. Unlike ``file``, which makes cases of a table's
    columns, nothing is derived: what was written is what is read.
    """

    path: str = "cases.jsonl"
    lettered: bool = False

    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    synthetic: ClassVar[bool] = False

    @property
    def title(self) -> str:
        return Path(self.path).name

    def examples(self, split: Split) -> Sequence[Example]:
        """The cases of ``split`` in the order of the file. DataError for a line that is no case."""
        rows = read_jsonl(self.path)
        found = [_example(row, number, self.title) for number, row in enumerate(rows, 1)]
        seen: set[str] = set()
        for example, _ in found:
            if example.id in seen:
                raise DataError(f"{self.title} has two cases with the id {example.id!r}", hint="rename one of them")
            seen.add(example.id)
        cases = (
            self._lettered([example for example, _ in found]) if self.lettered else [example for example, _ in found]
        )
        return [example for example, (_, place) in zip(cases, found, strict=True) if place == split]

    def _lettered(self, cases: list[Example]) -> list[Example]:
        asked = [case for case in cases if case.choices]
        options = [named_by_letters(case.choices) for case in asked]
        places = chosen(options, [case.target for case in asked], [case.id for case in asked], self.title)
        many = next((case.id for case, place in zip(asked, places, strict=True) if place >= len(LETTERS)), None)
        if many is not None:
            raise DataError(f"the case {many!r} of {self.title} has more choices than there are letters")
        letters = {case.id: LETTERS[place] for case, place in zip(asked, places, strict=True)}
        return [dataclasses.replace(case, target=letters.get(case.id, case.target)) for case in cases]


def case_line(example: Example, split: Split) -> bytes:
    """The line of a case, without the line break."""
    row = {
        "id": example.id,
        "input": dict(example.input),
        "target": example.target,
        "choices": list(example.choices),
        "meta": dict(example.meta),
        "split": split,
    }
    return orjson.dumps(row)


def _example(row: Mapping[str, Any], number: int, title: str) -> tuple[Example, Split]:
    where = f"line {number} of {title}"
    for key in row:
        if key not in KEYS:
            raise DataError(f"{where} has {key!r}, which no case has", hint=nearest(key, KEYS))
    name, target, split = row.get("id"), row.get("target"), row.get("split", "test")
    if not isinstance(name, str) or not name or not isinstance(target, str):
        raise DataError(f"{where} needs an id and a target, both texts", hint='{"id": "1", "input": {...}, ...}')
    if split not in SPLITS:
        raise DataError(f"{where} has a split that is none of train, valid and test", hint="leave it out for test")
    given, meta, choices = row.get("input", {}), row.get("meta", {}), row.get("choices", [])
    if not isinstance(given, dict) or not isinstance(meta, dict) or not isinstance(choices, list):
        raise DataError(f"{where}: input and meta must be objects and choices a list")
    if not all(isinstance(choice, str) for choice in choices):
        raise DataError(f"{where}: choices must be texts", hint='"choices": ["yes", "no"]')
    if choices and target not in choices and target not in LETTERS[: len(choices)]:
        raise DataError(f"{where}: the target of {name!r} is none of its choices", hint="correct one of them")
    return Example(id=name, input=given, target=target, choices=tuple(choices), meta=meta), split
