"""Training of a re-ranker as a stage: lists from a retriever's own ranks, a softmax over each list."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal, TypeVar

from osler.core.block import block, canonical, digest
from osler.core.errors import SpecError
from osler.core.types import Message, Passage, Reply
from osler.knowledge.bm25 import BM25
from osler.knowledge.dense import Dense
from osler.knowledge.passages import Index, PassageList
from osler.models.cross_encoder import CrossEncoder, PairText
from osler.models.encoder import Encoder, writes_nothing
from osler.models.minilm import Floats
from osler.models.quiet import quiet
from osler.tuning.pair_data import Matched, Matches, matched_pairs, matches_hash
from osler.tuning.pair_learner import Listed, PairLearner, cross_encoder_from
from osler.tuning.rerank_data import Sought, listed
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work, base_hash, folder_of
from osler.tuning.trainer.loop import Record, fit

T = TypeVar("T")


@block
class Reranker(Stage):
    """A cross-encoder that puts the right text of a list first (MedCPT's re-ranker, arXiv:2307.00589, section 2.3).

    data: a block with ``matches()``; None learns from the study's own cases. draw: where the wrong texts of a list come
    from: "local" from the first ``last`` that ``retriever`` finds among the texts of the data, "random" from all of them,
    "given" the rows' own wrong ones. retriever: an encoder (a trained BiEncoder, say, which is trained first where it is
    not yet); None is BM25. negatives: wrong texts of a list; lists with fewer are left out, unless they are given.
    tokenizer: for a base that is a shape. max_length: tokens of a pair. frozen_layers: the embeddings and so many first layers stay as they are.
    ``schedule.batch_rows`` counts lists.

    Trained, it scores pairs: as ``Reranked(scorer=...)``, and as a model that scores choices.
    """

    base: Any = Encoder()
    data: Any = None
    retriever: Any = None
    draw: Literal["local", "random", "given"] = "local"
    negatives: int = 31
    last: int = 100
    max_length: int = 256
    frozen_layers: int = 0
    tokenizer: Any = None
    schedule: Schedule = Schedule(batch_rows=8, learning_rate=5e-5, warm_up=0.1)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.negatives < 1 or self.last < self.negatives or self.max_length < 8 or self.frozen_layers < 0:
            raise SpecError(
                f"reranker needs a negative, last of at least as many and max_length of 8 or more, got {self.negatives}, "
                f"{self.last} and {self.max_length}"
            )
        if self.data is not None and not isinstance(self.data, Matches):
            raise SpecError("reranker.data gives no queries with texts", hint='such as { use = "public_questions" }')

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    def data_hash(self, pairs: Pairs) -> str:
        retriever = "" if self.retriever is None else base_hash(self.retriever)
        return digest(canonical([matches_hash(self._matches(pairs)), retriever]))

    def _matches(self, pairs: Pairs) -> Sequence[Matched]:
        found: Sequence[Matched] = matched_pairs(pairs) if self.data is None else self.data.matches()
        return found

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.models.local_engine import read_tokenizer

        rows = self._matches(work.pairs)
        lists = self._lists(rows, work.seed)
        if not lists:
            raise SpecError(
                f"none of {len(rows)} queries has {self.negatives} wrong texts",
                hint="set fewer negatives, or more data",
            )
        with tempfile.TemporaryDirectory() as fresh:
            folder = folder_of(work.base) or self._fresh(work, rows, Path(fresh))
            network = cross_encoder_from(folder, ("relevance",), frozen_layers=self.frozen_layers, seed=work.seed)
            tokenizer = read_tokenizer(str(folder), True, "")
        learner = PairLearner(network, tokenizer, lists, max_length=self.max_length, seed=work.seed)
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        learner.save(work.folder)
        return record, {"task": "re-ranking", "lists": len(lists), "left out": len(rows) - len(lists)}

    def _fresh(self, work: Work, rows: Sequence[Matched], folder: Path) -> Path:
        """An encoder from scratch in ``folder``."""
        from osler.tuning.networks.loaded_encoder import encoder_of

        texts = [text for one in rows for text in (one.query, one.text)]
        network, tokenizer = encoder_of(work.base, tokenizer=self.tokenizer, texts=texts, seed=work.seed)
        with quiet():
            network.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        return folder

    def _lists(self, rows: Sequence[Matched], seed: int) -> tuple[Listed, ...]:
        if self.draw == "given":
            return tuple(Listed(one.query, (one.text, *one.wrong[: self.negatives])) for one in rows if one.wrong)
        pool = tuple(Passage(id=name, text=text) for name, text in {one.id: one.text for one in rows}.items())
        sought = [Sought(one.query, Passage(id=one.id, text=one.text), one.also) for one in rows]
        index = index_of(self.retriever, pool)
        mined = listed(sought, index, negatives=self.negatives, last=self.last, draw=self.draw, pool=pool, seed=seed)
        return waited(mined)

    @property
    def cross_encoder(self) -> CrossEncoder:
        """The trained model with the length of its pairs in training."""
        return CrossEncoder(path=str(self.folder), max_length=self.max_length)

    async def scores(self, pairs: Sequence[PairText]) -> Floats:
        return await self.cross_encoder.scores(pairs)

    async def relevance(self, query: str, found: Sequence[tuple[Passage, float]]) -> Floats:
        return await self.cross_encoder.relevance(query, found)

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        return await self.cross_encoder.score(messages, choices)

    async def generate(
        self,
        messages: Sequence[Message],
        *,
        temperature: float = 0.0,
        seed: int = 0,
        max_tokens: int = 512,
        schema: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] = (),
        n: int = 1,
    ) -> Reply:
        raise writes_nothing("reranker")


def index_of(retriever: Any, passages: Sequence[Passage]) -> Index:
    """A search among ``passages`` in the space of an encoder; by words where ``retriever`` is None."""
    collection = PassageList(items=tuple(passages))
    return (
        BM25(collection=collection) if retriever is None else Dense(collection=collection, encoder=retriever, cache="")
    )


def waited(work: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine, from code that may itself run inside an event loop."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()
