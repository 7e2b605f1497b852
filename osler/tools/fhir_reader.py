"""Reading patient records (FHIR R4): search by type, patient, concept and day, in pages."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import DataError, SpecError, ToolError
from osler.data.fhir import Record, read_bundle
from osler.data.records import CohortRecords, Records, instant

KINDS: Mapping[str, tuple[str, str]] = {
    "Condition": ("conditions", "onset"),
    "MedicationRequest": ("medications", "date"),
    "Observation": ("observations", "date"),
    "AllergyIntolerance": ("allergies", "date"),
    "Procedure": ("procedures", "date"),
    "Immunization": ("immunizations", "date"),
    "Encounter": ("encounters", "start"),
    "DocumentReference": ("documents", "date"),
}
"""FHIR type -> key of the flat record, and which of its columns is the day."""
_PERSON = ("sex", "birth_date", "death_date", "race", "ethnicity", "language", "city", "state")
_DAY = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_CUT = " ...[cut]"
_ENVELOPE = 120  # characters of the answer beside its rows
_SHORTEST = 400  # a page must have room for a row
_SIMILAR = 8


@block
class FhirReader:
    """Rows of the records of ``records``: patients, or one type of resource of one patient or of all.

    The answer is JSON: ``total`` (all that match), ``resources`` (a page of at most ``page`` rows and
    ``max_characters`` characters) and ``next_offset`` where there are more. A panel's components stand each on a row.
    Names, street and telephone are not shown, since ids are enough to work with; the text of a document is as it was
    written. Patient ids are looked up among the records and never become a path.
    """

    records: Records = CohortRecords()
    page: int = 50
    max_characters: int = 4000

    name: ClassVar[str] = "fhir_search"
    description: ClassVar[str] = (
        "Search the patient records. Gives {total, resources, next_offset}: total counts all matches, resources is one "
        "page of them; ask again with offset = next_offset for the next page. type Patient lists patients. Without "
        "patient the records of all patients are searched."
    )

    def check(self) -> None:
        if self.page < 1 or self.max_characters < _SHORTEST:
            raise SpecError(f"fhir_reader needs a page of 1 or more rows and {_SHORTEST} or more characters")

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {
                "type": {"enum": ["Patient", *KINDS], "description": "FHIR resource type"},
                "patient": {"type": "string", "description": "id of a patient"},
                "code": {"type": "string", "description": "a code, or the whole name of a concept; of an encounter "
                "also its class (AMB, EMER, IMP)"},
                "contains": {"type": "string", "description": "a part of the name of a concept"},
                "status": {"type": "string", "description": "such as active, resolved, stopped"},
                "since": {**_DAY, "description": "first day, YYYY-MM-DD"},
                "until": {**_DAY, "description": "last day, YYYY-MM-DD"},
                "sort": {"enum": ["oldest", "newest"], "description": "oldest first unless told otherwise"},
                "limit": {"type": "integer", "minimum": 1, "maximum": self.page},
                "offset": {"type": "integer", "minimum": 0},
            },
            "required": ["type"],
            "additionalProperties": False,
        }  # fmt: skip

    async def use(self, arguments: Mapping[str, Any]) -> str:
        _days(arguments)
        held = self._held()
        patient = arguments.get("patient")
        if patient is not None and patient not in held:
            raise ToolError(f"there is no patient {str(patient)[:60]!r}", hint='list them with {"type": "Patient"}')
        records = held.values() if patient is None else [held[patient]]
        kind = arguments["type"]
        rows = [row for record in records for row in _rows(record, kind)]
        found = [row for row in rows if _matches(row, arguments)]
        newest = arguments.get("sort") == "newest"
        found.sort(key=lambda row: row["_at"], reverse=newest)  # stable: equal times keep the order of the record
        return self._answer(found, rows, arguments)

    def _held(self) -> Mapping[str, Record]:
        held: dict[str, Record] | None = self.__dict__.get("_records")
        if held is None:
            held = {}
            for bundle in self.records.bundles():
                record = read_bundle(bundle)
                if record["id"] in held:
                    raise DataError(f"two bundles are of the patient {record['id']!r}", hint="one bundle a patient")
                held[record["id"]] = record
            self.__dict__["_records"] = held
        return held

    def _answer(self, found: list[Record], rows: list[Record], arguments: Mapping[str, Any]) -> str:
        offset = arguments.get("offset", 0)
        wanted = found[offset : offset + arguments.get("limit", self.page)]
        shown: list[str] = []
        room = self.max_characters - _ENVELOPE
        for row in wanted:
            text = _slim(row, self.max_characters - _ENVELOPE)
            if len(text) + 1 > room:
                break
            shown.append(text)
            room -= len(text) + 1
        head: dict[str, Any] = {"total": len(found)}
        if offset + len(shown) < len(found):
            head["next_offset"] = offset + len(shown)
        code = arguments.get("code")
        if code and not found:
            known = sorted({str(row.get("text", "")) for row in rows} - {""})
            similar = difflib.get_close_matches(code, known, n=_SIMILAR, cutoff=0.5)
            similar = [name[:80] for name in similar]
            if similar:
                head["similar_names"] = similar
        start = orjson.dumps(head).decode()
        return f'{start[:-1]},"resources":[{",".join(shown)}]}}'


def _days(arguments: Mapping[str, Any]) -> None:
    for key in ("since", "until"):
        if key in arguments:
            try:
                datetime.date.fromisoformat(arguments[key])
            except ValueError:
                raise ToolError(f"{key} is no day of the calendar", hint="write YYYY-MM-DD") from None
    if "since" in arguments and "until" in arguments and arguments["since"] > arguments["until"]:
        raise ToolError("since is later than until", hint="give the earlier day as since")


def _rows(record: Record, kind: str) -> Iterator[Record]:
    """Flat rows of a record; ``_at`` is the instant to sort by and ``_day`` the day as it was written."""
    if kind == "Patient":
        born = record["birth_date"]
        person = {key: record[key] for key in _PERSON if record[key]}
        yield {"patient": record["id"], **person, "_at": instant(born), "_day": born[:10]}
        return
    key, column = KINDS[kind]
    for row in record[key]:
        when = row[column]
        yield {"patient": record["id"], **row, "_at": instant(when), "_day": when[:10]}


def _matches(row: Record, arguments: Mapping[str, Any]) -> bool:
    code, part, day = arguments.get("code"), arguments.get("contains"), row["_day"]
    text = str(row.get("text", "")).casefold()
    if code is not None and code.casefold() not in (str(row.get("code", "")).casefold(), text, _lower(row, "class")):
        return False
    if part is not None and part.casefold() not in text:
        return False
    if "status" in arguments and arguments["status"].casefold() != _lower(row, "status"):
        return False
    if "since" in arguments and not (day and day >= arguments["since"]):
        return False
    return not ("until" in arguments and not (day and day <= arguments["until"]))


def _lower(row: Record, key: str) -> str:
    return str(row.get(key, "")).casefold()


def _slim(row: Record, room: int) -> str:
    """A row as JSON without what is empty; a text that alone would fill the page is cut."""
    kept = {key: value for key, value in row.items() if not key.startswith("_") and value not in ("", None, False)}
    text = orjson.dumps(kept).decode()
    while len(text) + 1 > room:
        key = max(kept, key=lambda name: len(str(kept[name])))
        said = str(kept[key]).removesuffix(_CUT)
        if len(said) < 2:
            break
        kept[key] = said[: max(1, min(len(said) // 2, room // 2))] + _CUT
        text = orjson.dumps(kept).decode()
    return text
