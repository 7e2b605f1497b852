"""Search alone: the ranked list that an index gives is the answer, so that retrieval is measured apart from the model.

What a retriever finds and what a model makes of it are two questions; their answers are kept apart (the guide's practice 8
asks for recall@k beside the score of the answer).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.prompting.reading import need_text
from osler.prompting.retrieve import query_of


@block
class Search:
    """The ids of the ``k`` best passages of ``index`` for the question, best first, as a JSON list. No model is called.

    query: as in ``retrieve``. An empty list where nothing is found.
    """

    index: Index = BM25()
    k: int = 100
    query: Literal["question", "last_line"] = "question"

    def check(self) -> None:
        if self.k < 1:
            raise SpecError(f"search.k must be at least 1, got {self.k}", hint="k = 100")

    @property
    def needs(self) -> frozenset[str]:
        return frozenset()

    def calls(self, prompt: Prompt) -> int:
        return 0

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_text(prompt, "search")
        found = await self.index.search(query_of(prompt, self.query), self.k)
        ids = tuple(passage.id for passage, _ in found)
        return Prediction(answer=orjson.dumps(ids).decode(), evidence=ids)
