"""The classifier as a plain Trainer reads it: the network that Osler trains, with its loss inside. Imported when needed."""

from __future__ import annotations

import torch

from osler.tuning.heads.head_layers import HeadNetwork


class Labelled(torch.nn.Module):  # type: ignore[misc]
    """``network`` has one head, "label"; the loss is the mean cross-entropy of the rows."""

    def __init__(self, network: HeadNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, labels: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        logits = self.network(input_ids, attention_mask, torch.zeros_like(input_ids))["label"]
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}
