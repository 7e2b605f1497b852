"""Web pages: the text as a reader sees it, with its headings as sections."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from osler.core.errors import DataError
from osler.knowledge.document import Document
from osler.knowledge.ingest.draft import Draft, hidden_note
from osler.knowledge.ingest.licence import licence
from osler.knowledge.ingest.opened import decoded, whole
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.plain import charset_note
from osler.knowledge.ingest.visibility import Visible, listed

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = listed("p blockquote pre table ul ol dl figure section article main header footer aside hr")
_LINES = listed("div li tr dt dd br caption figcaption address summary legend fieldset details body title")
_SPACE = re.compile(r"[ \t\n\r\f\v]+")


class Page(Visible):
    """Lays the visible text of a page out in lines. ``title``, ``language``, ``address`` and ``licence`` are what it says of itself."""

    def __init__(self, markup: str, draft: Draft | None = None) -> None:
        super().__init__(markup)
        self.draft = draft or Draft()
        self.title = self.language = self.address = self.licence = ""
        self._heading: list[str] | None = None
        self._level = 0
        self._pre = 0
        self._cells = 0
        self._space = False
        self._due = 0  # line breaks that wait for the text after them
        self._fresh = False  # a bullet or a cell was begun: its first block stays on the line
        self._said(markup)
        self.feed(markup)
        self.close()
        self.ended(f"h{self._level}")

    def _said(self, markup: str) -> None:
        """What the head says: it is no text of the page, so it is looked for by itself."""
        head = _Head()
        head.feed(markup)
        self.title, self.language, self.address, self.licence = (
            " ".join("".join(head.title).split()),
            head.language,
            head.address,
            head.licence,
        )

    def began(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in _HEADINGS:
            self.ended(tag)  # one that was left open
            self._heading, self._level = [], _HEADINGS[tag]
        elif self._heading is not None:
            if tag == "br":
                self._heading.append(" ")
        elif tag == "pre":
            self._break(2)
            self._pre += 1
        elif tag in ("td", "th"):
            self._cell()
        elif tag in _PARAGRAPHS or tag in _LINES:
            self._fresh = self._fresh and tag not in ("li", "tr")
            self._break(2 if tag in _PARAGRAPHS and not self._nested() else 1)
            if tag == "li":
                self._write("- ")
                self._fresh = True
        if tag == "tr":
            self._cells = 0

    def ended(self, tag: str) -> None:
        if tag in _HEADINGS and self._heading is not None:
            text, self._heading = "".join(self._heading), None
            self.draft.heading(self._level, text)
            self._space = self._fresh = False
            self._due = 0
        elif tag == "pre":
            self._pre = max(0, self._pre - 1)
            self._break(2)
        elif (tag in _PARAGRAPHS or tag in _LINES) and self._heading is None:
            self._break(2 if tag in _PARAGRAPHS and not self._nested() else 1)

    def shown(self, text: str) -> None:
        if self._heading is not None:
            self._heading.append(text)
        elif self._pre:
            self._write(text)
        else:
            words = _SPACE.sub(" ", text)
            if words.startswith(" ") or self._space:
                self._space = True
                words = words.lstrip(" ")
            if words:
                if self._space and not self._due and not self.draft.at_line_start():
                    self.draft.add(" ")
                self._space = words.endswith(" ")
                self._write(words.rstrip(" "))

    def _nested(self) -> bool:
        """Inside of a list item or a cell paragraphs are lines."""
        return any(element.tag in ("li", "td", "th", "dd") for element in self.stack)

    def _write(self, text: str) -> None:
        self.draft.gap(self._due)
        self._due, self._fresh = 0, False
        self.draft.add(text)

    def _cell(self) -> None:
        """Begin a cell: on the line of the one before it in the row."""
        if self._cells:
            self._due = 0
            self._write(" | ")
        self._cells += 1
        self._space, self._fresh = False, self._cells > 1

    def _break(self, lines: int) -> None:
        if not self._fresh:
            self._due = max(self._due, lines)
            self._space = False


class _Head(Visible):
    """Reads title, language, address and licence."""

    def __init__(self) -> None:
        super().__init__("")
        self.title: list[str] = []
        self.language = self.address = self.licence = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # type: ignore[override]
        super().handle_starttag(tag, attrs)
        held = {name: (value or "").strip() for name, value in attrs}
        rel, name = held.get("rel", "").lower().split(), held.get("name", held.get("property", "")).lower()
        if tag == "html":
            self.language = held.get("lang", "")
        elif tag in ("link", "a") and "license" in rel:
            self.licence = self.licence or licence(held.get("href", ""))
        elif tag == "link" and "canonical" in rel:
            self.address = held.get("href", "")
        elif tag == "meta" and name in ("dc.rights", "dcterms.license", "dcterms.rights", "license", "licence"):
            self.licence = licence(held.get("content", ""))

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1].tag == "title" and not any(e.tag == "svg" for e in self.stack):
            self.title.append(data)


def read(origin: Origin) -> Iterator[Document | Note]:
    """The page as one document. What is hidden from its reader is left out, counted and noted."""
    markup, guessed = decoded(whole(origin.path))
    yield from charset_note(origin, guessed)
    page = Page(markup)
    text, marks = page.draft.finished()
    if not text:
        raise DataError(
            "shows no text", hint="pages that a script fills are empty without it: save what the browser shows"
        )
    meta = {"hidden_characters": hidden_characters(page)} if hidden_characters(page) else {}
    first = next((mark.label for mark in marks if mark.kind == "section"), "")
    yield origin.document(
        origin.id,
        text,
        title=page.title or first,
        marks=marks,
        meta=meta,
        media_type="text/html",
        source=page.address,
        licence=page.licence,
        language=page.language,
    )
    said = hidden_note(page.elements, page.comments, hidden_characters(page))
    if said:
        yield origin.note(said)


def hidden_characters(page: Page) -> int:
    return page.characters + page.draft.hidden
