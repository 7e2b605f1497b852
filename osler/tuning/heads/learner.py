"""Rows of a head as the trainer takes them: padded tokens, what is right for each, losses as sums with counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from osler.tuning.trainer.learner import Batch, Key, Learner

if TYPE_CHECKING:
    import torch

    from osler.tuning.heads.head_layers import HeadNetwork

NOTHING = -100  # a label that no loss reads


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens that are read at once. ``types``: token types, or () for zeros. ``case``: which case it is of. ``aim``: what
    is right, in the form that the head's ``Losses`` read. ``weight``: how much it counts."""

    ids: tuple[int, ...]
    types: tuple[int, ...] = ()
    case: int = 0
    aim: Any = None
    weight: float = 1.0
    spots: tuple[int, ...] = field(default=())


class Losses(Protocol):
    """The losses of a head: counts before the forward pass, sums after it, with the same names."""

    def counts(self, rows: Sequence[Row]) -> Mapping[str, float]: ...
    def sums(self, logits: Mapping[str, torch.Tensor], rows: Sequence[Row]) -> Mapping[str, torch.Tensor]: ...


class HeadLearner(Learner):
    """``look`` gives the figures on held-out cases, of which ``ahead`` names the one that decides."""

    def __init__(
        self,
        network: HeadNetwork,
        rows: Sequence[Row],
        losses: Losses,
        *,
        pad: int,
        shares: Mapping[str, float],
        look: Callable[[], Mapping[str, float]] | None = None,
        ahead: tuple[str, bool] = ("loss", False),
    ) -> None:
        super().__init__(network, [len(row.ids) for row in rows])
        self.rows, self.losses, self.pad = rows, losses, pad
        self.shares, self.look, self.ahead = shares, look, ahead

    def batch(self, rows: Sequence[int], key: Key) -> Batch:
        held = [self.rows[row] for row in rows]
        inputs = padded(held, self.pad, next(self.network.parameters()).device)
        return Batch({**inputs, "rows": held}, self.losses.counts(held), sum(len(row.ids) for row in held))

    def loss(self, batch: Batch) -> Mapping[str, torch.Tensor]:
        read = {name: batch.inputs[name] for name in ("ids", "mask", "types")}
        return self.losses.sums(self.network(**read), batch.inputs["rows"])

    def evaluate(self) -> Mapping[str, float]:
        return {} if self.look is None else self.look()


def padded(rows: Sequence[Row], pad: int, device: Any) -> dict[str, torch.Tensor]:
    """ids, mask and types, each [rows, longest]."""
    import torch

    longest = max(len(row.ids) for row in rows)
    ids = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for at, row in enumerate(rows):
        ids[at, : len(row.ids)] = torch.tensor(row.ids)
        mask[at, : len(row.ids)] = 1
        if row.types:
            types[at, : len(row.types)] = torch.tensor(row.types)
    return {"ids": ids.to(device), "mask": mask.to(device), "types": types.to(device)}


def logits_of(network: HeadNetwork, rows: Sequence[Row], pad: int, *, budget: int = 8192) -> list[dict[str, Any]]:
    """The logits of each row, NumPy float32, without padding; rows of like length are read together."""
    import torch

    out: list[dict[str, Any]] = [{} for _ in rows]
    order = sorted(range(len(rows)), key=lambda row: -len(rows[row].ids))
    device, was = next(network.parameters()).device, network.training
    network.eval()
    begin = 0
    with torch.inference_mode():
        while begin < len(order):
            stop = begin + max(1, budget // max(1, len(rows[order[begin]].ids)))
            part = order[begin:stop]
            found = network(**padded([rows[row] for row in part], pad, device))
            for at, row in enumerate(part):
                out[row] = {
                    name: (value[at, : len(rows[row].ids)] if value.ndim == 3 else value[at]).cpu().numpy()
                    for name, value in found.items()
                }
            begin = stop
    network.train(was)
    return out
