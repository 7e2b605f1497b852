"""The disease table of ChatDoctor as passages: one row, one disease with its symptoms, tests and medicines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block, digest
from osler.core.errors import DataError, SpecError, nearest
from osler.core.types import Passage
from osler.data.published import resolved, rows

_LISTS = {"symptoms": "Symptoms", "tests_procedures": "Tests and procedures", "medications": "Medicines"}


@block
class DiseaseTable:
    """796 diseases with symptoms, description, tests and medicines (Li et al. 2023, arXiv:2303.14070), ids d1, d2, ...

    A JSON-lines file (gzipped when its name ends in .gz). ``lists``: the columns that are told, in their order, of
    symptoms, tests_procedures and medications. ``descriptions`` adds the free text. Written with the help of ChatGPT for
    research: no source of medical knowledge.
    """

    path: str = "$OSLER_DATA/chatdoctor/disease_db.jsonl.gz"
    lists: tuple[str, ...] = ("symptoms", "tests_procedures", "medications")
    descriptions: bool = False

    def check(self) -> None:
        for name in self.lists:
            if name not in _LISTS:
                raise SpecError(f"the disease table has no list {name!r}", hint=nearest(name, _LISTS))

    def passages(self) -> Sequence[Passage]:
        """One passage for each disease. DataError where the file or a column is missing."""
        held: tuple[Passage, ...] | None = self.__dict__.get("_passages")
        if held is None:
            found = rows(resolved(self.path, what="the disease table"), what="the disease table")
            held = tuple(self._passage(row, number) for number, row in enumerate(found, 1))
            self.__dict__["_passages"] = held
        return held

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        found: str | None = self.__dict__.get("_content_hash")
        if found is None:
            found = digest(resolved(self.path, what="the disease table").read_bytes())
            self.__dict__["_content_hash"] = found
        return found

    def about(self, passage: str) -> Mapping[str, Any]:
        """The disease of a row as its title; {} for an id that is not in the table."""
        found = next((one for one in self.passages() if one.id == passage), None)
        title = found.text.partition("\n")[0].removeprefix("Disease: ") if found else ""
        return {"document": passage, "title": title, "source": "ChatDoctor disease table"} if found else {}

    def _passage(self, row: Mapping[str, Any], number: int) -> Passage:
        for name in ("disease", *self.lists):
            if name not in row:
                raise DataError(f"row {number} of the disease table has no column {name!r}", hint=nearest(name, row))
        lines = [f"Disease: {row['disease']}"]
        lines += [f"{_LISTS[name]}: {', '.join(map(str, row[name]))}" for name in self.lists if row[name]]
        if self.descriptions and str(row.get("description") or "").strip():
            lines.append(f"Description: {str(row['description']).strip()}")
        return Passage(id=f"d{number}", text="\n".join(lines))
