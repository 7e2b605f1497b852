"""The network of a task head: a body that reads tokens, what is read of it, and one linear layer for each answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import torch

Reads = Literal["mean", "first", "last", "tokens"]


class HeadNetwork(torch.nn.Module):  # type: ignore[misc]
    """``body``: gives last hidden states [rows, length, width], also with virtual tokens in front of them.

    reads: the mean over the tokens, the first, the last one that is no padding (decoders), or each token by itself.
    sizes: number of outputs of each head. Logits are float32: [rows, outputs], of tokens [rows, length, outputs].
    """

    def __init__(self, body: Any, sizes: Mapping[str, int], *, reads: Reads, dropout: float, typed: bool) -> None:
        super().__init__()
        self.body, self.reads, self.typed = body, reads, typed
        width = body.config.hidden_size
        self.dropout = torch.nn.Dropout(dropout)
        self.heads = torch.nn.ModuleDict({name: torch.nn.Linear(width, size) for name, size in sizes.items()})
        for head in self.heads.values():
            torch.nn.init.normal_(head.weight, std=0.02)
            torch.nn.init.zeros_(head.bias)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> dict[str, torch.Tensor]:
        more = {"token_type_ids": types} if self.typed else {}
        hidden = self.body(input_ids=ids, attention_mask=mask, **more).last_hidden_state[:, -ids.shape[1] :]
        held = self.dropout(self._read(hidden, mask))
        return {name: head(held).float() for name, head in self.heads.items()}

    def _read(self, hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        if self.reads == "tokens":
            return hidden
        if self.reads == "first":
            return hidden[:, 0]
        if self.reads == "last":
            last = (mask * torch.arange(mask.shape[1], device=mask.device)).argmax(dim=1)
            return hidden[torch.arange(len(hidden), device=hidden.device), last]
        share = mask[:, :, None].to(hidden.dtype)
        return (hidden * share).sum(dim=1) / share.sum(dim=1)
