"""Retrieval: passages found for the question are put before it (RAG; Lewis et al. 2020, arXiv:2005.11401).

The query is the question alone and never the options, as MIRAGE demands (Xiong et al. 2024, arXiv:2402.13178, section
2.2): a real question comes without them, and options would let the search find the answer's wording.
"""

from __future__ import annotations

from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Strategy
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.prompting.around import Around
from osler.prompting.material import (
    MATERIAL as MATERIAL,
)
from osler.prompting.material import (
    named_back,
    numbered,
    with_citations,
    with_material,
    within_characters,
    within_tokens,
)
from osler.prompting.zero_shot import ZeroShot

Query = Literal["question", "last_line"]
_TOKENS_OF_A_PASSAGE = 250  # of text books and abstracts cut as MedRAG cuts them (at most 1,000 characters)


@block
class Retrieve(Around):
    """Put the ``k`` best passages of ``index`` before the question as evidence, then do what ``inner`` does.

    k: MedRAG's 32 fits long contexts; Codex used 1 (Lievin et al. 2024). query: ``question`` is the whole question,
    ``last_line`` its last line that holds text, for a question under a long note. order: ``best_first``, or ``best_last`` next
    to the question (models read the middle worst: Liu et al. 2023, arXiv:2307.03172). Passages are taken whole, best
    first: max_characters passes over one that does not fit, passage_tokens stops there (MedRAG clips at 15,000 or 30,000
    tokens for GPT, 3,000 for Llama); tokens are the model's own where it counts them, else three bytes each; 0 is no bound.
    Evidence that the case has stays, before what is found, and a passage with an id that is there already is not put
    twice. The instruction says that passages are material. marks: passages are cited by their ``ids`` or by ``numbers``,
    short where ids are long; numbers become ids again in what comes back. What the reply cites, in its text or
    beside it, is the prediction's evidence if it was shown.
    """

    inner: Strategy = ZeroShot()
    index: Index = BM25()
    k: int = 4
    query: Query = "question"
    order: Literal["best_first", "best_last"] = "best_first"
    max_characters: int = 0
    passage_tokens: int = 0
    marks: Literal["ids", "numbers"] = "ids"

    def check(self) -> None:
        if self.k < 1 or self.max_characters < 0 or self.passage_tokens < 0:
            raise SpecError(
                f"retrieve.k must be at least 1, max_characters and passage_tokens 0 or more, got {self.k}, "
                f"{self.max_characters} and {self.passage_tokens}",
                hint="k = 4; 0 characters or tokens are no bound",
            )

    @property
    def reads(self) -> int:
        """Tokens of passages that a call is shown at most, about, for the plan."""
        return min(self.passage_tokens or self.k * _TOKENS_OF_A_PASSAGE, self.k * _TOKENS_OF_A_PASSAGE)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        return await self.answered(prompt, await self.found(prompt, model), model, seed=seed)

    async def answered(
        self,
        prompt: Prompt,
        passages: tuple[Passage, ...],
        model: Model,
        *,
        seed: int,
        by: Strategy | None = None,
        seen: tuple[Passage, ...] = (),
    ) -> Prediction:
        """What ``by`` (``inner``) answers with ``passages`` before the question, its citations read. ``seen``: passages
        that the model knows by another way and may cite as well."""
        put, names = (
            numbered(passages, (item.id for item in prompt.evidence)) if self.marks == "numbers" else (passages, {})
        )
        found = await (by or self.inner).predict(with_material(prompt, put), model, seed=seed)
        found = named_back(found, names, json=prompt.schema is not None and not prompt.labels)
        shown = (*prompt.evidence, *passages, *seen)
        return with_citations(found, shown, names) if shown else found

    async def extended(self, prompt: Prompt, model: Model | None = None) -> Prompt:
        """``prompt`` with the passages found for it, under their ids; as it was where nothing is found."""
        return with_material(prompt, await self.found(prompt, model))

    async def found(self, prompt: Prompt, model: Model | None = None) -> tuple[Passage, ...]:
        """The passages for ``prompt`` in the order in which they will stand."""
        best = await self.searched(query_of(prompt, self.query), prompt.evidence)
        return await self.arranged(best, model)

    async def searched(self, query: str, there: tuple[Passage, ...] = ()) -> tuple[Passage, ...]:
        """The ``k`` best passages for ``query``, best first, without those that are there already."""
        ids = {passage.id for passage in there}
        # As many more as could be there already, so that k new ones are left where the index has them.
        hits = await self.index.search(query, self.k + len(ids)) if query.strip() else []
        return tuple(passage for passage, _ in hits if passage.id not in ids)[: self.k]

    async def arranged(self, best: tuple[Passage, ...], model: Model | None = None) -> tuple[Passage, ...]:
        """Those of ``best`` (best first) that fit, in the order in which they will stand."""
        kept = within_characters(best, self.max_characters) if self.max_characters else list(best)
        if self.passage_tokens:
            kept = await within_tokens(kept, self.passage_tokens, model)
        return tuple(kept if self.order == "best_first" else reversed(kept))


def query_of(prompt: Prompt, query: Query) -> str:
    """What is searched for: the whole question, or its last line that holds text. Never the options."""
    if query == "question":
        return prompt.question
    lines = [line for line in prompt.question.splitlines() if line.strip()]
    return lines[-1] if lines else ""
