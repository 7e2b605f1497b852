"""Screened articles: search by queries the model writes, judge each article's relevance, sum up the relevant ones, answer
from the summaries with references.

Clinfo.ai (Lozano et al. 2023, "Clinfo.ai: an open-source retrieval-augmented large language model system for answering
medical questions using scientific literature", arXiv:2310.16146, section 3). There the search is PubMed's; here it is an index.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Literal

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Model, Passage, Prediction, Prompt, Reply, Strategy
from osler.knowledge.bm25 import BM25
from osler.knowledge.passages import Index
from osler.prompting.around import Around, refuse_shuffled
from osler.prompting.cited import Cited
from osler.prompting.material import with_citations, with_material
from osler.prompting.queries import asked, held, interleaved, listed, schema_of
from osler.prompting.sampling import together

QUERIES = (
    "Write up to {count} queries that would find articles which answer the question below, the best first, each short and of "
    'content words. Do not answer the question. Answer with one JSON object: {{"queries": ["...", ...]}}.'
)
RELEVANT = (
    "Judge whether the passage bears on the question: whether it states something that a correct answer needs. Answer with "
    'one JSON object: {"relevant": true} or {"relevant": false}.'
)
SUMMARY = (
    "Sum up what the passage states that bears on the question, in at most four sentences, with its numbers, units and "
    'limits, and nothing that it does not state. Answer with one JSON object: {"summary": "..."}.'
)
AT_ONCE = 16


@block
class ScreenedArticles(Around):
    """Up to ``queries`` searches, at most ``articles`` passages in all, a call for the relevance of each and one for the
    summary of each relevant one; ``inner`` then answers with the summaries as evidence, under the ids of the articles.

    A relevance that cannot be read counts as relevant, after those that were judged so; at most ``most`` are summed up. An
    article whose summary cannot be read is shown as it is. show: the answer sees ``summaries``, as published, or the
    ``articles`` themselves. Where nothing is found or nothing relevant, the answer is ``says``, an abstention, without
    another call. Evidence are the ids that the answer cites.
    """

    inner: Strategy = Cited()
    index: Index = BM25()
    queries: int = 3
    k: int = 10
    articles: int = 20
    most: int = 8
    show: Literal["summaries", "articles"] = "summaries"
    says: str = "not enough information"
    max_tokens: int = 512

    def check(self) -> None:
        if min(self.queries, self.k, self.articles, self.most) < 1 or not self.says.strip():
            raise SpecError("screened_articles needs queries, k, articles and most of 1 or more, and a word in says")
        refuse_shuffled("screened_articles", self.inner)

    @property
    def needs(self) -> frozenset[str]:
        return self.inner.needs | {"generate"}

    def calls(self, prompt: Prompt) -> int:
        summed = self.most if self.show == "summaries" else 0
        return 1 + self.articles + min(summed, self.articles) + self.inner.calls(prompt)

    async def predict(self, prompt: Prompt, model: Model, *, seed: int) -> Prediction:
        if self.says in prompt.labels:
            raise SpecError(
                f"screened_articles.says is {self.says!r}, a label of the case", hint="set says to another word"
            )
        bare = prompt.replace(choices=(), lettered=False, evidence=())
        told = QUERIES.format(count=self.queries)
        wrote = await asked(
            bare, model, told=told, schema=schema_of(queries="list"), seed=seed, max_tokens=self.max_tokens
        )
        queries = listed(wrote.text)[: self.queries] or [prompt.question]
        hits = await together([self.index.search(query, self.k) for query in queries])
        found = interleaved([[passage for passage, _ in one] for one in hits])[: self.articles]
        trace = [f"searched: {query}" for query in queries]
        kept, judged = await self._screened(bare, found, model, seed)
        trace.append(f"relevant: {len(kept)} of {len(found)} articles ({', '.join(one.id for one in kept) or 'none'})")
        replies = [wrote, *judged]
        if not kept:
            return Prediction(answer=self.says, rationale="\n".join(trace), evidence=(), replies=tuple(replies))
        shown = await self._summed(bare, kept[: self.most], model, seed, replies)
        there = {passage.id for passage in prompt.evidence}
        put = with_material(prompt, [one for one in shown if one.id not in there])
        answer = await self.inner.predict(put, model, seed=seed)
        if answer.evidence is None:  # else the strategy inside has said what counts as evidence
            answer = with_citations(answer, put.evidence)
        rationale = "\n".join([*trace, answer.rationale]).strip()
        return dataclasses.replace(answer, rationale=rationale, replies=(*replies, *answer.replies))

    async def _screened(
        self, bare: Prompt, found: tuple[Passage, ...], model: Model, seed: int
    ) -> tuple[list[Passage], list[Reply]]:
        """The articles that bear on the question in their order, those whose verdict could not be read last."""
        replies = await self._each(bare, found, model, RELEVANT, "relevant", seed)
        verdicts = [held(reply.text).get("relevant") for reply in replies]
        judged = list(zip(found, verdicts, strict=True))
        yes = [passage for passage, verdict in judged if verdict is True]
        unread = [passage for passage, verdict in judged if not isinstance(verdict, bool)]
        return yes + unread, replies

    async def _summed(
        self, bare: Prompt, kept: list[Passage], model: Model, seed: int, replies: list[Reply]
    ) -> list[Passage]:
        if self.show == "articles":
            return kept
        made = await self._each(bare, tuple(kept), model, SUMMARY, "summary", seed)
        replies += made
        out = []
        for passage, reply in zip(kept, made, strict=True):
            said = held(reply.text).get("summary")
            text = said.strip() if isinstance(said, str) else ""
            out.append(Passage(id=passage.id, text=text or passage.text))
        return out

    async def _each(
        self, bare: Prompt, passages: tuple[Passage, ...], model: Model, told: str, key: str, seed: int
    ) -> list[Reply]:
        gate = asyncio.Semaphore(AT_ONCE)
        schema = schema_of(**{key: "flag" if key == "relevant" else "text"})

        async def one(passage: Passage) -> Reply:
            async with gate:
                put = with_material(bare.replace(instruction=told), [passage])
                return await asked(
                    put, model, told=put.instruction, schema=schema, seed=seed, max_tokens=self.max_tokens
                )

        return await together([one(passage) for passage in passages])
