"""FHIR R4 bundles: validation, and a flat record of the one patient that a bundle is about."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from osler.core.errors import DataError, OslerError

Json = Mapping[str, Any]
Record = dict[str, Any]


def validate(bundle: Json) -> None:
    """Hold ``bundle`` against the FHIR R4B models. Raises DataError that names the first faults, without values.

    Needs the optional package fhir.resources (``pip install osler[fhir]``).
    """
    try:
        from fhir.resources.R4B.bundle import Bundle
    except ImportError as problem:
        raise OslerError("validation of FHIR needs fhir.resources", hint="pip install 'osler[fhir]'") from problem
    try:
        Bundle.model_validate(bundle)
    except ValueError as problem:
        faults = problem.errors() if hasattr(problem, "errors") else []
        shown = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults[:3])
    else:
        return
    # Raised out here: the library's own error holds the values of the patient.
    raise DataError(f"bundle {bundle.get('id', '?')!r} is not valid FHIR R4 ({len(faults)} faults: {shown})")


def dangling(bundle: Json) -> list[str]:
    """References of ``bundle`` that no entry answers, as they stand there. Contained ones (#...) are passed over."""
    known: set[str] = set()
    for entry in bundle.get("entry", ()):
        resource = entry.get("resource", {})
        known |= {str(entry.get("fullUrl")), f"{resource.get('resourceType')}/{resource.get('id')}"}
    return [found for found in _references(bundle) if found not in known and not found.startswith("#")]


def read_bundle(bundle: Json) -> Record:
    """A flat record of the patient of ``bundle`` (as Synthea writes it, or ``osler.data.cohort.fhir``).

    Keys: id, name, sex (FHIR's word), birth_date, death_date, race, ethnicity, language, marital_status, mrn, phone,
    street, city, state, zip; and lists of flat rows: conditions, medications, observations (a panel's components stand
    each on a row), allergies, procedures, immunizations, encounters, documents. Dates are FHIR's text. What is not said
    is "" (or None for a value). Raises DataError when there is no bundle or not exactly one patient.
    """
    if bundle.get("resourceType") != "Bundle" or not isinstance(bundle.get("entry"), list):
        raise DataError("the JSON is no FHIR bundle with entries", hint="give a resource of type Bundle")
    resources = [entry.get("resource", {}) for entry in bundle["entry"]]
    patients = [resource for resource in resources if resource.get("resourceType") == "Patient"]
    if len(patients) != 1:
        raise DataError(
            f"bundle {bundle.get('id', '?')!r} holds {len(patients)} patients", hint="read one patient per bundle"
        )
    record = _patient(patients[0])
    for kind, (key, flatten) in _FLATTEN.items():
        record[key] = [
            row for resource in resources if resource.get("resourceType") == kind for row in flatten(resource)
        ]
    return record


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key == "reference" and isinstance(item, str):
                yield item
            else:
                yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def _patient(resource: Json) -> Record:
    name = _first(resource.get("name"))
    address = _first(resource.get("address"))
    phones = [item for item in resource.get("telecom", ()) if item.get("system") == "phone"]
    return {
        "id": resource.get("id", ""),
        "name": name.get("text") or " ".join([*name.get("given", ()), name.get("family", "")]).strip(),
        "sex": resource.get("gender", ""),
        "birth_date": resource.get("birthDate", ""),
        "death_date": resource.get("deceasedDateTime", ""),
        "race": _category(resource, "us-core-race"),
        "ethnicity": _category(resource, "us-core-ethnicity"),
        "language": _text(_first(resource.get("communication")).get("language")),
        "marital_status": _text(resource.get("maritalStatus")),
        "mrn": next((i.get("value", "") for i in resource.get("identifier", ()) if _code(i.get("type")) == "MR"), ""),
        "phone": _first(phones).get("value", ""),
        "street": " ".join(address.get("line", ())),
        "city": address.get("city", ""),
        "state": address.get("state", ""),
        "zip": address.get("postalCode", ""),
    }


def _condition(resource: Json) -> Iterator[Record]:
    yield {
        **_coded(resource.get("code")),
        "status": _code(resource.get("clinicalStatus")),
        "onset": resource.get("onsetDateTime", ""),
        "end": resource.get("abatementDateTime", ""),
    }


def _medication(resource: Json) -> Iterator[Record]:
    dosage = _first(resource.get("dosageInstruction"))
    dose = _first(dosage.get("doseAndRate")).get("doseQuantity", {})
    repeat = dosage.get("timing", {}).get("repeat", {})
    yield {
        **_coded(resource.get("medicationCodeableConcept")),
        "status": resource.get("status", ""),
        "date": resource.get("authoredOn", ""),
        "dose": dose.get("value"),
        "unit": dose.get("unit", ""),
        "frequency": repeat.get("frequency"),
        "period": repeat.get("period"),
        "period_unit": repeat.get("periodUnit", ""),
        "as_needed": bool(dosage.get("asNeededBoolean", False)),
    }


def _observation(resource: Json) -> Iterator[Record]:
    date = resource.get("effectiveDateTime", "")
    for part in (resource, *resource.get("component", ())):
        value, unit = _value(part)
        if value is not None:
            yield {**_coded(part.get("code")), "value": value, "unit": unit, "date": date}


def _allergy(resource: Json) -> Iterator[Record]:
    reaction = _first(_first(resource.get("reaction")).get("manifestation"))
    yield {**_coded(resource.get("code")), "reaction": _text(reaction), "date": resource.get("recordedDate", "")}


def _procedure(resource: Json) -> Iterator[Record]:
    date = resource.get("performedDateTime") or resource.get("performedPeriod", {}).get("start", "")
    yield {**_coded(resource.get("code")), "status": resource.get("status", ""), "date": date}


def _immunization(resource: Json) -> Iterator[Record]:
    yield {**_coded(resource.get("vaccineCode")), "date": resource.get("occurrenceDateTime", "")}


def _encounter(resource: Json) -> Iterator[Record]:
    period = resource.get("period", {})
    yield {
        **_coded(_first(resource.get("type"))),
        "class": resource.get("class", {}).get("code", ""),
        "reason": _text(_first(resource.get("reasonCode"))),
        "start": period.get("start", ""),
        "end": period.get("end", ""),
    }


def _document(resource: Json) -> Iterator[Record]:
    attachment = _first(resource.get("content")).get("attachment", {})
    try:
        text = base64.b64decode(attachment.get("data", ""), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as problem:
        raise DataError(f"document {resource.get('id', '?')!r} is no base64 text in UTF-8") from problem
    yield {**_coded(resource.get("type")), "date": resource.get("date", ""), "content": text}


_FLATTEN: dict[str, tuple[str, Callable[[Json], Iterator[Record]]]] = {
    "Condition": ("conditions", _condition),
    "MedicationRequest": ("medications", _medication),
    "Observation": ("observations", _observation),
    "AllergyIntolerance": ("allergies", _allergy),
    "Procedure": ("procedures", _procedure),
    "Immunization": ("immunizations", _immunization),
    "Encounter": ("encounters", _encounter),
    "DocumentReference": ("documents", _document),
}


def _first(items: Any) -> Json:
    return items[0] if items else {}


def _code(concept: Any) -> str:
    return str(_first((concept or {}).get("coding")).get("code", ""))


def _text(concept: Any) -> str:
    held = concept or {}
    return str(held.get("text") or _first(held.get("coding")).get("display", ""))


def _coded(concept: Any) -> Record:
    coding = _first((concept or {}).get("coding"))
    return {"code": str(coding.get("code", "")), "system": str(coding.get("system", "")), "text": _text(concept)}


def _value(part: Json) -> tuple[Any, str]:
    """The value of an observation or component and its unit; coded values come as their text."""
    quantity = part.get("valueQuantity")
    if quantity is not None:
        return quantity.get("value"), quantity.get("unit", "")
    if "valueCodeableConcept" in part:
        return _text(part["valueCodeableConcept"]), ""
    for key in ("valueString", "valueBoolean", "valueInteger", "valueDateTime"):
        if key in part:
            return part[key], ""
    return None, ""


def _category(resource: Json, name: str) -> str:
    for extension in resource.get("extension", ()):
        if str(extension.get("url", "")).endswith(name):
            for part in extension.get("extension", ()):
                if part.get("url") == "text":
                    return str(part.get("valueString", ""))
    return ""
