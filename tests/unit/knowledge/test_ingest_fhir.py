"""Texts in FHIR resources as documents."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from osler.knowledge.document import Document
from osler.knowledge.ingest.folder import read
from osler.knowledge.ingest.origin import Note

SUBJECT = {"reference": "Patient/p1"}


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


NOTE: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "id": "n1",
    "status": "current",
    "subject": SUBJECT,
    "date": "2026-02-03T10:00:00Z",
    "type": {"text": "Progress note"},
    "content": [
        {"attachment": {"contentType": "text/plain; charset=utf-8", "data": packed("Patient is well.\nGive 40 mg.")}},
        {"attachment": {"contentType": "text/html", "data": packed("<h2>Plan</h2><p>Rest.</p><p hidden>SECRET</p>")}},
        {"attachment": {"contentType": "text/plain", "url": "https://example.org/n1.txt"}},
        {"attachment": {"contentType": "image/png", "data": packed("x")}},
    ],
}
COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "id": "c1",
    "title": "Discharge summary",
    "subject": {"reference": "urn:uuid:p2"},
    "language": "en-GB",
    "section": [
        {
            "title": "Course",
            "text": {"div": "<div><p>She was <b>well</b>.</p></div>"},
            "section": [{"code": {"coding": [{"display": "Day 2"}]}, "text": {"div": "<div>Fever.</div>"}}],
        },
        {"title": "Medication", "text": {"div": "<div><ul><li>Aspirin 100 mg</li></ul></div>"}},
    ],
}
REPORT: dict[str, Any] = {
    "resourceType": "DiagnosticReport",
    "id": "r1",
    "subject": SUBJECT,
    "code": {"text": "Blood count"},
    "result": [{"reference": "Observation/o1"}, {"reference": "Observation/o2"}, {"reference": "Observation/none"}],
    "conclusion": "Anaemia.",
}
OBSERVATIONS: list[dict[str, Any]] = [
    {
        "resourceType": "Observation",
        "id": "o1",
        "code": {"text": "Haemoglobin"},
        "valueQuantity": {"value": 9.1, "unit": "g/dL"},
    },
    {
        "resourceType": "Observation",
        "id": "o2",
        "code": {"text": "Blood pressure"},
        "component": [
            {"code": {"text": "Systolic"}, "valueQuantity": {"value": 120, "unit": "mmHg", "comparator": ">"}},
            {"code": {"text": "Position"}, "valueCodeableConcept": {"text": "sitting"}},
        ],
    },
]


def documents(folder: Path, text: str, name: str = "record.json") -> tuple[list[Document], list[Note]]:
    (folder / name).write_text(text, encoding="utf-8")
    held = list(read([folder / name]))
    return [item for item in held if isinstance(item, Document)], [item for item in held if isinstance(item, Note)]


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in resources]}


def test_a_document_reference_gives_its_attached_texts(tmp_path: Path) -> None:
    found, notes = documents(tmp_path, json.dumps(NOTE))
    assert [(item.id, item.text) for item in found] == [
        ("DocumentReference:n1", "Patient is well.\nGive 40 mg."),
        ("DocumentReference:n1:2", "Plan\n\nRest."),
    ]
    assert found[0].title == "Progress note"
    assert found[0].meta == {
        "resource": "DocumentReference/n1", "patient": "p1", "date": "2026-02-03T10:00:00Z", "type": "Progress note",
        "status": "current",
    }  # fmt: skip
    assert found[1].meta["hidden_characters"] == 6
    assert [mark.label for mark in found[1].marks] == ["Plan"]
    assert [note.text for note in notes] == [
        "DocumentReference/n1: 1 hidden element with 6 characters left out: a reader does not see them",
        "DocumentReference/n1 keeps its text at an address, which is not fetched",
        "DocumentReference/n1 holds image/png, which is not read",
    ]


def test_a_composition_gives_its_sections(tmp_path: Path) -> None:
    found, _ = documents(tmp_path, json.dumps(COMPOSITION))
    held = found[0]
    assert (held.id, held.title, held.language, held.meta["patient"]) == (
        "Composition:c1",
        "Discharge summary",
        "en-GB",
        "p2",
    )
    assert " ".join(held.text.split()) == "Course She was well. Day 2 Fever. Medication - Aspirin 100 mg"
    assert [mark.label for mark in held.marks] == ["Course", "Course > Day 2", "Medication"]
    assert held.text[held.marks[2].start :].startswith("Medication\n")


def test_a_report_finds_its_results_in_the_bundle(tmp_path: Path) -> None:
    patient = {"resourceType": "Patient", "id": "p1"}
    found, notes = documents(tmp_path, json.dumps(bundle(patient, REPORT, *OBSERVATIONS)))
    assert found[0].text.split("\n") == [
        "Blood count", "", "Results", "Haemoglobin: 9.1 g/dL", "Systolic: >120 mmHg", "Position: sitting", "", "Conclusion", "Anaemia.",
    ]  # fmt: skip
    assert [note.text for note in notes] == ["3 resources of kinds that hold no documents passed over"]


@pytest.mark.parametrize("name", ["export.ndjson", "bundles.jsonl"])
def test_one_resource_or_bundle_a_line(tmp_path: Path, name: str) -> None:
    rows = [json.dumps(NOTE), "{broken", json.dumps(bundle(COMPOSITION)), '"words"']
    found, notes = documents(tmp_path, "\n".join(rows), name)
    assert [item.id for item in found] == ["DocumentReference:n1", "DocumentReference:n1:2", "Composition:c1"]
    assert [note.text for note in notes if note.failed] == ["line 2: is no JSON"]


@pytest.mark.parametrize(
    "resource",
    [
        {**NOTE, "content": [{"attachment": {"data": "%%%"}}]},
        {**NOTE, "id": ""},
        {**NOTE, "content": "text"},
        {**NOTE, "content": [{"attachment": "text"}]},
        {**COMPOSITION, "section": [3]},
        {**REPORT, "result": {"reference": "x"}},
        {**REPORT, "code": "text"},
        {
            **NOTE,
            "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(bytes(9)).decode()}}],
        },
    ],
)
def test_broken_resources_are_named_without_their_text(tmp_path: Path, resource: dict[str, Any]) -> None:
    found, notes = documents(tmp_path, json.dumps(bundle(resource, {**COMPOSITION, "id": "good"})))
    assert found[-1].id == "Composition:good"
    assert any(note.failed for note in notes)
    assert not any("well" in note.text for note in notes)
