"""Adaptive query refinement: the model reads what a search found and words the next one until it has enough.

The first of the three iterative kinds of retrieval that surveys name (adaptive: Gao et al. 2023, arXiv:2312.10997,
section VI): the query is rewritten as in Rewrite-Retrieve-Read (Ma et al. 2023, arXiv:2305.14283, section 3) in view of
what came back, as in Iter-RetGen (Shao et al. 2023, arXiv:2305.15294, section 3); both recalled, not re-read.
"""

from __future__ import annotations

import dataclasses

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Part, Prediction, Prompt, Reply
from osler.prompting.material import MATERIAL
from osler.prompting.queries import Searched, asked, held, one_line, schema_of
from osler.prompting.retrieve import Retrieve, query_of
from osler.prompting.turns import Beside, quoted

ASK = (
    "You search for passages that answer the question below; do not answer it yet. Judge whether the passages found so far "
    "are enough to answer it. If they are not, write one new query for what is missing: name it in full, use what the "
    "passages tell you, and repeat no query. Answer with one JSON object: "
    '{"missing": "...", "enough": true or false, "query": "..."}; with enough the query is empty.'
)
BEFORE = "Queries so far, beside the question itself, each quoted on one line:"
SCHEMA = schema_of(missing="text", enough="flag", query="text")


@block
class RefineQuery(Retrieve):
    """Search for the question, let the model judge what was found and word the next query, at most ``rounds`` searches.

    It ends when the model says that the passages are enough, when its query is empty, cannot be read or was searched
    before, and after the last of ``rounds``. Every search adds its ``k`` best passages; the case is answered with the ``keep``
    best of them all (0: all; the best of each query stand first, the latest query before the others). The model never
    sees the choices while it searches, so that no query can be worded after them. A search that finds nothing is put
    to the model like any other. The rationale names every query. ``rounds`` = 1 is Retrieve.
    """

    rounds: int = 3
    keep: int = 0
    max_tokens: int = 256

    def check(self) -> None:
        super().check()
        if self.rounds < 1 or self.keep < 0:
            raise SpecError(
                f"refine_query.rounds must be at least 1 and keep 0 or more, got {self.rounds} and {self.keep}",
                hint="rounds = 3; keep = 0 keeps all that was found",
            )

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        return self.rounds - 1 + self.inner.calls(prompt)

    @property
    def reads(self) -> int:
        """Tokens of passages that a call is shown at most, about, for the plan."""
        return self.passage_tokens or super().reads * self.rounds

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        searched, replies = Searched(), list[Reply]()
        query = query_of(prompt, self.query)
        for turn in range(self.rounds):
            searched.keep(query, await self.searched(query, prompt.evidence))
            if turn == self.rounds - 1:
                break
            reply = await self._judged(prompt, searched, model, seed)
            replies.append(reply)
            query = next_query(reply.text)
            if not searched.fresh([query]):
                break
        passages = await self.arranged(searched.passages(self.keep), model)
        found = await self.answered(prompt, passages, model, seed=seed)
        trace = "\n".join(f"searched: {one}" for one in searched.queries[1:])
        return dataclasses.replace(
            found, rationale=f"{trace}\n\n{found.rationale}".strip(), replies=(*replies, *found.replies)
        )

    async def _judged(self, prompt: Prompt, searched: Searched, model: Model, seed: int) -> Reply:
        found = await self.arranged(searched.passages(self.keep), model)
        before = tuple(Part(f"- {quoted(query)}", name="query") for query in searched.queries[1:])
        return await asked(
            prompt.replace(choices=(), lettered=False, evidence=(*prompt.evidence, *found)),
            Beside(model, (Part(BEFORE, name="material"), *before)) if before else model,
            told=f"{ASK}\n\n{MATERIAL}",
            schema=SCHEMA,
            seed=seed,
            max_tokens=self.max_tokens,
        )


def next_query(text: str) -> str:
    """The query that a reply asks for; "" where it says that there is enough, or nothing can be read."""
    said = held(text)
    query = said.get("query")
    return "" if said.get("enough") is True or not isinstance(query, str) else one_line(query)
