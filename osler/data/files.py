"""A user's own cases from one file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import DataError, SpecError, nearest
from osler.core.types import LETTERS, Example, Split
from osler.data.options import HINT, Options, chosen, named_by_letters, options_of, unused
from osler.data.readers import Row, cell_text, read_rows
from osler.data.splits import SPLIT_NAMES, need_clusters, split_by

MOST_LABELS = 50
FEW_LABELS = 10  # so many targets may be labels however few rows there are; more must on average stand in two rows
GOLD = ("references", "facts", "synonyms", "evidence", "relevance", "allowed_ids", "glossary")
"""Columns that metrics read beside the target."""


@block
class File:
    """Cases of a JSON lines, CSV, TSV or Parquet file, one case a row.

    ``id``, ``target`` and ``text`` name columns. ``choices`` are the answers of all cases; ``choices_column`` names a
    column that holds those of each case (a list, an object such as ``{"A": "yes", "B": "no"}``, the JSON of either, or
    text with ``|`` between the answers); the target is then the text of one of them, or its letter. Without either
    the choices are the different targets of the file, unless ``open`` says that answers are free text. ``lettered``
    gives every target as the letter of its choice; a task whose choices are lettered sets it.
    ``cluster`` names the column of the patient: all cases of a patient land in one split. ``split`` names a column
    with train, valid or test; without it every case is a test case, unless ``valid`` and ``test`` say which shares of
    the clusters are dealt to them, by hash; the rest is train then. A study with ``folds`` uses all cases either way.

    A case's input is its row without the target, with the text under ``text``; its meta are the remaining scalar
    columns and the cluster. Columns that metrics read (``references``, the texts that are all right; ``facts``;
    ``synonyms``; ``evidence``, the ids of gold passages; ``relevance``; ``allowed_ids``; ``glossary``) may hold lists
    or tables, in a CSV file as JSON; they are meta alone, since they belong to the gold answer.
    """

    path: str
    id: str = "id"
    target: str = "target"
    text: str = "text"
    choices: tuple[str, ...] = ()
    choices_column: str = ""
    open: bool = False
    lettered: bool = False
    cluster: str = ""
    split: str = ""
    valid: float = 0.0
    test: float = 1.0
    seed: int = 0

    licence: ClassVar[str] = ""
    citation: ClassVar[str] = ""
    synthetic: ClassVar[bool] = False

    def check(self) -> None:
        if bool(self.choices) + bool(self.choices_column) + self.open > 1:
            raise SpecError("file takes one of choices, choices_column and open", hint="leave the others out")
        if min(self.valid, self.test) < 0 or self.valid + self.test > 1:
            raise SpecError(
                f"file.valid and file.test must be 0 or more and sum to at most 1, got {self.valid} and {self.test}"
            )

    @property
    def title(self) -> str:
        return Path(self.path).name

    def examples(self, split: Split) -> list[Example]:
        """The cases of ``split`` in the order of the file. Raises DataError for rows that cannot be cases."""
        rows = read_rows(self.path)
        self._need_columns(rows)
        ids = self._ids(rows)
        if self.cluster:
            need_clusters(self.cluster, ((name, row[self.cluster]) for row, name in zip(rows, ids, strict=True)))
        places = self._splits(rows, ids)
        # Every row is built, so that a broken row is told whatever the split that is asked for.
        built = self._built(rows, ids)
        return [example for example, place in zip(built, places, strict=True) if place == split]

    def _need_columns(self, rows: list[Row]) -> None:
        named = [self.id, self.target, self.text, self.choices_column, self.cluster, self.split]
        for column in filter(None, named):
            for number, row in enumerate(rows, start=1):
                if column not in row:
                    raise DataError(f"row {number} of {self.title} has no column {column!r}", hint=nearest(column, row))

    def _ids(self, rows: list[Row]) -> list[str]:
        first: dict[str, int] = {}
        for number, row in enumerate(rows, start=1):
            name = cell_text(row[self.id])
            if not name:
                raise DataError(f"row {number} of {self.title} has an empty id", hint=f"fill the column {self.id!r}")
            if name in first:
                raise DataError(
                    f"rows {first[name]} and {number} of {self.title} have the same id {name!r}",
                    hint="give every case its own id",
                )
            first[name] = number
        return list(first)

    def _splits(self, rows: list[Row], ids: list[str]) -> list[str]:
        if self.split:
            return [self._named_split(row, name) for row, name in zip(rows, ids, strict=True)]
        keys = [
            "cluster:" + cell_text(row[self.cluster]) if self.cluster else "case:" + name
            for row, name in zip(rows, ids, strict=True)
        ]
        shares = {"train": max(0.0, 1 - self.valid - self.test), "valid": self.valid, "test": self.test}
        return split_by(keys, shares, self.seed)

    def _named_split(self, row: Row, name: str) -> Split:
        found = SPLIT_NAMES.get(cell_text(row[self.split]).lower())
        if found is None:
            raise DataError(
                f"case {name!r} of {self.title} has no split that is known in column {self.split!r}",
                hint="write train, valid or test",
            )
        return found

    def _targets(self, rows: list[Row]) -> tuple[str, ...]:
        """The different targets of the file, in order of the alphabet, where they are the choices."""
        if self.open or self.choices_column:
            return ()
        column = unused(rows[0], (self.id, self.target, self.text, self.cluster, self.split))
        if column:
            raise DataError(
                f"the column {column!r} of {self.title} looks like the options of each case and is not used",
                hint=f'add choices_column = "{column}"; or rename the column where it is something else',
            )
        found = sorted({cell_text(row[self.target]) for row in rows} - {""})
        if len(found) > MOST_LABELS or len(found) > max(FEW_LABELS, len(rows) / 2):
            raise DataError(
                f"the column {self.target!r} of {self.title} holds {len(found)} different answers in {len(rows)} rows, "
                "too many for labels",
                hint='choices_column = "..." where each case has options of its own, choices = ["...", "..."] where all '
                "have the same, and say open = true where answers are free texts",
            )
        return tuple(found)

    def _built(self, rows: list[Row], ids: list[str]) -> list[Example]:
        shared = self.choices or self._targets(rows)
        targets = [cell_text(row[self.target]) for row in rows]
        for name, target in zip(ids, targets, strict=True):
            if not target:
                raise DataError(f"case {name!r} of {self.title} has an empty target", hint="label it or leave it out")
        named = named_by_letters(shared) if self.choices and self.lettered else Options(shared)
        options = [
            self._options(row, name) if self.choices_column else named for row, name in zip(rows, ids, strict=True)
        ]
        places = chosen(options, targets, ids, self.title)
        return [
            self._example(row, name, held, place)
            for row, name, held, place in zip(rows, ids, options, places, strict=True)
        ]

    def _example(self, row: Row, name: str, options: Options, place: int) -> Example:
        choices = options.texts
        if choices and place < 0:
            hint = f"it has {len(choices)} choices: correct its target, or add the answer that is missing to them"
            raise DataError(
                f"case {name!r} of {self.title} has a target that is not among its choices",
                hint=hint + ("; the letter of a choice will do, too" if options.names else ""),
            )
        if choices and self.lettered and len(choices) > len(LETTERS):
            raise DataError(
                f"case {name!r} of {self.title} has {len(choices)} choices, more than there are letters",
                hint='choices_column = "..." names the column with the options of each case; lettered = true is for those',
            )
        given = {key: value for key, value in row.items() if key != self.target and key not in _gold(row)}
        given["text"] = cell_text(row[self.text])
        target = cell_text(row[self.target])
        if choices:
            target = LETTERS[place] if self.lettered else choices[place]
        return Example(id=name, input=given, target=target, choices=choices, meta=self._meta(row))

    def _options(self, row: Row, name: str) -> Options:
        found = options_of(row[self.choices_column])
        if found is None:
            raise DataError(f"case {name!r} of {self.title} has no list of two or more different choices", hint=HINT)
        return found

    def _meta(self, row: Row) -> Mapping[str, Any]:
        used = {self.id, self.target, self.text, self.choices_column, self.split}
        plain = {
            key: value
            for key, value in row.items()
            if (key not in used or key == self.cluster)
            and (value is None or isinstance(value, (str, int, float, bool)))
        }
        return {**plain, **_gold(row)}


def _gold(row: Row) -> dict[str, Any]:
    """The columns of a row that hold lists or tables of what is right."""
    found = {key: _structure(row[key]) for key in GOLD if key in row}
    return {key: value for key, value in found.items() if isinstance(value, (list, tuple, dict))}


def _structure(value: Any) -> Any:
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value
