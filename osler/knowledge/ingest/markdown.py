"""Markdown: a block of ``key: value`` lines at the top, headings as sections, the rest as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from osler.knowledge.document import Document
from osler.knowledge.ingest import naming
from osler.knowledge.ingest.draft import Draft, hidden_note
from osler.knowledge.ingest.jsonl import COLUMNS
from osler.knowledge.ingest.opened import decoded, whole
from osler.knowledge.ingest.origin import Note, Origin
from osler.knowledge.ingest.plain import charset_note
from osler.knowledge.ingest.visibility import Visible, listed

_FRONT = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.S)
_KEY = re.compile(r"([A-Za-z_][\w.-]*)\s*:\s*(.*)")
_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_DEFINITION = re.compile(r" {0,3}\[([^\]]+)\]:\s*\S.*")
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")
_LINK = re.compile(r"(?<!!)\[([^\]\[]+)\]\([^()\s]*(?:\([^()]*\)[^()\s]*)?(\s+(?:\"[^\"]*\"|'[^']*'))?\s*\)")
_TAGS = (
    "a abbr article aside b blockquote br caption center cite code dd del details div dl dt em figcaption figure font "
    "footer h1 h2 h3 h4 h5 h6 header hr i iframe img ins kbd li main mark nav noscript ol p pre q s samp script section "
    "small span strong style sub summary sup svg table tbody td template tfoot th thead tr u ul var"
)
_KNOWN = tuple(sorted(listed(_TAGS)))
_MARKUP = re.compile(rf"<!--|<!\[CDATA\[|</?(?:{'|'.join(_KNOWN)})\b", re.I)


class _Inline(Visible):
    """Takes the tags out of Markdown and leaves everything else as it is written."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.pieces: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag in _KNOWN:
            super().handle_starttag(tag, attrs)
        else:
            self.handle_data(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in _KNOWN:
            super().handle_endtag(tag)
        else:
            self.handle_data(f"</{tag}>")

    def began(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag in ("br", "p", "div", "li", "tr"):
            self.pieces.append("\n")

    def shown(self, text: str) -> None:
        self.pieces.append(text)


def read(origin: Origin) -> Iterator[Document | Note]:
    """The file as one document. Heading marks and addresses of links are taken off; comments, images and hidden markup are
    left out, counted and noted. Lines, lists, tables and code stay as they are written."""
    text, guessed = decoded(whole(origin.path))
    yield from charset_note(origin, guessed)
    front, body = front_matter(text)
    writer = _Writer()
    for code, piece in _blocks(body):
        if code:
            writer.draft.add(piece)
        else:
            writer.prose(piece)
    body, marks = writer.draft.finished()
    said = {field: _first(front, names) for field, names in COLUMNS.items() if field != "text"}
    name = said.pop("id") or ""
    first = next((mark.label for mark in marks if mark.kind == "section"), "")
    used = {key for names in COLUMNS.values() for key in names}
    meta: dict[str, Any] = {key: value for key, value in front.items() if key not in used and value}
    hidden = writer.hidden + writer.draft.hidden
    if hidden:
        meta["hidden_characters"] = hidden
    said["title"] = said["title"] or first
    id = naming.from_id(name) if name else origin.id
    yield origin.document(id, body, marks=marks, meta=meta, media_type="text/markdown", **said)
    note = hidden_note(writer.elements, writer.comments, hidden)
    if note:
        yield origin.note(note)


def front_matter(text: str) -> tuple[dict[str, str], str]:
    """The ``key: value`` lines between two lines of ``---`` at the top, and the text after them.

    Values are words; quotes around one are taken off. What is nested stays in one value as it is written.
    """
    found = _FRONT.match(text)
    if not found:
        return {}, text
    held: dict[str, str] = {}
    key = ""
    for line in found[1].splitlines():
        pair = _KEY.fullmatch(line)
        if pair:
            key = pair[1]
            held[key] = re.sub(r"^([\"'])(.*)\1$", r"\2", pair[2].strip())
        elif key and line.strip() and not line.lstrip().startswith("#"):
            held[key] = f"{held[key]} {line.strip()}".strip()
    return held, text[found.end() :]


def _first(front: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((front[name] for name in names if front.get(name)), "")


def _blocks(text: str) -> Iterator[tuple[bool, str]]:
    """The text in stretches of code between fences and of everything else."""
    held: list[str] = []
    fence = ""
    for line in text.splitlines(keepends=True):
        opened = _FENCE.match(line)
        if opened and not fence:
            yield False, "".join(held)
            held, fence = [line], opened[1]
        elif fence and line.strip().startswith(fence) and not line.strip().strip(fence[0]):
            yield True, "".join([*held, line])
            held, fence = [], ""
        else:
            held.append(line)
    yield bool(fence), "".join(held)


class _Writer:
    """Writes prose into a draft. Counts what it leaves out."""

    def __init__(self) -> None:
        self.draft = Draft()
        self.elements = self.comments = self.hidden = 0

    def prose(self, text: str) -> None:
        if _MARKUP.search(text):
            inline = _Inline(text)
            text = "".join(inline.pieces)
            self.elements += inline.elements
            self.comments += inline.comments
            self.hidden += inline.characters
        text = _LINK.sub(self._link, _IMAGE.sub(self._image, text))
        lines = text.split("\n")
        skip = False
        for number, line in enumerate(lines):
            if skip:
                skip = False
                continue
            heading = _HEADING.fullmatch(line)
            below = lines[number + 1] if number + 1 < len(lines) else ""
            underline = _UNDERLINE.fullmatch(below)
            if heading:
                self.draft.heading(len(heading[1]), heading[2])
            elif line.strip() and underline and not line.lstrip().startswith(("-", "*", "+", ">", "|")):
                self.draft.heading(1 if underline[1][0] == "=" else 2, line)
                skip = True
            elif _DEFINITION.fullmatch(line):
                self._leave(line)
            else:
                self.draft.add(line + ("\n" if number + 1 < len(lines) else ""))

    def _link(self, found: re.Match[str]) -> str:
        if found[2]:
            self._leave(found[2])
        return found[1]

    def _image(self, found: re.Match[str]) -> str:
        if found[1].strip():
            self._leave(found[1])
        return ""

    def _leave(self, text: str) -> None:
        self.hidden += len("".join(text.split()))
        self.comments += 1
