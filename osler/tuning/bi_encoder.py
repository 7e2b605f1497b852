"""Contrastive training of retrievers: one encoder for queries and texts, or one for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from osler.core.block import block, canonical, digest
from osler.core.errors import SpecError
from osler.models.embedding import Embedded
from osler.models.encoder import Encoder
from osler.models.minilm import Floats
from osler.models.sentence_encoder import SentenceEncoder
from osler.tuning.objectives.contrastive import InfoNCE
from osler.tuning.pair_data import Matched, Matches, matched_pairs, matches_hash
from osler.tuning.schedule import Schedule
from osler.tuning.stage import Pairs, Stage, Work, base_hash
from osler.tuning.trainer.loop import Record, fit


@block
class BiEncoder(Stage):
    """A retriever (Karpukhin et al. 2020, arXiv:2004.04906; MedCPT, Jin et al. 2023, arXiv:2307.00589).

    base: of the queries' encoder, and of both where ``article_base`` is None: then they share all weights. data: a block
    with ``matches()``; None learns from the study's own cases. held_out: the same, for looks at the loss. pooling: of
    tokens to a vector. query_tokens and text_tokens: longer ones are cut. tokenizer: for a base that is a shape.
    ``schedule.batch_rows``: queries of a step, each with the others' texts as negatives. ``schedule.micro_tokens`` above
    0 turns on the gradient cache: large batches in the memory of small ones, for a second forward pass.

    Trained, it embeds as it was trained: ``Dense(encoder=trained)`` searches with the queries' encoder among texts in the
    texts' one. ``encoder`` and ``query_encoder`` are the two as SentenceEncoder over their folders.
    """

    base: Any = Encoder()
    article_base: Any = None
    data: Any = None
    objective: InfoNCE = InfoNCE()
    pooling: Literal["mean", "cls"] = "mean"
    query_tokens: int = 64
    text_tokens: int = 256
    tokenizer: Any = None
    held_out: Any = None
    schedule: Schedule = Schedule(batch_rows=32, learning_rate=2e-5)
    weights: str = ""
    shelf: str = ""

    def check(self) -> None:
        if self.schedule.batch_rows < 2:
            raise SpecError(
                "bi_encoder learns from the other rows of a batch", hint="set schedule.batch_rows, such as 32"
            )
        if min(self.query_tokens, self.text_tokens) < 3:
            raise SpecError("bi_encoder.query_tokens and text_tokens must be 3 or more")
        for name in ("data", "held_out"):
            if getattr(self, name) is not None and not isinstance(getattr(self, name), Matches):
                raise SpecError(
                    f"bi_encoder.{name} gives no queries with texts", hint='such as { use = "public_questions" }'
                )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    def data_hash(self, pairs: Pairs) -> str:
        own = [matches_hash(self._matches(pairs)), base_hash(self.article_base) if self.article_base else ""]
        return digest(canonical([*own, matches_hash(self.held_out.matches()) if self.held_out else ""]))

    def _matches(self, pairs: Pairs) -> Sequence[Matched]:
        found: Sequence[Matched] = matched_pairs(pairs) if self.data is None else self.data.matches()
        return found

    def build(self, work: Work) -> tuple[Record, Mapping[str, Any]]:
        from osler.tuning.bi_encoder_layers import TwoEncoders
        from osler.tuning.bi_encoder_learner import BiEncoderLearner
        from osler.tuning.networks.loaded_encoder import encoder_of

        rows = self._matches(work.pairs)
        texts = [text for one in rows for text in (one.query, one.text)]
        query, tokenizer = encoder_of(work.base, tokenizer=self.tokenizer, texts=texts, seed=work.seed)
        article = None
        if self.article_base is not None:
            article, other = encoder_of(self.article_base, tokenizer=self.tokenizer, texts=texts, seed=work.seed + 1)
            if other.get_vocab() != tokenizer.get_vocab():
                raise SpecError(
                    "the two bases of a bi_encoder have different tokenizers", hint="use bases of one family"
                )
        learner = BiEncoderLearner(
            TwoEncoders(query, article, self.pooling),
            tokenizer,
            rows,
            self.objective,
            query_tokens=self.query_tokens,
            text_tokens=self.text_tokens,
            micro_tokens=self.schedule.micro_tokens,
            held_out=self.held_out.matches() if self.held_out else (),
        )
        record = fit(learner, self.schedule, seed=work.seed, state=work.state, identity=work.identity, tell=work.tell)
        learner.save(work.folder)
        about = {
            "task": "retrieval",
            "rows": len(rows),
            "texts": len({one.id for one in rows}),
            "encoders": 1 if article is None else 2,
        }
        return record, about

    @property
    def encoder(self) -> SentenceEncoder:
        """The trained encoder of texts."""
        return SentenceEncoder(path=str(self.folder))

    @property
    def query_encoder(self) -> SentenceEncoder:
        """The trained encoder of queries; where both share their weights, the same."""
        return SentenceEncoder(path=str(self.folder / "query")) if self.article_base is not None else self.encoder

    @property
    def space(self) -> str:
        """The space of the vectors of texts (see ``embedding.space_of``)."""
        return self.encoder.space

    async def embed(self, texts: Sequence[str]) -> Floats:
        return await self.encoder.embed(texts)

    async def embedded(self, texts: Sequence[str]) -> Embedded:
        return await self.encoder.embedded(texts)

    async def embedded_queries(self, texts: Sequence[str]) -> Embedded:
        return await self.query_encoder.embedded_queries(texts)

    def forget(self, texts: Sequence[str]) -> None:
        self.encoder.forget(texts)
