"""Triples that were extracted from the documents of a knowledge store: they go with their document."""

from __future__ import annotations

from osler.core.block import block, canonical, digest
from osler.knowledge.graph.sources import Part, part_of
from osler.knowledge.stored import Stored


@block
class StoredTriples:
    """What ``maker`` extracted from the documents of the store in the folder ``path`` that hold at the moment ``as_of`` and
    are valid on ``day`` (both as in ``Stored``: "" is now, and today or the day of ``as_of``).

    A triple's ``where`` is the span it was read from. When a document is updated, deleted or over, its triples are gone with the
    next reading; those of the new version come when it is extracted again. Two different texts for one name are two
    nodes: ids come from the extractor.
    """

    path: str
    maker: str = "entity_relations"
    as_of: str = ""
    day: str = ""

    def check(self) -> None:
        self._stored.check()

    def part(self) -> Part:
        moment, day = self._stored.moment()
        rows = [
            {
                "head": row[0],
                "relation": row[1],
                "tail": row[2],
                "where": key,
                **dict(zip(("head_name", "tail_name", "head_kind", "tail_kind"), row[3:7], strict=False)),
            }
            for key, triples in self._stored.store.triples(self.maker, as_of=moment, day=day)
            for row in triples
        ]
        return part_of(rows, source=f"extracted by {self.maker}")

    def generation(self) -> int:
        """Grows with every change of the store's documents (a deletion takes from the past, too), and at midnight."""
        return self._stored.generation()

    @property
    def _stored(self) -> Stored:
        held: Stored | None = self.__dict__.get("_held")
        if held is None:
            held = self.__dict__["_held"] = Stored(path=self.path, as_of=self.as_of, day=self.day)
        return held

    def content_hash(self) -> str:
        part = self.part()
        return digest(canonical([list(triple) for triple in part.triples]))
