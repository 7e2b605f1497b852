"""FHIR: bundles of the cohort are valid and can be read back; Synthea's can be read."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from osler.core.errors import DataError
from osler.data.cohort.fhir import bundle
from osler.data.cohort.patient import generate
from osler.data.fhir import dangling, read_bundle, validate


def test_fifty_bundles_are_valid_and_whole() -> None:
    seen: set[str] = set()
    for number, patient in enumerate(generate(50, seed=4)):
        made = bundle(patient, "transaction" if number % 2 else "collection")
        validate(made)
        assert dangling(made) == []
        assert orjson.loads(orjson.dumps(made)) == made
        seen |= {entry["resource"]["resourceType"] for entry in made["entry"]}
        keys = [entry["fullUrl"] for entry in made["entry"]]
        assert len(set(keys)) == len(keys)
    assert seen == {
        "Patient", "Encounter", "Condition", "MedicationRequest", "Observation", "AllergyIntolerance", "Procedure",
        "DocumentReference",
    }  # fmt: skip


def test_bundles_are_the_same_every_time() -> None:
    first, again = (bundle(next(generate(1, seed=9))) for _ in range(2))
    assert first == again


def test_what_is_written_is_read_back() -> None:
    for patient in generate(40, seed=5):
        record = read_bundle(bundle(patient))
        assert record["name"] == patient.identity.name
        assert record["sex"] == {"F": "female", "M": "male"}[patient.sex]
        assert record["birth_date"] == patient.birth.isoformat()
        assert (record["mrn"], record["zip"]) == (patient.identity.mrn, patient.identity.zip)
        assert [row["onset"] for row in record["conditions"]] == [d.onset.isoformat() for d in patient.diagnoses]
        assert [(row["text"], row["dose"]) for row in record["medications"]] == [
            (item.drug, item.dose) for item in patient.medications
        ]
        values = [(row["value"], row["date"]) for row in record["observations"] if not isinstance(row["value"], str)]
        expected = [(item.value, item.date.isoformat()) for item in (*patient.labs, *patient.vitals)]
        assert sorted(values) == sorted(expected)
        assert len(record["encounters"]) == 1 + len(patient.admissions)
        assert len(record["procedures"]) == len(patient.surgeries)
        assert len(record["allergies"]) == len(patient.allergies)
        assert [row["content"] for row in record["documents"]] == [patient.note.text]


def test_faults_are_named_without_values() -> None:
    made = bundle(next(generate(1, seed=6)))
    made["entry"][0]["resource"]["birthDate"] = "CANARY"
    with pytest.raises(DataError) as caught:
        validate(made)
    assert "birthDate" in caught.value.message
    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None
    made["entry"][1]["resource"]["subject"]["reference"] = "urn:uuid:nobody"
    assert "urn:uuid:nobody" in dangling(made)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"resourceType": "Patient"}, "no FHIR bundle"),
        ({"resourceType": "Bundle", "id": "b", "entry": []}, "holds 0 patients"),
        ({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}] * 2}, "holds 2 patients"),
    ],
)
def test_what_is_no_bundle_of_one_patient(value: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError) as caught:
        read_bundle(value)
    assert said in caught.value.message


@pytest.mark.real
def test_synthea_bundles_are_read() -> None:
    folder = os.environ.get("OSLER_DATA")
    if not folder:
        pytest.skip("OSLER_DATA is not set")
    counts = {"conditions": 0, "medications": 0, "procedures": 0, "allergies": 0, "encounters": 0, "immunizations": 0}
    patients = pressures = 0
    with gzip.open(Path(folder) / "fhir_synthea" / "bundles_clinical_150.jsonl.gz") as lines:
        for line in lines:
            record = read_bundle(orjson.loads(line))
            patients += 1
            assert record["sex"] in ("female", "male")
            assert record["birth_date"]
            assert record["mrn"]
            for key in counts:
                counts[key] += len(record[key])
                assert all(row["text"] for row in record[key])
            pressures += sum(row["code"] == "8480-6" and row["unit"] == "mm[Hg]" for row in record["observations"])
    assert patients == 150
    assert counts == {
        "conditions": 839, "medications": 591, "procedures": 1237, "allergies": 102, "encounters": 2697,
        "immunizations": 1962,
    }  # fmt: skip
    assert pressures == 1299


@pytest.mark.real
def test_whole_synthea_bundles_are_read_and_resolve() -> None:
    folder = os.environ.get("OSLER_DATA")
    if not folder:
        pytest.skip("OSLER_DATA is not set")
    with gzip.open(Path(folder) / "fhir_synthea" / "bundles_full_8.jsonl.gz") as lines:
        bundles = [orjson.loads(line) for line in lines]
    assert len(bundles) == 8
    for made in bundles:
        assert read_bundle(made)["observations"]
        assert dangling(made) == []
