"""Texts in FHIR R4 resources: attached documents, compositions and reports, each with the id of its patient."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.ingest import naming
from osler.knowledge.ingest.draft import Draft, counted, hidden_note
from osler.knowledge.ingest.html import Page, hidden_characters
from osler.knowledge.ingest.jsonl import rows
from osler.knowledge.ingest.opened import decoded
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.pdf import pages

Json = Mapping[str, Any]
_TEXTS = ("text/plain", "text/markdown", "text/rtf")
_PAGES = ("text/html", "application/xhtml+xml")


def read(origin: Origin) -> Iterator[Document | Note]:
    """Documents of a resource, a Bundle, or one of either a line (NDJSON): ``DocumentReference:ID`` and the like.

    DocumentReference: its attached texts, pages and PDFs. Composition: its sections with their narratives. DiagnosticReport:
    attached forms, else its code, results found in the same bundle, and conclusion. ``meta``: resource, patient (the id
    alone), date, type, status. Resources of other kinds hold no text of this sort and are counted.
    """
    passed = 0
    for place, row in rows(origin):
        if isinstance(row, DataError):
            yield origin.failed(row, place)
            continue
        known = _resources(row)
        for resource in known.values() if known else [{}]:
            kind = str(resource.get("resourceType", ""))
            if kind not in ("DocumentReference", "Composition", "DiagnosticReport"):
                passed += 1
                continue
            try:
                yield from _documents(origin, resource, known)
            except DataError as error:
                yield origin.failed(error, f"{kind} {resource.get('id', '?')}")
            except (AttributeError, TypeError, KeyError, IndexError):  # a field of another shape than FHIR gives it
                broken = DataError("is not built as FHIR R4 says", hint="validate the resource")
                yield origin.failed(broken, f"{kind} {resource.get('id', '?')}")
    if passed:
        yield origin.note(f"{counted(passed, 'resource')} of kinds that hold no documents passed over")


def _resources(row: Any) -> dict[str, Json]:
    """The resources of a line by what others call them by."""
    if not isinstance(row, dict) or "resourceType" not in row:
        return {}
    if row["resourceType"] != "Bundle":
        return {_reference(row): row}
    held: dict[str, Json] = {}
    for number, entry in enumerate(row.get("entry") or ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            held[str(entry.get("fullUrl") or _reference(resource) or number)] = resource
    return held


def _reference(resource: Json) -> str:
    return f"{resource.get('resourceType')}/{resource.get('id', '')}"


def _documents(origin: Origin, resource: Json, known: Mapping[str, Json]) -> Iterator[Document | Note]:
    kind = str(resource["resourceType"])
    if not resource.get("id"):
        raise DataError("has no id", hint="give every resource its own id")
    if kind == "Composition":
        draft = Draft()
        _sections(draft, resource.get("section") or (), 1)
        yield from _made(origin, resource, draft)
        return
    attached = (
        [one.get("attachment") or {} for one in resource.get("content") or ()]
        if kind == "DocumentReference"
        else list(resource.get("presentedForm") or ())
    )
    for number, attachment in enumerate(attached, 1):
        draft = Draft()
        yield from _attachment(origin, resource, attachment, draft)
        yield from _made(origin, resource, draft, f":{number}" if number > 1 else "")
    if kind == "DiagnosticReport" and not attached:
        yield from _made(origin, resource, _report(resource, known))


def _made(origin: Origin, resource: Json, draft: Draft, piece: str = "") -> Iterator[Document | Note]:
    text, marks = draft.finished()
    if not text:
        return
    kind = str(resource["resourceType"])
    held = {
        "resource": f"{kind}/{resource['id']}",
        "patient": _patient(resource),
        "date": str(resource.get("date") or resource.get("effectiveDateTime") or resource.get("issued") or ""),
        "type": _words(resource.get("type") or resource.get("code")),
        "status": str(resource.get("status") or ""),
        "hidden_characters": draft.hidden,
    }
    yield origin.document(
        naming.from_id(f"{kind}:{resource['id']}{piece}"),
        text,
        marks=marks,
        title=str(resource.get("title") or resource.get("description") or held["type"]),
        language=str(resource.get("language") or ""),
        meta={key: value for key, value in held.items() if value},
    )


def _attachment(origin: Origin, resource: Json, attachment: Json, draft: Draft) -> Iterator[Note]:
    kind = str(attachment.get("contentType") or "text/plain").partition(";")[0].strip().lower()
    name = _reference(resource)
    if not attachment.get("data"):
        if attachment.get("url"):
            yield origin.note(
                f"{name} keeps its text at an address, which is not fetched", hint="fetch the file and add it"
            )
        return
    try:
        data = base64.b64decode("".join(str(attachment["data"]).split()), validate=True)
    except binascii.Error:
        raise DataError("holds an attachment that is no base64") from None
    if kind == "application/pdf":
        for page in pages(data):
            draft.gap(1)
            draft.page(page.label)
            draft.add(page.text)
    elif kind in _PAGES:
        yield from _narrative(origin, resource, decoded(data)[0], draft)
    elif kind in _TEXTS:
        draft.add(decoded(data)[0])
    else:
        yield origin.note(f"{name} holds {kind}, which is not read")


def _narrative(origin: Origin, resource: Json, markup: str, draft: Draft) -> Iterator[Note]:
    page = Page(markup, draft)
    said = hidden_note(page.elements, page.comments, hidden_characters(page))
    if said:
        yield origin.note(f"{_reference(resource)}: {said}")
    draft.hidden = hidden_characters(page)


def _sections(draft: Draft, sections: Any, level: int) -> None:
    for section in sections:
        draft.heading(level, str(section.get("title") or _words(section.get("code"))))
        narrative = section.get("text") or {}
        if narrative.get("div"):
            page = Page(str(narrative["div"]))
            draft.gap(1)
            draft.add(page.draft.finished()[0])
            draft.hidden += hidden_characters(page)
        _sections(draft, section.get("section") or (), level + 1)


def _report(resource: Json, known: Mapping[str, Json]) -> Draft:
    """A report in words: what it is, a line for each result, and its conclusion."""
    draft = Draft()
    draft.add(_words(resource.get("code")))
    lines = []
    for result in resource.get("result") or ():
        observation = known.get(str(result.get("reference")), {})
        for part in (observation, *(observation.get("component") or ())):
            value = _value(part)
            if value:
                lines.append(f"{_words(part.get('code')) or result.get('display', '')}: {value}")
    if lines:
        draft.heading(1, "Results")
        draft.add("\n".join(lines))
    coded = "; ".join(filter(None, (_words(one) for one in resource.get("conclusionCode") or ())))
    conclusion = str(resource.get("conclusion") or coded)
    if conclusion:
        draft.heading(1, "Conclusion")
        draft.add(conclusion)
    return draft if lines or conclusion else Draft()


def _value(part: Json) -> str:
    quantity = part.get("valueQuantity")
    if quantity:
        return f"{quantity.get('comparator', '')}{quantity.get('value', '')} {quantity.get('unit', '')}".strip()
    if part.get("valueCodeableConcept"):
        return _words(part["valueCodeableConcept"])
    held = next(
        (part[key] for key in ("valueString", "valueInteger", "valueDateTime", "valueBoolean") if key in part), ""
    )
    return ("yes" if held else "no") if isinstance(held, bool) else str(held)


def _patient(resource: Json) -> str:
    """The id of the patient out of ``Patient/p1``, ``urn:uuid:...`` or an address that ends so."""
    said = str((resource.get("subject") or {}).get("reference") or "")
    return said.removeprefix("urn:uuid:").rpartition("/")[2]


def _words(concept: Any) -> str:
    held = concept or {}
    first = (held.get("coding") or [{}])[0]
    return str(held.get("text") or first.get("display") or "")
