"""Several labels at once for a question with its evidence: one yes or no for each label (codes of a letter)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from osler.core.block import block
from osler.core.errors import SpecError
from osler.core.types import Message, Reply
from osler.models.encoder import Encoder
from osler.tuning.heads.answers import names_in, names_json
from osler.tuning.heads.cases import Case
from osler.tuning.heads.learner import Row
from osler.tuning.heads.losses import SetLoss
from osler.tuning.heads.network import Loaded, Plan
from osler.tuning.heads.pairs import pieces
from osler.tuning.heads.stage import HeadStage, Logits
from osler.tuning.schedule import Schedule


@block
class MultiLabel(HeadStage):
    """Learns from targets that are JSON lists of names, and answers in the form of the task's schema.

    threshold: probability from which a label is said; of the windows of a long text the highest counts, as one place
    is enough to bear a code. least: so many labels are said at any rate. For the other fields see ``Classifier``.
    """

    base: Any = Encoder()
    data: Any = None
    adapter: Any = None
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=5.0, learning_rate=2e-4)
    length: int = 256
    windows: int = 1
    stride: int = 32
    reads: Literal["", "mean", "first", "last"] = ""
    threshold: float = 0.5
    least: int = 0
    dropout: float = 0.1
    weights: str = ""
    shelf: str = ""

    losses_ahead: ClassVar[tuple[str, bool]] = ("f1", True)

    def check(self) -> None:
        super().check()
        if not 0 < self.threshold < 1 or self.windows < 1 or self.least < 0:
            raise SpecError("a multi_label needs a threshold between 0 and 1, windows >= 1 and least >= 0")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "score", "schema", "train"})

    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        return {"labels": sorted({name for case in cases for name in names_in(case)})}

    def plan(self, about: Mapping[str, Any]) -> Plan:
        sizes = {"labels": max(1, len(about["labels"]))}
        return Plan(sizes=sizes, reads=self.reads, kinds=2, adapter=self.adapter, dropout=self.dropout)

    def losses(self, about: Mapping[str, Any]) -> SetLoss:
        return SetLoss()

    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        found = pieces(tokenizer, question, evidence, length=self.length, windows=self.windows, stride=self.stride)
        return [Row(piece.ids, piece.types, weight=1 / len(found)) for piece in found]

    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        places = {name: place for place, name in enumerate(about["labels"])}
        aim = tuple(places[name] for name in names_in(case) if name in places)
        return [dataclasses.replace(row, aim=aim) for row in rows]

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        right = said = gold = 0
        for case, rows in zip(cases, answers, strict=True):
            found, wanted = set(self._said(rows, loaded.about)), set(names_in(case))
            right, said, gold = right + len(found & wanted), said + len(found), gold + len(wanted)
        return {"f1": 2 * right / max(1, said + gold)}

    def _said(self, rows: Sequence[Logits], about: Mapping[str, Any]) -> list[str]:
        """Labels at or above the threshold, likeliest first."""
        shares = _shares(rows)
        order = np.argsort(-shares, kind="stable")
        kept = [place for at, place in enumerate(order) if shares[place] >= self.threshold or at < self.least]
        return [about["labels"][place] for place in kept if place < len(about["labels"])]

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
        """The labels as JSON, likeliest first. Temperature, seed and max_tokens change nothing."""
        rows, loaded, tokens, seconds = await self._read(messages)
        written = names_json(self._said(rows, loaded.about), schema)
        return Reply(text=written, texts=(written,) * n, tokens_in=tokens, latency_s=seconds, model="multi_label")

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """The log-probability of each choice by itself: they do not add up to one. Unknown ones get about 1e-6."""
        from osler.models.asked import read_asked
        from osler.models.encoder import need_choices, scored

        need_choices(choices, "multi_label")
        rows, loaded, tokens, seconds = await self._read(messages)
        found = dict(zip(loaded.about["labels"], _shares(rows).tolist(), strict=False))
        asked = read_asked(messages)
        values = np.log([max(found.get(asked.meaning(choice), 0.0), 1e-6) for choice in choices])
        return scored(choices, values, tokens_in=tokens, latency_s=seconds, model="multi_label")


def _shares(rows: Sequence[Logits]) -> Any:
    """The probability of each label, the highest over the rows."""
    return np.max([1 / (1 + np.exp(-row["labels"].astype(np.float64))) for row in rows], axis=0)
