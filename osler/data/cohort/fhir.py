"""A synthetic patient as a FHIR R4 bundle."""

from __future__ import annotations

import base64
import datetime
import uuid
from collections.abc import Mapping
from typing import Any, Literal

from osler.data.cohort.conditions import CONDITIONS
from osler.data.cohort.measures import MEASURES
from osler.data.cohort.patient import Measurement, Patient
from osler.data.cohort.treatments import ALLERGENS, AS_NEEDED, OPERATIONS, WEEKLY

Json = dict[str, Any]
SNOMED, LOINC, UCUM = "http://snomed.info/sct", "http://loinc.org", "http://unitsofmeasure.org"
_HL7 = "http://terminology.hl7.org/CodeSystem"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
_UNITS = {"mg": "mg", "mcg": "ug", "units": "[iU]"}
_SMOKING = {
    "current": ("449868002", "Smokes tobacco daily"),
    "former": ("8517006", "Ex-smoker"),
    "never": ("266919005", "Never smoked tobacco"),
}
_RACES = {
    "White": "2106-3",
    "Black or African American": "2054-5",
    "Asian": "2028-9",
    "American Indian or Alaska Native": "1002-5",
}
_LANGUAGES = {"English": "en", "Spanish": "es", "Mandarin": "zh", "Vietnamese": "vi", "Arabic": "ar"}


def bundle(patient: Patient, kind: Literal["collection", "transaction"] = "collection") -> Json:
    """All that is true of ``patient``, with the note as a document. Ids and references follow from the patient's id."""
    maker = _Maker(patient)
    resources = [
        maker.patient(),
        *maker.encounters(),
        *maker.conditions(),
        *maker.medications(),
        *maker.observations(),
        *maker.allergies(),
        *maker.procedures(),
        maker.document(),
    ]
    entries: list[Json] = []
    for resource in resources:
        entry: Json = {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
        if kind == "transaction":
            entry["request"] = {"method": "POST", "url": resource["resourceType"]}
        entries.append(entry)
    return {"resourceType": "Bundle", "id": maker.key("Bundle"), "type": kind, "entry": entries}


class _Maker:
    def __init__(self, patient: Patient) -> None:
        self.of = patient
        self.subject = {"reference": f"urn:uuid:{self.key('Patient')}"}
        self.encounter = {"reference": f"urn:uuid:{self.key('Encounter', 0)}"}

    def key(self, kind: str, index: int = 0) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"osler:cohort/{self.of.key}/{kind}/{index}"))

    def made(self, kind: str, index: int, **fields: Any) -> Json:
        return {"resourceType": kind, "id": self.key(kind, index), **fields}

    def patient(self) -> Json:
        who = self.of.identity
        return self.made(
            "Patient",
            0,
            extension=_race(who.ethnicity),
            identifier=[{"type": _coded(f"{_HL7}/v2-0203", "MR", "Medical record number"), "value": who.mrn}],
            name=[{"use": "official", "family": who.family, "given": [who.given]}],
            telecom=[{"system": "phone", "value": who.phone}, {"system": "email", "value": who.email}],
            gender="female" if self.of.sex == "F" else "male",
            birthDate=self.of.birth.isoformat(),
            address=[
                {"line": [who.street], "city": who.city, "state": who.state, "postalCode": who.zip, "country": "US"}
            ],
            communication=[
                {"language": _coded("urn:ietf:bcp:47", _LANGUAGES[who.language], who.language), "preferred": True}
            ],
        )

    def encounters(self) -> list[Json]:
        visits = [(self.of.visit, 0, "AMB", self.of.complaint)]
        visits += [(item.date, item.days, "IMP", item.reason) for item in self.of.admissions]
        return [
            self.made(
                "Encounter",
                index,
                status="finished",
                **{"class": {"system": f"{_HL7}/v3-ActCode", "code": code}},
                subject=self.subject,
                period={"start": day.isoformat(), "end": (day + datetime.timedelta(days=days)).isoformat()},
                reasonCode=[{"text": reason}],
            )
            for index, (day, days, code, reason) in enumerate(visits)
        ]

    def conditions(self) -> list[Json]:
        return [
            self.made(
                "Condition",
                index,
                clinicalStatus=_coded(f"{_HL7}/condition-clinical", "active"),
                verificationStatus=_coded(f"{_HL7}/condition-ver-status", "confirmed"),
                code=_concept(CONDITIONS[item.code].names[0], CONDITIONS[item.code].snomed),
                subject=self.subject,
                onsetDateTime=item.onset.isoformat(),
            )
            for index, item in enumerate(self.of.diagnoses)
        ]

    def medications(self) -> list[Json]:
        out = []
        for index, item in enumerate(self.of.medications):
            repeat: Json = {
                "frequency": max(1, item.times),
                "period": 1,
                "periodUnit": "wk" if item.times == WEEKLY else "d",
            }
            dose = {"value": item.dose, "unit": item.unit, "system": UCUM, "code": _UNITS[item.unit]}
            dosage: Json = {"text": f"{item.dose:g} {item.unit}", "doseAndRate": [{"doseQuantity": dose}]}
            dosage |= {"asNeededBoolean": True} if item.times == AS_NEEDED else {"timing": {"repeat": repeat}}
            out.append(
                self.made(
                    "MedicationRequest",
                    index,
                    status="active",
                    intent="order",
                    medicationCodeableConcept={"text": item.drug},
                    subject=self.subject,
                    encounter=self.encounter,
                    authoredOn=self.of.visit.isoformat(),
                    reasonCode=[{"text": CONDITIONS[item.reason].names[0]}],
                    dosageInstruction=[dosage],
                )
            )
        return out

    def observations(self) -> list[Json]:
        vitals = {item.code: item for item in self.of.vitals}
        pressure = [vitals.pop("sbp"), vitals.pop("dbp")]
        out = [self._measured("laboratory", item) for item in self.of.labs]
        out += [self._measured("vital-signs", item) for item in vitals.values()]
        panel = _coded(LOINC, "85354-9", "Blood pressure panel with all children optional")
        parts = [{"code": _loinc(item.code), "valueQuantity": _quantity(item)} for item in pressure]
        out.append({**self._observed("vital-signs", panel, self.of.visit), "component": parts})
        smoking = self._observed("social-history", _coded(LOINC, "72166-2", "Tobacco smoking status"), self.of.visit)
        out.append({**smoking, "valueCodeableConcept": _coded(SNOMED, *_SMOKING[self.of.smoking.status])})
        return [self.made("Observation", index, **fields) for index, fields in enumerate(out)]

    def _measured(self, category: str, item: Measurement) -> Json:
        return {**self._observed(category, _loinc(item.code), item.date), "valueQuantity": _quantity(item)}

    def _observed(self, category: str, code: Json, day: datetime.date) -> Json:
        return {
            "status": "final",
            "category": [_coded(f"{_HL7}/observation-category", category)],
            "code": code,
            "subject": self.subject,
            "encounter": self.encounter,
            "effectiveDateTime": day.isoformat(),
        }

    def allergies(self) -> list[Json]:
        return [
            self.made(
                "AllergyIntolerance",
                index,
                clinicalStatus=_coded(f"{_HL7}/allergyintolerance-clinical", "active"),
                verificationStatus=_coded(f"{_HL7}/allergyintolerance-verification", "confirmed"),
                code={"text": ALLERGENS[item.code][0]},
                patient=self.subject,
                reaction=[{"manifestation": [{"text": item.reaction}]}],
            )
            for index, item in enumerate(self.of.allergies)
        ]

    def procedures(self) -> list[Json]:
        return [
            self.made(
                "Procedure",
                index,
                status="completed",
                code=_concept(OPERATIONS[item.code].names[0], OPERATIONS[item.code].snomed),
                subject=self.subject,
                performedDateTime=item.date.isoformat(),
            )
            for index, item in enumerate(self.of.surgeries)
        ]

    def document(self) -> Json:
        data = base64.b64encode(self.of.note.text.encode()).decode()
        return self.made(
            "DocumentReference",
            0,
            status="current",
            type=_coded(LOINC, "11506-3", "Progress note"),
            subject=self.subject,
            date=f"{self.of.visit.isoformat()}T12:00:00Z",
            content=[{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data}}],
            context={"encounter": [self.encounter]},
        )


def _coded(system: str, code: str, display: str = "") -> Json:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display}], "text": display} if display else {"coding": [coding]}


def _concept(text: str, snomed: str) -> Json:
    return {"coding": [{"system": SNOMED, "code": snomed}], "text": text} if snomed else {"text": text}


def _loinc(code: str) -> Json:
    return {"coding": [{"system": LOINC, "code": MEASURES[code].loinc}], "text": MEASURES[code].names[0]}


def _quantity(item: Measurement) -> Mapping[str, Any]:
    measure = MEASURES[item.code]
    unit = {"unit": measure.unit} if measure.unit else {}
    return {"value": item.value, **unit, "system": UCUM, "code": measure.ucum}


def _race(ethnicity: str) -> list[Json]:
    hispanic = ethnicity == "Hispanic or Latino"
    origin = ("2135-2", "Hispanic or Latino") if hispanic else ("2186-5", "Not Hispanic or Latino")
    out = [_extension("us-core-ethnicity", *origin)]
    if ethnicity in _RACES:
        out.append(_extension("us-core-race", _RACES[ethnicity], ethnicity))
    return out


def _extension(name: str, code: str, text: str) -> Json:
    coding = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": code, "display": text}
    parts = [{"url": "ombCategory", "valueCoding": coding}, {"url": "text", "valueString": text}]
    return {"url": f"{_US_CORE}/{name}", "extension": parts}
