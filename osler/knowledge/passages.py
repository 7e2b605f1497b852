"""Collections of passages, as blocks: in a file, or given one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol, runtime_checkable

from osler.core.block import block, canonical, digest
from osler.core.errors import DataError, SpecError, nearest
from osler.core.types import Passage
from osler.data.published import resolved, rows


@runtime_checkable
class Collection(Protocol):
    """A block that gives passages, each with an id of its own, in the same order every time."""

    def passages(self) -> Sequence[Passage]: ...


@runtime_checkable
class Index(Protocol):
    """A block that finds the passages for a query: at most ``k``, best first, each with its score."""

    async def search(self, query: str, k: int) -> list[tuple[Passage, float]]: ...


class Changes(NamedTuple):
    """What happened to a live collection: ids that are no longer held, then passages that are new, at ``generation``."""

    generation: int
    removed: tuple[str, ...]
    added: tuple[Passage, ...]


@runtime_checkable
class Live(Collection, Protocol):
    """A collection that changes while it is searched. An index over it asks before each search."""

    def generation(self) -> int:
        """A number that grows with every change, whoever made it; cheap to ask."""
        ...

    def changes(self, since: int) -> Changes:
        """From the state at the generation ``since`` (0: nothing was held) to the present one."""
        ...


def fixed(collection: Collection, what: str) -> None:
    """SpecError where ``what``, which reads its collection once, stands over one that changes: it would go on giving what
    was deleted."""
    if isinstance(collection, Live):
        raise SpecError(
            f"{what}.collection changes while it is searched, and {what} reads it once",
            hint="search the knowledge store itself; filtered chooses among its documents",
        )


@runtime_checkable
class Described(Protocol):
    """A collection that knows more of a passage than its text."""

    def about(self, passage: str) -> Mapping[str, Any]:
        """What is known of the passage with this id: document, version, title, source, licence, language, valid_from,
        valid_to, section, page and whatever was kept beside, of which any may be missing; {} for an unknown id."""
        ...


@block
class PassageList:
    """Passages that stand in the block itself: for small collections and tests."""

    items: tuple[Passage, ...] = ()

    def check(self) -> None:
        _different([item.id for item in self.items], "the passage list")

    def passages(self) -> Sequence[Passage]:
        return self.items

    def content_hash(self) -> str:
        """Hash of ids and texts (32 hex characters)."""
        return digest(canonical([[item.id, item.text] for item in self.items]))


@block
class PassageFile:
    """Passages of a JSON-lines file (gzipped when its name ends in .gz).

    ``path``: "$OSLER_DATA/..." is taken from the folder of that variable. ``id``, ``text`` and ``title`` name columns;
    a title is put before the text as "title: text". Rows without text are passed over.
    """

    path: str = "$OSLER_DATA/openstax/passages.jsonl.gz"
    id: str = "_id"
    text: str = "text"
    title: str = ""

    def passages(self) -> Sequence[Passage]:
        """All passages. DataError where the file, a column or an id is missing, or two passages share an id."""
        held: tuple[Passage, ...] | None = self.__dict__.get("_passages")
        if held is None:
            what = "the passage file"
            found = rows(resolved(self.path, what=what), what=what)
            held = tuple(made for number, row in enumerate(found, 1) if (made := self._passage(row, number)).text)
            _different([item.id for item in held], what)
            self.__dict__["_passages"] = held
        return held

    def content_hash(self) -> str:
        """BLAKE2b of the file's bytes (32 hex characters)."""
        found: str | None = self.__dict__.get("_content_hash")
        if found is None:
            found = digest(resolved(self.path, what="the passage file").read_bytes())
            self.__dict__["_content_hash"] = found
        return found

    def _passage(self, row: Mapping[str, Any], number: int) -> Passage:
        for column in filter(None, (self.id, self.text, self.title)):
            if column not in row:
                raise DataError(f"row {number} of the passage file has no column {column!r}", hint=nearest(column, row))
        name, text = str(row[self.id] or ""), str(row[self.text] or "").strip()
        title = str(row[self.title] or "").strip() if self.title else ""
        if not name:
            raise DataError(f"row {number} of the passage file has no id", hint="give every passage its own id")
        return Passage(id=name, text=f"{title}: {text}" if title and text else text)


def _different(ids: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise DataError(f"two passages of {what} have the id {name!r}", hint="give every passage its own id")
        seen.add(name)
