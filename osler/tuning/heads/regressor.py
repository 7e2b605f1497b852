"""A number for a question with its evidence, such as how alike two sentences are (STS)."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from osler.core.block import block
from osler.core.errors import DataError, SpecError
from osler.core.types import Message, Reply
from osler.models.encoder import Encoder
from osler.tuning.heads.cases import Case
from osler.tuning.heads.learner import Row
from osler.tuning.heads.losses import ValueLoss
from osler.tuning.heads.network import Loaded, Plan
from osler.tuning.heads.pairs import pieces
from osler.tuning.heads.stage import HeadStage, Logits
from osler.tuning.schedule import Schedule


@block
class Regressor(HeadStage):
    """Learns from targets that are numbers; ``generate`` writes a number, never beyond those of the training cases.

    digits: after the point. For the other fields see ``Classifier``.
    """

    base: Any = Encoder()
    data: Any = None
    adapter: Any = None
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=5.0, learning_rate=1e-4)
    length: int = 256
    windows: int = 1
    stride: int = 32
    reads: Literal["", "mean", "first", "last"] = ""
    dropout: float = 0.0
    digits: int = 3
    weights: str = ""
    shelf: str = ""

    losses_ahead: ClassVar[tuple[str, bool]] = ("loss", False)

    def check(self) -> None:
        super().check()
        if self.windows < 1 or self.digits < 0:
            raise SpecError("a regressor needs windows >= 1 and digits >= 0")

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"generate", "train"})

    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        values = [_number(case) for case in cases]
        spread = statistics.pstdev(values)
        return {"mean": statistics.fmean(values), "spread": spread or 1.0, "low": min(values), "high": max(values)}

    def plan(self, about: Mapping[str, Any]) -> Plan:
        return Plan(sizes={"value": 1}, reads=self.reads, kinds=2, adapter=self.adapter, dropout=self.dropout)

    def losses(self, about: Mapping[str, Any]) -> ValueLoss:
        return ValueLoss()

    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        found = pieces(tokenizer, question, evidence, length=self.length, windows=self.windows, stride=self.stride)
        return [Row(piece.ids, piece.types, weight=1 / len(found)) for piece in found]

    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        value = (_number(case) - about["mean"]) / about["spread"]
        return [dataclasses.replace(row, aim=value) for row in rows]

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        errors = [(_value(rows, loaded.about) - _number(case)) ** 2 for case, rows in zip(cases, answers, strict=True)]
        return {"rmse": math.sqrt(statistics.fmean(errors))} if errors else {}

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
        """The number as text. Temperature, seed and max_tokens change nothing."""
        rows, loaded, tokens, seconds = await self._read(messages)
        written = f"{_value(rows, loaded.about):.{self.digits}f}"
        return Reply(text=written, texts=(written,) * n, tokens_in=tokens, latency_s=seconds, model="regressor")


def _number(case: Case) -> float:
    try:
        value = float(case.target)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataError(f"the target of {case.id!r} is no number", hint="give numbers such as 3.5")
    return value


def _value(rows: Sequence[Logits], about: Mapping[str, Any]) -> float:
    """The mean over the rows (windows) of a case, in the unit of the targets and within their range."""
    read = statistics.fmean(float(row["value"][0]) for row in rows) * about["spread"] + about["mean"]
    return float(min(max(read, about["low"]), about["high"]))
