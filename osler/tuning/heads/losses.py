"""The losses of the heads, as sums: of one label or several of its parts, of labels side by side, of tags, spans, values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from osler.tuning.heads.learner import NOTHING, Row

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class LabelLoss:
    """Cross-entropy of each part of a label. A row's aim is {part: numbers of the classes that are right}: of several
    the sum of their probabilities is what should be 1. smoothing: share of the aim that is spread over all classes."""

    parts: tuple[str, ...]
    smoothing: float = 0.0

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return dict.fromkeys(self.parts, sum(row.weight for row in rows))

    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]:
        import torch

        out = {}
        for part in self.parts:
            shares = torch.log_softmax(logits[part], dim=-1)
            right = torch.full_like(shares, float("-inf"))
            for at, row in enumerate(rows):
                right[at, list(row.aim[part])] = 0.0
            each = -torch.logsumexp(shares + right, dim=-1)
            if self.smoothing:
                each = (1 - self.smoothing) * each - self.smoothing * shares.mean(dim=-1)
            out[part] = (each * _weights(rows, each)).sum()
        return out


@dataclass(frozen=True, slots=True)
class SetLoss:
    """Binary cross-entropy of each label by itself. A row's aim: numbers of the labels that hold. The loss of a row is
    the mean over labels, so that many labels weigh no more than few."""

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return {"labels": sum(row.weight for row in rows)}

    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]:
        import torch

        aims = torch.zeros_like(logits["labels"])
        for at, row in enumerate(rows):
            aims[at, list(row.aim)] = 1.0
        each = torch.nn.functional.binary_cross_entropy_with_logits(logits["labels"], aims, reduction="none")
        return {"labels": (each.mean(dim=-1) * _weights(rows, each)).sum()}


@dataclass(frozen=True, slots=True)
class TagLoss:
    """Cross-entropy of the tag of each word, read at its first token. A row's aim: the tags of ``spots``."""

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return {"tags": float(sum(len(row.spots) for row in rows))}

    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]:
        import torch

        found = logits["tags"]
        aims = torch.full(found.shape[:2], NOTHING, dtype=torch.long)
        for at, row in enumerate(rows):
            aims[at, list(row.spots)] = torch.tensor(row.aim, dtype=torch.long)
        flat = torch.nn.functional.cross_entropy(
            found.flatten(0, 1), aims.flatten().to(found.device), ignore_index=NOTHING, reduction="sum"
        )
        return {"tags": flat}


@dataclass(frozen=True, slots=True)
class SpanLoss:
    """Cross-entropy of the first and of the last token of the answer (Devlin et al. 2019, section 4.2). A row's aim:
    (first, last); ``spots`` are the tokens that may be chosen, the one that says "no answer here" in front."""

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return {"span": 2.0 * sum(row.weight for row in rows)}

    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]:
        import torch

        found = logits["span"]
        barred = torch.full(found.shape[:2], float("-inf"), device=found.device)
        for at, row in enumerate(rows):
            barred[at, list(row.spots)] = 0.0
        aims = torch.tensor([row.aim for row in rows], device=found.device)
        each = sum(
            torch.nn.functional.cross_entropy(found[:, :, end] + barred, aims[:, end], reduction="none")
            for end in (0, 1)
        )
        assert isinstance(each, torch.Tensor)
        return {"span": (each * _weights(rows, each)).sum()}


@dataclass(frozen=True, slots=True)
class ValueLoss:
    """Squared error of a value in standard deviations. A row's aim: the value."""

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]:
        return {"value": sum(row.weight for row in rows)}

    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]:
        import torch

        found = logits["value"][:, 0]
        aims = torch.tensor([row.aim for row in rows], dtype=torch.float32, device=found.device)
        each = (found - aims) ** 2
        return {"value": (each * _weights(rows, each)).sum()}


def _weights(rows: Sequence[Row], like: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.tensor([row.weight for row in rows], dtype=torch.float32, device=like.device)
