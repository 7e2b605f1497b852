"""Search by keywords that a model draws from a note, fused over keywords and retrievers: the retrieval of TrialGPT
(Jin et al. 2024, Nat Commun 15:9074, arXiv:2307.15051)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import orjson

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Prediction, Prompt, Reply
from osler.evaluation.parsing.texts import structure
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.prompting.reading import need_text

TOLD = (
    "You help to find clinical trials for a patient. Read the note, sum up the patient's main medical problems in a few "
    "sentences, then list up to {count} key conditions to search for, the most important first. Answer with one JSON "
    'object: {{"summary": "...", "conditions": ["...", ...]}}.'
)
KEYWORDS = {
    "type": "object",
    "properties": {
        "summary": {"type": "string"},
        "conditions": {"type": "array", "items": {"type": "string"}},
    },
    "required": ["summary", "conditions"],
    "additionalProperties": False,
}


@block
class KeywordSearch:
    """One call for keywords, one search per keyword and index, the lists fused; the answer is a JSON list of ids.

    A passage scores the sum over keywords i (from 0) and indexes of 1 / (rank + ``constant``) x 1 / (i + 1), ranks from
    0, among the first ``top`` of each search. ``keywords`` = 0 searches by the question itself, without a call. ``k``:
    how many ids are answered. Values of the paper: 32 keywords, constant 20, top 2000.
    """

    indexes: tuple[Index, ...] = (BM25(),)
    keywords: int = 32
    constant: float = 20.0
    top: int = 2000
    k: int = 100
    max_tokens: int = 1024

    def check(self) -> None:
        if not self.indexes or self.keywords < 0 or self.top < 1 or self.k < 1 or self.constant <= 0:
            raise SpecError(
                "keyword_search needs an index, keywords of 0 or more, and constant, top and k above 0",
                hint="leave them out for the values of the paper",
            )

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({"generate"})

    def calls(self, prompt: Prompt) -> int:
        return 1 if self.keywords else 0

    async def fit(self, train: Sequence[tuple[Prompt, str]], model: Model) -> Self:
        return self

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        need_text(prompt, "keyword_search")
        replies: tuple[Reply, ...] = ()
        queries: Sequence[str] = (prompt.question,)
        if self.keywords:
            asked = prompt.replace(instruction=TOLD.format(count=self.keywords), evidence=(), schema=KEYWORDS)
            reply = await model.generate(
                asked.messages(), temperature=0.0, seed=seed, max_tokens=self.max_tokens, schema=KEYWORDS
            )
            replies, queries = (reply,), conditions(reply.text)[: self.keywords]
            if not queries:
                return Prediction(answer=None, replies=replies, parsed=False)
        ids = list(await self.fused(queries))[: self.k]
        told = "; ".join(queries) if self.keywords else "the note itself"
        return Prediction(answer=orjson.dumps(ids).decode(), rationale=told, replies=replies)

    async def fused(self, queries: Sequence[str]) -> dict[str, float]:
        """Ids of passages with their fused score, best first; equal scores by id."""
        scores: dict[str, float] = {}
        for place, query in enumerate(queries):
            for index in self.indexes:
                for rank, (passage, _) in enumerate(await index.search(query, self.top)):
                    gain = 1.0 / ((rank + self.constant) * (place + 1))
                    scores[passage.id] = scores.get(passage.id, 0.0) + gain
        return dict(sorted(scores.items(), key=lambda item: (-item[1], item[0])))


def conditions(text: str) -> list[str]:
    """The keywords in a reply, in order and each once; [] where there are none."""
    read = structure(text)
    held: Any = orjson.loads(read) if read else None
    listed = held.get("conditions") if isinstance(held, Mapping) else held
    found = [one.strip() for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    return list(dict.fromkeys(one for one in found if one))
