"""Search in a local collection of texts: textbooks, abstracts, guidelines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson

from osler.core.block import block
from osler.core.errors import SpecError, ToolError
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index


@block
class LiteratureSearch:
    """The passages of ``index`` for a query, best first, as JSON: id, text (cut at ``passage_characters``), score.

    ``most`` bounds how many a call may ask for; of them those are given whose texts fit ``max_characters`` together.
    """

    index: Index = BM25()
    most: int = 10
    passage_characters: int = 1200
    max_characters: int = 4000

    name: ClassVar[str] = "literature_search"
    description: ClassVar[str] = (
        "Search medical texts by words. Gives the best passages with their ids. Use content words, not a whole dialogue."
    )

    def check(self) -> None:
        if self.most < 1 or self.passage_characters < 1 or self.max_characters < 2 * self.passage_characters:
            raise SpecError(
                "literature_search needs most and passage_characters of 1 or more, and room for a passage",
                hint="let max_characters be at least twice passage_characters",
            )

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {
            "type": "object",
            "properties": {
                "query": {"type": "string", "minLength": 1, "description": "words to look for"},
                "k": {"type": "integer", "minimum": 1, "maximum": self.most, "description": "how many, 3 by default"},
            },
            "required": ["query"],
            "additionalProperties": False,
        }

    async def use(self, arguments: Mapping[str, Any]) -> str:
        found = await self.index.search(arguments["query"], min(arguments.get("k", 3), self.most))
        if not found:
            raise ToolError("nothing was found for these words", hint="try other words or synonyms")
        shown: list[str] = []
        room = self.max_characters - 2
        for item, score in found:
            row = {"id": item.id, "text": self._cut(item.text), "score": round(score, 3)}
            shown.append(orjson.dumps(row).decode())
            room -= len(shown[-1]) + 1
            if room < 0:
                shown.pop()
                break
        return f"[{','.join(shown)}]"

    def _cut(self, text: str) -> str:
        return text if len(text) <= self.passage_characters else text[: self.passage_characters] + " ...[cut]"
