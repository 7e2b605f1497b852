"""A corpus: texts with an id, where they are from, and what they link to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol, runtime_checkable


class Text(NamedTuple):
    """A document to train on. ``source``: the name of the collection. ``links``: ids of documents that it cites.
    ``made``: "" where people wrote it, else what made it (a model, a template): made text is never mixed in unseen."""

    id: str
    text: str
    source: str = ""
    links: tuple[str, ...] = ()
    made: str = ""


@runtime_checkable
class Corpus(Protocol):
    """A block that gives texts, in the same order every time."""

    def texts(self) -> Iterator[Text]: ...
