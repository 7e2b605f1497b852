"""Plain text files."""

from __future__ import annotations

from collections.abc import Iterator

from osler.knowledge.document import Document
from osler.knowledge.ingest.draft import Draft, hidden_note
from osler.knowledge.ingest.opened import decoded, whole
from osler.knowledge.ingest.origin import Note, Origin


def read(origin: Origin) -> Iterator[Document | Note]:
    """The file as one document; form feeds between pages make page marks."""
    text, guessed = decoded(whole(origin.path))
    yield from charset_note(origin, guessed)
    draft = Draft()
    pages = text.split("\f")
    for number, page in enumerate(pages, 1):
        if len(pages) > 1:
            draft.gap(1)
            draft.page(str(number))
        draft.add(page)
    body, marks = draft.finished()
    yield origin.document(origin.id, body, marks=marks)
    if draft.hidden:
        yield origin.note(hidden_note(0, 0, draft.hidden))


def charset_note(origin: Origin, guessed: str) -> Iterator[Note]:
    if guessed:
        yield origin.note(
            f"is not in UTF-8 and names no character set: read as {guessed}",
            hint="save it in UTF-8 if letters look wrong",
        )
