"""Mentions in a text by tags of its words (BIO), read over the whole document in overlapping windows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Reply
from osler.models.asked import read_asked
from osler.models.encoder import Encoder
from osler.tuning.heads.answers import spans_in, spans_json
from osler.tuning.heads.cases import Case
from osler.tuning.heads.learner import Row
from osler.tuning.heads.losses import TagLoss
from osler.tuning.heads.network import Loaded, Plan
from osler.tuning.heads.stage import HeadStage, Logits
from osler.tuning.heads.words import SHAPES, Span, best_path, labels_of, read, spans_of, tags
from osler.tuning.schedule import Schedule


@block
class Tagger(HeadStage):
    """Learns from targets ``{"entities": [{"start", "end", "text", "type"}]}`` and answers in the same form.

    The text is the prompt's question. A word's tag is read at its first token, and a text's tags are the likeliest
    valid sequence (Viterbi), so an I never follows an O. Places are exact characters of the text.

    length, stride: tokens of a window and how many two of them share; a word that stands in two is read where it is
    further from the cut. shapes: tell the network how each word is spelled (capitals, digits), as token types: an
    uncased vocabulary cannot see that "AIDS" is no verb. For the other fields see ``Classifier``.
    """

    base: Any = Encoder()
    data: Any = None
    adapter: Any = None
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=8.0, batch_tokens=2048, learning_rate=3e-4, warm_up=0.1)
    length: int = 320
    stride: int = 64
    shapes: bool = True
    dropout: float = 0.1
    weights: str = ""
    shelf: str = ""

    losses_ahead: ClassVar[tuple[str, bool]] = ("entity_f1", True)

    def check(self) -> None:
        super().check()
        if not 0 <= self.stride < self.length - 2:
            raise SpecError(f"tagger.stride must be from 0 to below the length, got {self.stride}", hint="stride = 64")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "schema", "train"})

    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        return {"types": sorted({span.type for case in cases for span in spans_in(case)})}

    def plan(self, about: Mapping[str, Any]) -> Plan:
        return Plan(
            sizes={"tags": len(tags(about["types"]))},
            reads="tokens",
            kinds=SHAPES if self.shapes else 1,
            adapter=self.adapter,
            dropout=self.dropout,
        )

    def losses(self, about: Mapping[str, Any]) -> TagLoss:
        return TagLoss()

    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        found = read(question, tokenizer, length=self.length, stride=self.stride)
        return [Row(window.ids, window.shapes if self.shapes else (), spots=window.first) for window in found.windows]

    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        found = read(case.question, tokenizer, length=self.length, stride=self.stride)
        labels = labels_of(found.places, spans_in(case), about["types"])
        return [
            dataclasses.replace(row, aim=tuple(labels[word] for word in window.words))
            for row, window in zip(rows, found.windows, strict=True)
        ]

    def knows(self, case: Case, about: Mapping[str, Any]) -> bool:
        return all(span.type in about["types"] for span in spans_in(case))

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        right = said = gold = 0
        for case, rows in zip(cases, answers, strict=True):
            found, wanted = set(self.marked(case.question, rows, loaded)), set(spans_in(case))
            right, said, gold = right + len(found & wanted), said + len(found), gold + len(wanted)
        return {"entity_f1": 2 * right / max(1, said + gold)}

    def marked(self, text: str, rows: Sequence[Logits], loaded: Loaded) -> list[Span]:
        """The spans of ``text`` by the logits of its windows."""
        types = loaded.about["types"]
        found = read(text, loaded.tokenizer, length=self.length, stride=self.stride)
        scores = np.zeros((len(found.places), len(tags(types))), np.float32)
        best = np.full(len(found.places), -1)
        for window, row in zip(found.windows, rows, strict=True):
            for spot, word, edge in zip(window.first, window.words, window.edge, strict=True):
                if edge > best[word] and spot < len(row["tags"]):
                    best[word], scores[word] = edge, row["tags"][spot]
        return spans_of(found.places, best_path(scores), types)

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
        """The mentions of the question as JSON. Temperature, seed and max_tokens change nothing."""
        rows, loaded, tokens, seconds = await self._read(messages)
        text = read_asked(messages).question
        written = spans_json(text, self.marked(text, rows, loaded), schema)
        return Reply(text=written, texts=(written,) * n, tokens_in=tokens, latency_s=seconds, model="tagger")
