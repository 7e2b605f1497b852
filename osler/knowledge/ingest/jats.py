"""Full text of PubMed Central and of journals, in JATS XML."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.ingest import naming
from osler.knowledge.ingest.draft import Draft
from osler.knowledge.ingest.licence import licence
from osler.knowledge.ingest.opened import parts
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.tree import records, words

ROOTS = frozenset(("article", "pmc-articleset", "OAI-PMH"))
# Not the article's own words: its references, a formula's second spelling, files beside it, remarks of editors.
_LEFT = frozenset(
    ("ref-list", "tex-math", "inline-graphic", "graphic", "media", "object-id", "fn-group", "processing-meta")
)
_BLOCKS = frozenset(
    ("p", "disp-quote", "boxed-text", "statement", "def-item", "disp-formula", "verse-group", "caption")
)


def read(origin: Origin) -> Iterator[Document | Note]:
    """A document for each article: title, abstract and body with their sections; references are left out of the text.

    Named by its PMC id, else by its PubMed id or DOI, else after the file. ``meta``: pmcid, pmid, doi, journal, date, type,
    subjects, related (retractions and corrections that it names).
    """
    found = 0
    for article in records(parts(origin.path, origin.told), frozenset(["article"])):
        found += 1
        try:
            yield _document(origin, article)
        except DataError as error:
            yield origin.failed(error, f"article {found}")
    if not found:
        raise DataError("holds no article", hint="files of PubMed Central have an element <article>")


def _document(origin: Origin, article: Element) -> Document:
    front = article.find("front")
    about = front.find("article-meta") if front is not None else article.find("front-stub")
    if about is None:
        about = Element("article-meta")
    draft = Draft()
    title = words(about.find("title-group/article-title"), without=frozenset(["xref", "fn"]))
    if title:
        draft.add(title + "\n")
    for abstract in about.findall("abstract"):
        if abstract.get("abstract-type") not in ("graphical", "teaser", "toc"):
            draft.heading(1, words(abstract.find("title")) or "Abstract")
            _block(draft, abstract, 1)
    body = article.find("body")
    if body is not None:
        draft.section("")
        _block(draft, body, 0)
    text, marks = draft.finished()
    if not text:
        raise DataError("has no text")
    ids = {one.get("pub-id-type", ""): words(one) for one in about.findall("article-id")}
    meta = _meta(article, front, about, ids)
    said = {
        "title": title,
        "source": f"https://doi.org/{ids['doi']}" if ids.get("doi") else "",
        "licence": _licence(about),
        "language": _attribute(article, "lang"),
    }
    id = _name(meta) or origin.id
    return origin.document(id, text, marks=marks, meta=meta, media_type="application/xml", **said)


def _name(meta: dict[str, Any]) -> str:
    if meta.get("pmcid"):
        return naming.from_id(meta["pmcid"])
    if meta.get("pmid"):
        return naming.from_id(f"pmid:{meta['pmid']}")
    return naming.from_id(f"doi:{meta['doi']}") if meta.get("doi") else ""


def _meta(article: Element, front: Element | None, about: Element, ids: dict[str, str]) -> dict[str, Any]:
    number = ids.get("pmcid") or ids.get("pmc") or ids.get("pmcaid", "")
    related = [
        {"type": one.get("related-article-type", ""), "doi": _attribute(one, "href")}
        for one in about.findall("related-article")
    ]
    held = {
        "pmcid": f"PMC{number.upper().removeprefix('PMC')}" if number else "",
        "pmid": ids.get("pmid", ""),
        "doi": ids.get("doi", ""),
        "journal": words(front.find(".//journal-title")) if front is not None else "",
        "date": _date(about),
        "type": article.get("article-type", ""),
        "subjects": [words(one) for one in about.findall(".//article-categories//subject")],
        "related": related,
        "retracted": any(one["type"] in ("retracted-article", "retraction-forward") for one in related)
        and article.get("article-type") != "retraction",
    }
    return {key: value for key, value in held.items() if value}


def _block(draft: Draft, element: Element, level: int) -> None:
    """Write what stands in a section: its text, paragraphs, lists, tables and sections."""
    for child in element:
        if child.tag in _LEFT or child.tag in ("title", "label"):
            continue
        if child.tag == "sec":
            number, title = words(child.find("label")), words(child.find("title"))
            if title:
                draft.heading(level + 1, f"{number} {title}".strip())
            _block(draft, child, level + 1 if title else level)
        elif child.tag == "list":
            for item in child.findall("list-item"):
                _line(draft, f"- {words(item, without=_LEFT)}", 1)
        elif child.tag in ("fig", "table-wrap", "supplementary-material"):
            _float(draft, child)
        elif child.tag in ("fig-group", "table-wrap-group", "sub-article", "response"):
            _block(draft, child, level)
        elif child.tag == "p" and any(inner.tag in ("list", "fig", "table-wrap", "disp-quote") for inner in child):
            floats = frozenset(("list", "fig", "table-wrap"))
            _line(draft, words(child, without=_LEFT | floats), 2)
            _block(draft, _only(child, floats), level)
        else:
            _line(draft, words(child, without=_LEFT), 2)


def _only(element: Element, tags: frozenset[str]) -> Element:
    held = Element("sec")
    held.extend(child for child in element if child.tag in tags)
    return held


def _float(draft: Draft, element: Element) -> None:
    """A figure or table: its label and caption on a line, then the rows of a table, cells parted by bars."""
    head = f"{words(element.find('label'))} {words(element.find('caption'), without=_LEFT)}".strip()
    _line(draft, head, 2)
    for row in element.iter("tr"):
        cells = [words(cell, without=_LEFT) for cell in row if cell.tag in ("td", "th")]
        _line(draft, " | ".join(cells) if any(cells) else "", 1)


def _line(draft: Draft, text: str, gap: int) -> None:
    if text:
        draft.gap(gap)
        draft.add(text)


def _licence(about: Element) -> str:
    found = about.find("permissions/license")
    if found is None:
        return ""
    addresses = [_attribute(one, "href") for one in found.iter()] + [
        words(o) for o in found if o.tag.endswith("license_ref")
    ]
    for address in addresses:
        short = licence(address)
        if short.startswith("CC") or short == "public domain":
            return short
    return licence(words(found)) or licence(next(filter(None, addresses), ""))


def _attribute(element: Element, name: str) -> str:
    """An attribute by its name without prefix (``xlink:href``, ``xml:lang``)."""
    return next((value.strip() for key, value in element.attrib.items() if key.rpartition(":")[2] == name), "")


def _date(about: Element) -> str:
    """The earliest date of publication."""
    found = []
    for one in about.findall("pub-date"):
        held = [words(one.find(name)) for name in ("year", "month", "day")]
        known = held[: next((place for place, value in enumerate(held) if not value.isdigit()), 3)]
        if known:
            found.append("-".join([known[0].zfill(4), *(value.zfill(2) for value in known[1:])]))
    return min(found, default="")
