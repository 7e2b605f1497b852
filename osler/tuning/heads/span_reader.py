"""Extractive question answering: the words of the evidence that answer the question."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Reply
from osler.models.encoder import Encoder
from osler.tuning.heads.cases import Case, texts_of
from osler.tuning.heads.learner import Row
from osler.tuning.heads.losses import SpanLoss
from osler.tuning.heads.network import Loaded, Plan
from osler.tuning.heads.pairs import Piece, pieces
from osler.tuning.heads.stage import HeadStage, Logits
from osler.tuning.schedule import Schedule


@block
class SpanReader(HeadStage):
    """Learns the place of the target in the evidence (the first one, whatever its case); ``generate`` copies a span.

    Evidence that does not fit is read in windows that overlap by ``stride``; those without the answer learn to say so
    at the first token (Devlin et al. 2019, section 4.3). most: tokens of an answer. null: how much likelier than "no
    answer" a span must be to be said, in log-probability; where none is, "" is written. -inf cannot be written in
    JSON: a large negative number always answers. For the other fields see ``Classifier``.
    """

    base: Any = Encoder()
    data: Any = None
    adapter: Any = None
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=3.0, learning_rate=1e-4)
    length: int = 256
    windows: int = 16
    stride: int = 64
    most: int = 30
    null: float = -1e9
    dropout: float = 0.1
    weights: str = ""
    shelf: str = ""

    losses_ahead: ClassVar[tuple[str, bool]] = ("exact", True)

    def check(self) -> None:
        super().check()
        if self.windows < 1 or self.most < 1 or self.stride < 0:
            raise SpecError("a span_reader needs windows >= 1, most >= 1 and stride >= 0")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "train"})

    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        found = sum(_place(case) is not None for case in cases)
        if not found:
            raise DataError(
                f"none of {len(cases)} cases has its answer in its evidence",
                hint="extractive reading needs the answer's words in the evidence of the prompt",
            )
        return {"found": found, "cases": len(cases)}

    def plan(self, about: Mapping[str, Any]) -> Plan:
        return Plan(sizes={"span": 2}, reads="tokens", kinds=2, adapter=self.adapter, dropout=self.dropout)

    def losses(self, about: Mapping[str, Any]) -> SpanLoss:
        return SpanLoss()

    def _pieces(self, tokenizer: Any, question: str, evidence: str) -> list[Piece]:
        return pieces(tokenizer, question, evidence, length=self.length, windows=self.windows, stride=self.stride)

    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        out = []
        for piece in self._pieces(tokenizer, question, evidence):
            spots = (0, *(at for at, held in enumerate(piece.offsets) if at and held is not None))
            out.append(Row(piece.ids, piece.types, spots=spots))
        return out

    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        place = _place(case)
        found = self._pieces(tokenizer, case.question, case.evidence)
        return [dataclasses.replace(row, aim=_tokens(piece, place)) for row, piece in zip(rows, found, strict=True)]

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        right = sum(
            self._best(rows, case.question, case.evidence, loaded.tokenizer).casefold() == case.target.casefold()
            for case, rows in zip(cases, answers, strict=True)
        )
        return {"exact": right / max(1, len(cases))}

    def _best(self, rows: Sequence[Logits], question: str, evidence: str, tokenizer: Any) -> str:
        """The likeliest span over all windows, by how much it beats "no answer" in its own."""
        best, said = -np.inf, ""
        for piece, row in zip(self._pieces(tokenizer, question, evidence), rows, strict=True):
            spots = [at for at, held in enumerate(piece.offsets) if at and held is not None]
            if not spots:
                continue
            begin, end = row["span"][spots, 0], row["span"][spots, 1]
            sums = begin[:, None] + end[None, :]
            width = np.arange(len(spots))[None, :] - np.arange(len(spots))[:, None]
            sums = np.where((width >= 0) & (width < self.most), sums, -np.inf)
            first, last = np.unravel_index(int(sums.argmax()), sums.shape)
            over = float(sums[first, last] - row["span"][0].sum())
            if over > best:
                opened, closed = piece.offsets[spots[first]], piece.offsets[spots[last]]
                assert opened is not None
                assert closed is not None
                best, said = over, (evidence or question)[opened[0] : closed[1]]
        return said if best >= self.null else ""

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
        """The words of the evidence that answer the question, or "". Temperature, seed and max_tokens change nothing."""
        rows, loaded, tokens, seconds = await self._read(messages)
        _, question, evidence = texts_of(messages)
        written = self._best(rows, question, evidence, loaded.tokenizer).strip()
        return Reply(text=written, texts=(written,) * n, tokens_in=tokens, latency_s=seconds, model="span_reader")


def _place(case: Case) -> tuple[int, int] | None:
    """Where the answer stands in the evidence."""
    wanted = case.target.strip()
    at = case.evidence.casefold().find(wanted.casefold()) if wanted else -1
    same = at >= 0 and case.evidence[at : at + len(wanted)].casefold() == wanted.casefold()
    return (at, at + len(wanted)) if same else None


def _tokens(piece: Piece, place: tuple[int, int] | None) -> tuple[int, int]:
    """First and last token of ``place``; (0, 0) where it does not stand wholly in the row."""
    if place is None:
        return (0, 0)
    inside = [at for at, held in enumerate(piece.offsets) if held and held[0] < place[1] and held[1] > place[0]]
    held = [piece.offsets[at] for at in inside]
    whole = bool(held) and held[0] is not None and held[-1] is not None
    if not whole or held[0][0] > place[0] or held[-1][1] < place[1]:  # type: ignore[index]
        return (0, 0)
    return (inside[0], inside[-1])
