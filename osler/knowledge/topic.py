"""The passages of a collection that speak of a topic: a small curated base out of a large one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Passage
from osler.knowledge.passages import Collection, PassageFile, fixed


@block
class Topic:
    """The passages of ``collection`` that hold one of ``words``, as whole words in any case of letters.

    For a collection that does not change while it is searched.
    """

    collection: Collection = PassageFile()
    words: tuple[str, ...] = ("scoliosis",)

    def check(self) -> None:
        if not self.words or not all(word.strip() for word in self.words):
            raise SpecError("topic.words names no word", hint='words = ["scoliosis", "spine"]')
        fixed(self.collection, "topic")

    def passages(self) -> Sequence[Passage]:
        """The passages that speak of it, in the order of the collection."""
        held: tuple[Passage, ...] | None = self.__dict__.get("_passages")
        if held is None:
            wanted = re.compile(rf"\b(?:{'|'.join(map(re.escape, self.words))})\b", re.IGNORECASE)
            held = tuple(one for one in self.collection.passages() if wanted.search(one.text))
            self.__dict__["_passages"] = held
        return held

    def about(self, passage: str) -> Mapping[str, Any]:
        """What the collection knows of a passage; {} where it knows nothing."""
        known = getattr(self.collection, "about", None)
        return known(passage) if known is not None else {}
