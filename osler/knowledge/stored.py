"""The passages of a knowledge store as a live collection: what is written is found by the next search."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from osler.core.block import block, canonical, digest
from osler.core.errors import DataError, SpecError
from osler.core.types import Passage
from osler.data.published import resolved
from osler.knowledge.chunking.chunk import Chunker
from osler.knowledge.chunking.sentences import Sentences
from osler.knowledge.citation import Span
from osler.knowledge.document import Document, Version
from osler.knowledge.journal import Journal
from osler.knowledge.passages import Changes
from osler.knowledge.store import KnowledgeStore
from osler.knowledge.store.moments import NUMBER, day_of

_DAYS = 4_000_000  # more than there are days until the year 9999: a generation is transaction x this + day
_TOLD = ("title", "source", "licence", "language", "valid_from", "valid_to", "media_type")
_Facts = tuple[dict[str, Any], dict[tuple[int, int], dict[str, str]]]


@block
class Stored:
    """What holds in a knowledge store, cut into passages whose ids say where they stand: ``metformin-label/v2/120-310``.

    A passage is an exact slice of its document with nothing added, so that a citation shows what was searched; title,
    section and the rest are told by ``about`` (``about = ["title"]`` of BM25 searches them too). Superseded and deleted
    documents are not in it, nor those that are not valid on ``day``.

    ``path``: the store's folder. ``as_of``: a moment of the store ("2026-03-01", an instant, "#12"), "" is now; what was
    deleted later is gone from the past, too. ``day``: the ISO day on which documents must be valid; "" is today (UTC), or
    the day of ``as_of``. ``chunk`` cuts documents. ``languages``: only documents in these (BCP 47; "zh" holds "zh-Hant",
    too), () is all. Passages stand in the order of the ids of documents, and then of the text.
    """

    path: str
    as_of: str = ""
    day: str = ""
    chunk: Chunker = Sentences()
    languages: tuple[str, ...] = ()

    def check(self) -> None:
        try:
            date.fromisoformat(self.day or "2000-01-01")
        except ValueError:
            raise SpecError(f"stored.day cannot be {self.day!r}", hint='write a day as in "2026-11-21"') from None
        if self.as_of and not NUMBER.fullmatch(self.as_of):
            try:
                day_of(self.as_of)
            except DataError as error:
                raise SpecError(f"stored.as_of cannot be {self.as_of[:40]!r}", hint=error.hint) from None

    @property
    def store(self) -> KnowledgeStore:
        """The store, opened at the first use. DataError where there is none at ``path``."""
        opened: KnowledgeStore | None = self.__dict__.get("_store")
        if opened is None:
            folder = resolved(self.path, what="the knowledge store", folder=True)
            opened = self.__dict__.setdefault("_store", KnowledgeStore(folder))
        return opened

    def passages(self) -> Sequence[Passage]:
        """All passages that hold now."""
        return self._all(self.generation())

    def generation(self) -> int:
        """Grows with every write, and at midnight, when documents begin and cease to hold."""
        number = self.store.generation()
        if self.__dict__.get("_facts", (number,))[0] != number:  # what was deleted leaves from here, too
            self.__dict__.pop("_facts", None)
        return number * _DAYS + date.fromisoformat(self._day()).toordinal()

    def moment(self) -> tuple[str, str]:
        """The moment of the store ("#12") and the ISO day at which it is read now."""
        return self._at(self.generation())

    def changes(self, since: int) -> Changes:
        """What left and what came after the generation ``since``: 0, or one that this block told. DataError for others."""
        lock: threading.Lock = self.__dict__.setdefault("_lock", threading.Lock())
        with lock:
            journal: Journal = self.__dict__.setdefault("_journal", Journal())
            now = max(self.generation(), journal.at)
            first = not journal.at
            read = self._follow(journal, now)
            if since == 0:
                return Changes(now, (), _in_order(read.values()) if first else self._all(now))
            touched = journal.touched(since)
            gone = tuple(name for document in touched for name in journal.left(document, since))
            return Changes(now, gone, self._came(touched, since, now, read))

    def about(self, passage: str) -> Mapping[str, Any]:
        """Document, version, title, source, licence, language, media type, validity, section and page of a passage and what
        the document's meta hold (which cannot hide any of these); {} for an id that names no text of the store."""
        span = Span.maybe(passage)
        if span is None:
            return {}
        generation = self.store.generation()
        held: tuple[int, dict[tuple[str, int], _Facts]] = self.__dict__.get("_facts", (-1, {}))
        if held[0] != generation:
            held = self.__dict__["_facts"] = generation, {}
        known = held[1].get(span[:2])
        if known is None:
            known = held[1][span[:2]] = self._describe(span)
        facts, places = known
        if not facts or span.end > facts["characters"]:
            return {}
        return {**facts, **places.get(span[2:], {})}

    def content_hash(self) -> str:
        """Hash (32 hex characters) of the documents, and of which of them do not hold on the day."""
        moment, day = self._at(self.generation())
        out = sorted(version.id for version in self.store.versions(moment) if self._document(version, day) is None)
        return digest(canonical([self.store.state_hash(moment), out]))

    def _follow(self, journal: Journal, now: int) -> dict[str, tuple[Passage, ...]]:
        """Bring the journal to the generation ``now``; gives the passages of the documents that were read for it."""
        read: dict[str, tuple[Passage, ...]] = {}
        if journal.at == now:
            return read
        moment, day = self._at(now)
        versions: Iterable[Version]
        if journal.at:
            before, earlier = divmod(journal.at, _DAYS)
            touched = {*self.store.changed(before)[1], *journal.turned([date.fromordinal(earlier).isoformat(), day])}
            versions = (found for name in sorted(touched) if (found := self._read(name, moment)))
        else:
            versions = self.store.versions(moment)
        for version in versions:
            document = version.document
            read[version.id] = self._cut(version, day)
            bounds = (document.valid_from, document.valid_to) if document else ("", "")
            journal.note(now, version.id, [item.id for item in read[version.id]], bounds)
        journal.reached(now)
        return read

    def _all(self, generation: int) -> tuple[Passage, ...]:
        moment, day = self._at(generation)
        return _in_order(self._cut(version, day) for version in self.store.versions(moment))

    def _came(
        self, documents: Iterable[str], since: int, now: int, read: Mapping[str, tuple[Passage, ...]]
    ) -> tuple[Passage, ...]:
        """The passages of ``documents`` that came after ``since``, of which some may have been ``read`` just now."""
        journal: Journal = self.__dict__["_journal"]
        moment, day = self._at(now)
        found: list[Passage] = []
        for name in documents:
            wanted = journal.came(name, since)
            if wanted and name not in read:
                version = self._read(name, moment)
                passages = self._cut(version, day) if version else ()
            else:
                passages = read.get(name, ())
            found += (item for item in passages if item.id in wanted)
        return tuple(found)

    def _read(self, name: str, moment: str) -> Version | None:
        """A document at a moment; None where it came later."""
        try:
            return self.store.read(name, as_of=moment)
        except DataError:
            if self.store.history(name)[0].transaction <= self.store.generation(moment):
                raise
            return None

    def _cut(self, version: Version, day: str) -> tuple[Passage, ...]:
        document = self._document(version, day)
        if document is None:
            return ()
        text = document.text
        return tuple(
            Passage(
                id=str(Span(version.id, version.number, chunk.start, chunk.end)), text=text[chunk.start : chunk.end]
            )
            for chunk in self.chunk.chunks(document)
        )

    def _document(self, version: Version, day: str) -> Document | None:
        """The document of a version where it counts: it is there, valid, not superseded, in one of the languages."""
        document = version.document
        if document is None or version.action == "supersede" or not document.holds(day):
            return None
        spoken = any(f"{document.language}-".casefold().startswith(f"{one}-".casefold()) for one in self.languages)
        return document if spoken or not self.languages else None

    def _at(self, generation: int) -> tuple[str, str]:
        """The moment of the store and the day that a generation stands for."""
        number, day = divmod(generation, _DAYS)
        if self.as_of:  # a day that is not over yet still moves
            number = min(number, self.store.generation(self.as_of))
        return f"#{number}", date.fromordinal(day).isoformat()

    def _day(self) -> str:
        if self.day:
            return self.day
        if not self.as_of:
            return datetime.now(UTC).date().isoformat()
        if not self.as_of.startswith("#"):
            return day_of(self.as_of)
        known: str | None = self.__dict__.get("_as_of_day")
        if known is None:
            known = self.__dict__["_as_of_day"] = self._recorded(int(self.as_of[1:]))
        return known

    def _recorded(self, number: int) -> str:
        """The day of a transaction; before the first it does not matter."""
        if not number:
            return datetime.now(UTC).date().isoformat()
        for name in self.store.changed(number - 1)[1]:
            for version in self.store.history(name):
                if version.transaction == number:
                    return version.recorded[:10]
        raise DataError(f"the knowledge store has no transaction {number}", hint='write as_of = "" for the present')

    def _describe(self, span: Span) -> _Facts:
        """What ``about`` tells of a version, with section and page of each of its passages."""
        try:
            document = self.store.read(span.document, version=span.version).document
        except DataError:
            return {}, {}
        if document is None:
            return {}, {}
        facts = {name: getattr(document, name) for name in _TOLD if getattr(document, name)}
        own = {"document": span.document, "version": span.version, "characters": len(document.text)}
        places = {
            (chunk.start, chunk.end): {name: value for name in ("section", "page") if (value := getattr(chunk, name))}
            for chunk in self.chunk.chunks(document)
        }
        return {**document.meta, **facts, **own}, places


def _in_order(passages: Iterable[tuple[Passage, ...]]) -> tuple[Passage, ...]:
    """The passages of documents, by the ids of the documents."""
    found = sorted((made for made in passages if made), key=lambda made: Span.read(made[0].id))
    return tuple(item for made in found for item in made)
