"""PubMed's XML: a document for each article or book article, with its corrections and retractions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.ingest.draft import Draft, counted
from osler.knowledge.ingest.opened import parts
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.tree import records, words

ROOTS = frozenset(("PubmedArticleSet", "PubmedArticle", "PubmedBookArticle", "PubmedBookArticleSet"))
_RECORDS = frozenset(("PubmedArticle", "PubmedBookArticle", "DeleteCitation"))
_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS = {m: f"{i:02d}" for i, m in enumerate(_NAMES, 1)}


def read(origin: Origin) -> Iterator[Document | Note]:
    """Documents named ``pmid:NUMBER``: the title, then the abstract with its labelled parts as sections.

    ``meta``: pmid, doi, journal, date (as exact as PubMed has it), types, mesh, retracted (true where PubMed says so) and
    corrections, a list of {type, pmid, source} (RetractionIn, ErratumIn, ...). Records that it deletes are noted, not deleted.
    """
    bare = 0
    for record in records(parts(origin.path, origin.told), _RECORDS):
        if record.tag == "DeleteCitation":
            gone = len(record.findall("PMID"))
            yield origin.note(
                f"says that {counted(gone, 'record')} left PubMed",
                hint="osler knowledge delete STORE --id pmid:...",
            )
            continue
        book = record.tag == "PubmedBookArticle"
        citation = record.find("BookDocument" if book else "MedlineCitation")
        pmid = words(citation.find("PMID")) if citation is not None else ""
        try:
            if citation is None or not pmid.isdigit():
                raise DataError("a record has no PMID", hint="it is no record of PubMed")
            document = _article(origin, record, citation, pmid, book)
        except DataError as error:
            yield origin.failed(error, f"pmid {pmid}" if pmid else "")
            continue
        bare += not document.meta["abstract"]
        yield document
    if bare:
        yield origin.note(f"{counted(bare, 'record')} without an abstract: the text is the title alone")


def _article(origin: Origin, record: Element, citation: Element, pmid: str, book: bool) -> Document:
    article = citation if book else citation.find("Article")
    if article is None:
        raise DataError("the record has no article")
    title = words(article.find("ArticleTitle")) or words(article.find("VernacularTitle"))
    book_title = words(article.find("Book/BookTitle"))
    draft = Draft()
    draft.add((title or book_title) + "\n")
    abstract = article.find("Abstract")
    found = _abstract(draft, abstract) if abstract is not None else False
    text, marks = draft.finished()
    meta: dict[str, Any] = {"pmid": pmid, "abstract": found, **_about(record, citation, article)}
    if book_title:
        meta["book"] = book_title
    said = {
        "title": title or book_title,
        "source": f"https://pubmed.ncbi.nlm.nih.gov/{pmid}/",
        "language": words(article.find("Language")),
        "licence": words(abstract.find("CopyrightInformation")) if abstract is not None else "",
    }
    id = f"pmid:{pmid}"
    return origin.document(id, text, marks=marks, meta=meta, media_type="application/xml", **said)


def _abstract(draft: Draft, abstract: Element) -> bool:
    found = False
    for part in abstract.findall("AbstractText"):
        text = words(part)
        if not text:
            continue
        found = True
        label = part.get("Label", "").strip()
        if label and label != "UNLABELLED":
            draft.heading(1, label.capitalize() if label.isupper() else label)
        else:
            draft.gap(1)
            draft.section("")
        draft.add(text + "\n")
    return found


def _about(record: Element, citation: Element, article: Element) -> dict[str, Any]:
    types = [words(one) for one in article.iter("PublicationType")]
    corrections = [
        {"type": one.get("RefType", ""), "pmid": words(one.find("PMID")), "source": words(one.find("RefSource"))}
        for one in citation.iter("CommentsCorrections")
        if one.get("RefType") not in (None, "Cites", "CommentOn", "CommentIn")
    ]
    doi = next((words(one) for one in record.iter("ArticleId") if one.get("IdType") == "doi"), "")
    held = {
        "doi": doi or next((words(o) for o in article.findall("ELocationID") if o.get("EIdType") == "doi"), ""),
        "journal": words(article.find("Journal/Title")),
        "date": _date(article.find("Journal/JournalIssue/PubDate")) or _date(article.find("Book/PubDate")),
        "types": types,
        "mesh": [words(one) for one in citation.findall("MeshHeadingList/MeshHeading/DescriptorName")],
        "corrections": corrections,
        "retracted": "Retracted Publication" in types or any(one["type"] == "RetractionIn" for one in corrections),
    }
    return {key: value for key, value in held.items() if value}


def _date(element: Element | None) -> str:
    """``2024-03-05``, ``2024-03`` or ``2024``; what MedlineDate says ("1998 Dec-1999 Jan") as its year."""
    if element is None:
        return ""
    year = words(element.find("Year")) or words(element.find("MedlineDate"))[:4]
    month = words(element.find("Month"))
    number = month.zfill(2) if month.isdigit() else _MONTHS.get(month[:3].lower(), "")
    day = words(element.find("Day"))
    return "-".join([year, *([number] if number else []), *([day.zfill(2)] if number and day.isdigit() else [])])
