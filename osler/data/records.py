"""Patient records as FHIR R4 bundles, one a patient: from a file, a folder, or the synthetic cohort."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import orjson

from osler.core.block import block, digest
from osler.core.errors import DataError, SpecError
from osler.data.cohort.fhir import bundle
from osler.data.cohort.patient import Patient, generate
from osler.data.published import resolved, rows

MOST_BYTES = 256 * 1024 * 1024
"""A bundle file above this size is refused unread."""


@runtime_checkable
class Records(Protocol):
    """A block that gives FHIR bundles, each of exactly one patient."""

    def bundles(self) -> Sequence[Mapping[str, Any]]: ...


@block
class CohortRecords:
    """Patients of the synthetic cohort as bundles: ``patients`` of ``group`` and ``seed``, the same every time."""

    patients: int = 40
    seed: int = 0
    group: str = "record"

    def check(self) -> None:
        if self.patients < 1:
            raise SpecError(f"cohort_records.patients must be at least 1, got {self.patients}")

    def people(self) -> tuple[Patient, ...]:
        """The patients themselves, with all that is true of them."""
        return tuple(generate(self.patients, self.seed, self.group))

    def bundles(self) -> Sequence[Mapping[str, Any]]:
        return tuple(bundle(patient) for patient in self.people())


@block
class BundleFile:
    """Bundles of a JSON-lines file (gzipped when its name ends in .gz), or of the ``*.json`` files of a folder.

    ``path``: "$OSLER_DATA/..." is taken from the folder of that variable. Files of a folder are read in order of
    their names; links that lead out of it are refused. DataError for what is broken or above ``max_bytes`` in size.
    """

    path: str = "$OSLER_DATA/fhir_synthea/bundles_clinical_150.jsonl.gz"
    max_bytes: int = MOST_BYTES

    def bundles(self) -> Sequence[Mapping[str, Any]]:
        place, what = self._place(), "the bundle file"
        if place.is_file():
            self._within(place)
            return tuple(rows(place, what=what))
        return tuple(self._one(file, place) for file in sorted(place.glob("*.json")))

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes, or of the names and bytes of the folder's files (32 hex characters)."""
        place = self._place()
        if place.is_file():
            return digest(place.read_bytes())
        return digest(b"".join(f"{f.name}:{digest(f.read_bytes())}\n".encode() for f in sorted(place.glob("*.json"))))

    def _place(self) -> Path:
        return resolved(self.path, what="the bundle file", folder=True)

    def _within(self, file: Path) -> None:
        if file.stat().st_size > self.max_bytes:
            raise DataError(
                f"{file.name} is larger than {self.max_bytes} bytes", hint="split it, or raise bundle_file.max_bytes"
            )

    def _one(self, file: Path, folder: Path) -> Mapping[str, Any]:
        if not file.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{file.name} is a link that leads out of the folder", hint="copy the file into it")
        self._within(file)
        try:
            found = orjson.loads(file.read_bytes())
        except orjson.JSONDecodeError as error:
            raise DataError(f"{file.name} is no JSON", hint="export the bundle again") from error
        if not isinstance(found, dict):
            raise DataError(f"{file.name} holds no JSON object", hint="one bundle a file")
        return found


@functools.lru_cache(maxsize=65536)
def instant(text: str) -> str:
    """A FHIR date or time as an instant in UTC (``2020-01-31T05:00:00Z``), so that text order is time order.

    A time without zone counts as UTC, a day as its midnight, a month or year as its first day. "" stays "".
    """
    if not text:
        return ""
    full = text + "-01" * (2 - text.count("-")) if len(text) < 10 else text
    try:
        when = datetime.datetime.fromisoformat(full.replace("Z", "+00:00"))
    except ValueError:
        raise DataError("a record holds a date that is no FHIR date", hint="write YYYY-MM-DD") from None
    if when.tzinfo is not None:
        when = when.astimezone(datetime.UTC)
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")
