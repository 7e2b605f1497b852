"""Two encoders, or one for both sides, as one network that gives a vector for each text."""

from __future__ import annotations

from typing import Any, Literal

import torch
from torch import nn

Side = Literal["query", "text"]


class TwoEncoders(nn.Module):  # type: ignore[misc]
    """``text`` None: one encoder for both sides. Poolers of the encoders stay as they are: nothing reads them."""

    def __init__(self, query: Any, text: Any = None, pooling: Literal["mean", "cls"] = "mean") -> None:
        super().__init__()
        self.query = query
        self.text = text
        self.pooling = pooling
        for network in (query, text):
            if getattr(network, "pooler", None) is not None:
                network.pooler.requires_grad_(requires_grad=False)

    def forward(self, side: Side, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Vectors ``[n, width]`` of ``ids [n, tokens]``, in float32 and of any length."""
        network = self.query if side == "query" or self.text is None else self.text
        hidden: torch.Tensor = network(input_ids=ids, attention_mask=mask).last_hidden_state.float()
        if self.pooling == "cls":
            return hidden[:, 0]
        weight = mask[..., None].float()
        return (hidden * weight).sum(1) / weight.sum(1).clamp_min(1)
