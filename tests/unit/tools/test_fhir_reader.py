"""The FHIR reader: searches, pages, bounds, and what it refuses."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osler.core.block import from_spec, to_spec
from osler.core.errors import DataError, SpecError, ToolError
from osler.core.types import Tool
from osler.data.cohort.fhir import bundle
from osler.data.cohort.patient import make_patient
from osler.data.records import BundleFile, CohortRecords, instant
from osler.tools.calling import use
from osler.tools.fhir_reader import KINDS, FhirReader

RECORDS = CohortRecords(patients=6)
READER = FhirReader(records=RECORDS)
IDS = [one["entry"][0]["resource"]["id"] for one in RECORDS.bundles()]


def ask(tool: Tool = READER, **arguments: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(asyncio.run(use(tool, arguments)))
    return found


def test_patients_are_listed_without_names() -> None:
    found = ask(type="Patient")
    assert found["total"] == 6
    assert {row["patient"] for row in found["resources"]} == set(IDS)
    family = RECORDS.people()[0].identity.family
    assert family not in json.dumps(found)
    assert set(found["resources"][0]) >= {"patient", "sex", "birth_date"}


def test_the_latest_value_is_found_by_name_or_code() -> None:
    person = next(one for one in RECORDS.people() if len([lab for lab in one.labs if lab.code == "creatinine"]) >= 1)
    wanted = max((lab for lab in person.labs if lab.code == "creatinine"), key=lambda lab: lab.date)
    patient = bundle(person)["entry"][0]["resource"]["id"]
    for code in ("serum creatinine", "SERUM CREATININE", "2160-0"):
        found = ask(type="Observation", patient=patient, code=code, sort="newest", limit=1)
        row = found["resources"][0]
        assert (row["value"], row["date"], row["unit"]) == (wanted.value, wanted.date.isoformat(), "mg/dL")


def test_part_of_a_name_status_and_days_narrow_the_search() -> None:
    everything = ask(type="Observation")
    pressure = ask(type="Observation", contains="BLOOD pressure")
    assert pressure["total"] == 12  # systolic and diastolic of six patients
    assert {row["text"] for row in pressure["resources"]} == {"systolic blood pressure", "diastolic blood pressure"}
    days = sorted(row["date"] for row in everything["resources"])
    middle = days[len(days) // 2]
    before = ask(type="Observation", until=middle)["total"]
    after = ask(type="Observation", since=middle)["total"]
    on = ask(type="Observation", since=middle, until=middle)["total"]
    assert before + after - on == everything["total"]
    assert ask(type="Condition", status="ACTIVE")["total"] == ask(type="Condition")["total"]
    assert ask(type="Condition", status="resolved")["total"] == 0


@settings(max_examples=30)
@given(st.sampled_from(["Patient", *KINDS]), st.integers(1, 9), st.integers(400, 4000), st.booleans())
def test_pages_put_together_are_the_whole_and_fit(kind: str, limit: int, room: int, newest: bool) -> None:
    reader = FhirReader(records=RECORDS, max_characters=room)
    reader.__dict__["_records"] = READER._held()  # one reading of the records serves all examples
    offset, rows = 0, 0
    while True:
        text = asyncio.run(
            use(reader, {"type": kind, "limit": limit, "offset": offset, "sort": "newest" if newest else "oldest"})
        )
        assert len(text) <= room
        found = json.loads(text)
        rows += len(found["resources"])
        if "next_offset" not in found:
            break
        assert found["next_offset"] > offset
        offset = found["next_offset"]
    assert rows == found["total"]


def test_a_long_note_is_cut_and_says_so() -> None:
    found = ask(FhirReader(records=RECORDS, max_characters=600), type="DocumentReference", patient=IDS[0])
    assert found["resources"][0]["content"].endswith("...[cut]")


def test_an_unknown_name_is_answered_with_similar_ones() -> None:
    found = ask(type="Observation", code="serum creatinin")
    assert found["total"] == 0
    assert "serum creatinine" in found["similar_names"]


@pytest.mark.parametrize("patient", ["../../etc/passwd", "nobody", "", "%2e%2e", "a" * 10_000])
def test_an_id_is_looked_up_and_never_a_path(patient: str) -> None:
    with pytest.raises(ToolError, match="there is no patient") as caught:
        ask(type="Patient", patient=patient)
    assert len(caught.value.message) < 120


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "needs type"),
        ({"type": "Claim"}, "type must be one of Patient"),
        ({"type": "Patient", "since": "1 May"}, "since"),
        ({"type": "Patient", "since": "2020-02-31"}, "no day of the calendar"),
        ({"type": "Patient", "since": "2021-01-01", "until": "2020-01-01"}, "since is later than until"),
        ({"type": "Patient", "limit": 10_000}, "maximum"),
        ({"type": "Patient", "offset": -1}, "minimum"),
        ({"type": "Patient", "write": True}, "no input is named 'write'"),
    ],
)
def test_what_cannot_be_searched_is_refused(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolError, match=problem):
        ask(**arguments)


def test_files_and_folders_give_the_same_as_the_cohort(tmp_path: Path) -> None:
    folder = tmp_path / "bundles"
    folder.mkdir()
    for number, one in enumerate(RECORDS.bundles()):
        (folder / f"{number:02d}.json").write_text(json.dumps(one))
    lines = tmp_path / "all.jsonl"
    lines.write_text("".join(json.dumps(one) + "\n" for one in RECORDS.bundles()))
    wanted = ask(type="Condition")
    for path in (folder, lines):
        records = BundleFile(path=str(path))
        assert ask(FhirReader(records=records), type="Condition") == wanted
        before = records.content_hash()
        changed = folder / "00.json" if path == folder else lines
        changed.write_text(changed.read_text() + "\n")
        assert records.content_hash() != before


def test_broken_huge_and_straying_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"resourceType": "Bund')
    with pytest.raises(DataError, match=r"broken\.json is no JSON"):
        BundleFile(path=str(tmp_path)).bundles()
    (tmp_path / "broken.json").write_text("[1]")
    with pytest.raises(DataError, match="no JSON object"):
        BundleFile(path=str(tmp_path)).bundles()
    (tmp_path / "broken.json").write_text(json.dumps({"resourceType": "Bundle", "entry": []}) + " " * 5000)
    with pytest.raises(DataError, match="larger than 4000 bytes"):
        BundleFile(path=str(tmp_path), max_bytes=4000).bundles()
    with pytest.raises(DataError, match="holds 0 patients"):
        ask(FhirReader(records=BundleFile(path=str(tmp_path))), type="Patient")
    outside = tmp_path / "secret.txt"
    outside.write_text("{}")
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "link.json").symlink_to(outside)
    with pytest.raises(DataError, match="leads out of the folder"):
        BundleFile(path=str(inside)).bundles()
    with pytest.raises(DataError, match="does not exist"):
        BundleFile(path=str(tmp_path / "no.jsonl")).bundles()


def test_times_are_ordered_by_instant_and_not_by_text() -> None:
    assert instant("2020-01-31T23:00:00-05:00") == "2020-02-01T04:00:00Z"
    assert instant("2020-01-31T23:00:00-05:00") > instant("2020-02-01T01:00:00+00:00")
    assert [instant(text) for text in ("2020", "2020-03", "2020-03-04", "")] == [
        "2020-01-01T00:00:00Z",
        "2020-03-01T00:00:00Z",
        "2020-03-04T00:00:00Z",
        "",
    ]
    with pytest.raises(DataError, match="no FHIR date"):
        instant("yesterday")


def test_it_is_a_block_and_a_tool() -> None:
    assert isinstance(READER, Tool)
    assert from_spec(to_spec(READER)) == READER
    with pytest.raises(SpecError, match="fhir_reader needs"):
        FhirReader(max_characters=10)
    assert make_patient(0, 0, "record") == RECORDS.people()[0]
