"""One label for a question with its evidence: sequence classification on an encoder, or on a decoder's last token."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from osler.core.block import block
from osler.core.errors import DataError, ModelError, SpecError
from osler.core.types import Message, Reply
from osler.models.encoder import Encoder, log_softmax, need_choices, scored, writes_nothing
from osler.tuning.heads.cases import Case
from osler.tuning.heads.learner import Row
from osler.tuning.heads.losses import LabelLoss
from osler.tuning.heads.network import Loaded, Plan
from osler.tuning.heads.pairs import pieces
from osler.tuning.heads.stage import HeadStage, Logits
from osler.tuning.schedule import Schedule

_UNSEEN = -13.8  # log-odds of a label that training never met: about one in a million
_JOIN = " | "


@block
class Classifier(HeadStage):
    """Learns to tell labels apart; ``score`` gives the log-probability of each choice.

    base: Encoder() (MiniLM), a Local, a stage, or a shape with a ``tokenizer`` block. data: a task or a source, None
    for the study's training cases. adapter: a block of tuning.peft, None trains all weights. reads: which hidden state
    the label is read from, "" is the mean of an encoder's tokens and the last token of a decoder. length: tokens of a
    row; what does not fit is read in up to ``windows`` rows that overlap by ``stride``, whose log-probabilities are
    averaged. balanced: every label counts the same in the loss. smoothing: share of the aim spread over all labels.
    words: new words of the vocabulary (CPLLM adds the descriptions of codes). dropout: before the head.

    table: "part | part" -> label, where a label is put together from parts that are learnt by a head each, as
    DRG-LLaMA does (Wang et al. 2024); ``shares`` are the weights of the parts' losses. A label that several
    rows of the table give takes the sum of their probabilities.
    """

    base: Any = Encoder()
    data: Any = None
    adapter: Any = None
    tokenizer: Any = None
    schedule: Schedule = Schedule(epochs=3.0, learning_rate=1e-4)
    length: int = 256
    windows: int = 1
    stride: int = 32
    reads: Literal["", "mean", "first", "last"] = ""
    balanced: bool = False
    smoothing: float = 0.0
    dropout: float = 0.1
    words: tuple[str, ...] = ()
    table: Mapping[str, str] = {}
    shares: tuple[float, ...] = ()
    weights: str = ""
    shelf: str = ""

    losses_ahead: ClassVar[tuple[str, bool]] = ("accuracy", True)

    def check(self) -> None:
        super().check()
        if self.windows < 1 or self.stride < 0 or not 0 <= self.smoothing < 1:
            raise SpecError("a classifier needs windows >= 1, stride >= 0 and smoothing from 0 to below 1")
        counts = {len(key.split(_JOIN)) for key in self.table}
        if len(counts) > 1 or (self.shares and counts and counts != {len(self.shares)}):
            raise SpecError(
                "the keys of classifier.table and its shares must name the same number of parts",
                hint='table = {"sepsis | MCC" = "871"}, shares = [1.0, 0.5]',
            )

    @property
    def supports(self) -> frozenset[str]:
        return frozenset({"score", "train"})

    def learnt(self, cases: Sequence[Case]) -> dict[str, Any]:
        labels = sorted({case.target for case in cases}.union(*(case.choices for case in cases)))
        if not self.table:
            combinations = {label: [[at]] for at, label in enumerate(labels)}
            return {
                "labels": labels,
                "classes": [labels],
                "combinations": combinations,
                **self._weights(cases, labels),
            }
        known = set(self.table.values())
        strange = next((case for case in cases if case.target not in known), None)
        if strange is not None:
            raise DataError(
                f"the case {strange.id!r} has a label that the classifier's table does not give",
                hint="add its parts to the table",
            )
        split = {key: key.split(_JOIN) for key in self.table}
        width = len(next(iter(split.values())))
        classes = [sorted({parts[place] for parts in split.values()}) for place in range(width)]
        combined: dict[str, list[list[int]]] = {}
        for key, label in self.table.items():
            combined.setdefault(label, []).append([classes[place].index(part) for place, part in enumerate(split[key])])
        return {
            "labels": sorted(known),
            "classes": classes,
            "combinations": combined,
            **self._weights(cases, sorted(known)),
        }

    def _weights(self, cases: Sequence[Case], labels: Sequence[str]) -> dict[str, Any]:
        if not self.balanced:
            return {"weight": {}}
        counts = Counter(case.target for case in cases)
        return {"weight": {label: len(cases) / len(counts) / counts[label] for label in labels if counts[label]}}

    def plan(self, about: Mapping[str, Any]) -> Plan:
        return Plan(
            sizes={f"part{place}": len(classes) for place, classes in enumerate(about["classes"])},
            reads=self.reads,
            kinds=2,
            words=self.words,
            adapter=self.adapter,
            dropout=self.dropout,
        )

    def losses(self, about: Mapping[str, Any]) -> LabelLoss:
        return LabelLoss(tuple(f"part{place}" for place in range(len(about["classes"]))), self.smoothing)

    def part_shares(self) -> Mapping[str, float]:
        return {f"part{place}": share for place, share in enumerate(self.shares)}

    def rows(self, tokenizer: Any, question: str, evidence: str) -> list[Row]:
        found = pieces(tokenizer, question, evidence, length=self.length, windows=self.windows, stride=self.stride)
        return [Row(piece.ids, piece.types, weight=1 / len(found)) for piece in found]

    def aims(self, rows: Sequence[Row], tokenizer: Any, case: Case, about: Mapping[str, Any]) -> list[Row]:
        import dataclasses

        combined = about["combinations"][case.target]
        aim = {f"part{place}": sorted({parts[place] for parts in combined}) for place in range(len(about["classes"]))}
        weight = float(about["weight"].get(case.target, 1.0))
        return [dataclasses.replace(row, aim=aim, weight=row.weight * weight) for row in rows]

    def knows(self, case: Case, about: Mapping[str, Any]) -> bool:
        return case.target in about["combinations"]

    def figures(
        self, cases: Sequence[Case], answers: Sequence[Sequence[Logits]], loaded: Loaded
    ) -> Mapping[str, float]:
        labels, right = loaded.about["labels"], 0
        for case, rows in zip(cases, answers, strict=True):
            found = label_shares(rows, loaded.about)
            allowed = [label for label in labels if not case.choices or label in case.choices]
            right += max(allowed, key=lambda label: found[label]) == case.target
        return {"accuracy": right / max(1, len(cases))}

    async def score(self, messages: Sequence[Message], choices: Sequence[str]) -> Reply:
        """Log-probabilities over ``choices`` only. A choice that training never met gets about one in a million."""
        from osler.models.asked import read_asked

        need_choices(choices, "classifier")
        rows, loaded, tokens, seconds = await self._read(messages)
        asked = read_asked(messages)
        found = label_shares(rows, loaded.about)
        known = [found.get(asked.meaning(choice)) for choice in choices]
        top = max((value for value in known if value is not None), default=None)
        if top is None:
            raise ModelError(
                f"the classifier was trained on other labels: none of its {len(found)} is among the {len(choices)} choices",
                hint="train it on the labels of this task",
                kind="labels",
            )
        values = log_softmax([top + _UNSEEN if value is None else value for value in known])
        return scored(choices, values, tokens_in=tokens, latency_s=seconds, model="classifier")

    async def generate(self, messages: Sequence[Message], **_: Any) -> Reply:
        raise writes_nothing("classifier")


def label_shares(rows: Sequence[Logits], about: Mapping[str, Any]) -> dict[str, float]:
    """The log-probability of each label: parts added up, rows (windows) averaged."""
    parts = []
    for place in range(len(about["classes"])):
        each = [log_softmax(row[f"part{place}"]) for row in rows]
        parts.append(np.mean(each, axis=0))
    out = {}
    for label, combined in about["combinations"].items():
        values = [sum(float(parts[place][at]) for place, at in enumerate(one)) for one in combined]
        top = max(values)
        out[label] = top + math.log(sum(math.exp(value - top) for value in values))
    return out
