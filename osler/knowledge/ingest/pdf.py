"""PDF files page by page. Needs pypdfium2, the extra ``documents``: the reader of PDF that Chrome uses."""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from osler.core.errors import DataError, OslerError
from osler.knowledge.document import Document
from osler.knowledge.ingest.draft import Draft, counted, hidden_note
from osler.knowledge.ingest.opened import whole
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.pdf_visibility import unseen

_BROKEN = re.compile(r"(\w+)(?:[-\u2010]\n|[\ufffe\u0002]\n?)(\w+)")  # a word parted at the end of a line
_ERRORS = {
    2: "cannot be opened",
    3: "is no PDF or a broken one",
    4: "is locked with a password",
    5: "is locked by rights",
}

_AGAIN = "open it in a viewer and print it to a new PDF"
MOST_BROKEN = 100  # pages: beyond them the count of pages is itself broken


class Printed(NamedTuple):
    """A page: its ``label`` (its number from 1), its text, characters that were hidden, whether its text is the unseen layer
    that text recognition puts under the picture of a page, and whether the page is broken and could not be read."""

    label: str
    text: str
    hidden: int = 0
    recognised: bool = False
    broken: bool = False


def read(origin: Origin) -> Iterator[Document | Note]:
    """The file as one document with a mark for each page. Pages without text are named, and so is hidden text."""
    draft = Draft()
    title = ""
    empty: list[str] = []
    recognised: list[str] = []
    broken: list[str] = []
    hidden = 0
    with _opened(whole(origin.path)) as file:
        title = " ".join(str(file.get_metadata_value("Title") or "").split())
        for page in _printed(file):
            hidden += page.hidden
            if not page.text.strip():
                (broken if page.broken else empty).append(page.label)
                continue
            recognised += [page.label] if page.recognised else []
            draft.gap(2)
            draft.page(page.label)
            draft.add(page.text)
    text, marks = draft.finished()
    if not text and broken:
        raise DataError(_ERRORS[3], hint=_AGAIN)
    if not text:
        raise DataError(
            f"has {counted(len(empty), 'page')} and no text: it is a scan",
            hint="run it through text recognition (OCR) first",
        )
    hidden += draft.hidden
    meta: dict[str, Any] = {"pages": len(empty) + len(broken) + sum(mark.kind == "page" for mark in marks)}
    meta |= {"hidden_characters": hidden} if hidden else {}
    meta |= {"pages_without_text": empty} if empty else {}
    yield origin.document(origin.id, text, title=title, marks=marks, meta=meta, media_type="application/pdf")
    if broken:
        yield origin.failed(DataError(f"is broken on {_pages(broken)}, which could not be read", hint=_AGAIN))
    if empty:
        yield origin.note(
            f"has no text on {_pages(empty)}: scans or pictures", hint="run it through text recognition (OCR) for them"
        )
    if recognised:
        yield origin.note(f"has text of a text recognition (OCR) on {_pages(recognised)}: it may be misread")
    if hidden:
        yield origin.note(hidden_note(0, 0, hidden))


def pages(data: bytes) -> list[Printed]:
    """The pages of a PDF in memory. DataError where it cannot be read."""
    with _opened(data) as file:
        return _printed(file)


def _opened(data: bytes) -> Any:
    try:
        library: Any = importlib.import_module("pypdfium2")
    except ImportError:
        raise OslerError(
            "reading PDF needs pypdfium2", hint="make setup in a clone, or pip install 'osler[documents]'"
        ) from None
    try:
        return library.PdfDocument(data)
    except library.PdfiumError as error:
        said = _ERRORS.get(getattr(error, "err_code", None) or 3, _ERRORS[3])
        raise DataError(said, hint=_AGAIN) from None


def _printed(file: Any) -> list[Printed]:
    """The pages in order, with the words joined that the ends of lines part. DataError where too many are broken."""
    found: list[Printed] = []
    broken = 0
    for number in range(len(file)):
        found.append(_page(file, number))
        broken += found[-1].broken
        if broken > MOST_BROKEN:
            raise DataError(_ERRORS[3], hint=_AGAIN)
    known = Counter(re.findall(r"\w+(?:-\w+)*", "\n".join(page.text for page in found).lower()))
    return [page._replace(text=_BROKEN.sub(lambda parted: _joined(parted, known), page.text)) for page in found]


def _page(file: Any, number: int) -> Printed:
    label = str(number + 1)
    try:
        page = file[number]
        textpage = page.get_textpage()
    except RuntimeError:  # of which PdfiumError is one
        return Printed(label, "", broken=True)
    text, hidden, recognised = unseen(page, textpage)
    textpage.close()
    page.close()
    return Printed(label, text.replace("\r\n", "\n").replace("\r", "\n"), hidden, recognised)


def _joined(parted: re.Match[str], known: Counter[str]) -> str:
    """A word that a line's end parted: with its hyphen where the document writes it so elsewhere, else without."""
    head, tail = parted[1], parted[2]
    hyphened = f"{head}-{tail}"
    if known[(head + tail).lower()]:
        return head + tail
    if known[hyphened.lower()] or not (head.isalpha() and tail[0].islower()):
        return hyphened
    return head + tail


def _pages(labels: list[str]) -> str:
    """``page 3``, ``pages 3, 5-9``."""
    runs: list[list[int]] = []
    for number in map(int, labels):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
    return f"page {said}" if len(labels) == 1 else f"pages {said}"
