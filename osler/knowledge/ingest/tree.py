"""XML as element trees, record by record, without what makes XML dangerous.

Entities that a file declares (the "billion laughs") and external ones are refused, nothing is ever fetched, nesting is
bounded, and a file of any size takes the memory of one record.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from osler.core.errors import DataError

DEEPEST = 200  # nested elements; articles have about 20


class _Records:
    """Builds a tree for each outermost element named in ``tags``, and hands it over when it ends."""

    def __init__(self, tags: frozenset[str]) -> None:
        self.ready: list[Element] = []
        self.root = ""
        self._tags = tags
        self._builder: TreeBuilder | None = None
        self._inside = self._depth = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self.root = self.root or tag
        self._depth += 1
        if self._depth > DEEPEST:
            raise DataError(
                f"has elements nested more than {DEEPEST} deep", hint="this is no article; look at the file"
            )
        if self._builder is None and tag in self._tags:
            self._builder = TreeBuilder()
        if self._builder is not None:
            self._inside += 1
            self._builder.start(tag, dict(attributes))

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._builder is not None:
            self._builder.end(tag)
            self._inside -= 1
            if not self._inside:
                self.ready.append(self._builder.close())
                self._builder = None

    def data(self, text: str) -> None:
        if self._builder is not None:
            self._builder.data(text)

    def skipped(self, name: str, parameter: bool) -> None:
        """An entity of a document type that was not fetched: those that HTML knows have a character."""
        if not parameter and self._builder is not None:
            self._builder.data(html.unescape(f"&{name};"))


def records(parts: Iterable[bytes], tags: frozenset[str]) -> Iterator[Element]:
    """Each outermost element with a name of ``tags``, as soon as it is complete. DataError for XML that is broken or
    dangerous; what came before it has been given."""
    held = _Records(tags)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartElementHandler = held.start
    parser.EndElementHandler = held.end
    parser.CharacterDataHandler = held.data
    parser.SkippedEntityHandler = held.skipped
    parser.EntityDeclHandler = _refuse_entity
    parser.ExternalEntityRefHandler = _refuse_external
    for last, part in _ended(parts):
        try:
            parser.Parse(part, last)
        except expat.ExpatError as error:
            ready, held.ready = held.ready, []
            yield from ready
            raise DataError(
                f"is broken XML at line {error.lineno:,} ({expat.errors.messages[error.code]})",
                hint="fetch the file again",
            ) from None
        ready, held.ready = held.ready, []
        yield from ready


def _ended(parts: Iterable[bytes]) -> Iterator[tuple[bool, bytes]]:
    yield from ((False, part) for part in parts)
    yield True, b""


def _refuse_entity(*_: Any) -> None:
    raise DataError("declares entities of its own, which can be an attack", hint="articles need none: look at the file")


def _refuse_external(*_: Any) -> int:
    raise DataError("refers to an external entity, which is never fetched", hint="articles need none: look at the file")


def root_of(beginning: bytes) -> str:
    """The name of the outermost element of a file that begins so; "" where there is none."""
    held = _Records(frozenset())
    parser = expat.ParserCreate()
    parser.StartElementHandler = held.start
    parser.EndElementHandler = held.end
    parser.EntityDeclHandler = _refuse_entity
    try:
        parser.Parse(beginning, False)
    except expat.ExpatError:
        return held.root
    return held.root


def words(element: Element | None, *, without: frozenset[str] = frozenset()) -> str:
    """All text in the element, white space as single spaces; elements named in ``without`` left out."""
    return " ".join("".join(_pieces(element, without)).split()) if element is not None else ""


def _pieces(element: Element, without: frozenset[str]) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag not in without:
            yield from _pieces(child, without)
        yield child.tail or ""
