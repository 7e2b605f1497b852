"""The torch modules of adapters: bottlenecks, soft prompts, prefixes. Imported only when a network is used."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from osler.models.adapter_quantised_layers import Quantised

__all__ = ["Bottleneck", "Prefix", "PrefixTrunk", "Quantised", "SoftPrompt"]


class Bottleneck(nn.Module):  # type: ignore[misc]
    """A linear layer with an adapter behind it: y + up(act(down(y))), up starting at zero (Houlsby et al. 2019, 2.1)."""

    def __init__(self, base: nn.Module, width: int, activation: str) -> None:
        super().__init__()
        from transformers.activations import ACT2FN

        weight: Any = base.weight
        size = int(weight.shape[0] if isinstance(base, nn.Linear) else weight.shape[1])
        self.base = base
        self.down = nn.Linear(size, width, device=weight.device)
        self.up = nn.Linear(width, size, device=weight.device)
        self.act = ACT2FN[activation]
        nn.init.normal_(self.down.weight, std=0.02)
        nn.init.zeros_(self.down.bias)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, *given: Any) -> torch.Tensor:
        found: torch.Tensor = self.base(*given)
        small = self.act(self.down(found.to(self.down.weight.dtype)))
        return found + self.up(small).to(found.dtype)


class SoftPrompt(nn.Module):  # type: ignore[misc]
    """``length`` learnt vectors before the tokens, ``[length, width]``; with ``inner`` they come out of an MLP."""

    def __init__(self, length: int, width: int, *, inner: int, spread: float, device: torch.device) -> None:
        super().__init__()
        self.length = length
        self.ahead = 0  # vectors in front in the forward pass under way
        self.values = nn.Parameter(torch.empty(length, width, device=device).uniform_(-spread, spread))
        self.mlp = (
            nn.Sequential(
                nn.Linear(width, inner, device=device),
                nn.ReLU(),
                nn.Linear(inner, inner, device=device),
                nn.ReLU(),
                nn.Linear(inner, width, device=device),
            )
            if inner
            else None
        )

    def fill(self, values: torch.Tensor) -> None:
        self.values.copy_(values.to(self.values))

    def forward(self) -> torch.Tensor:
        return self.values if self.mlp is None else self.values + self.mlp(self.values)


class PrefixTrunk(nn.Module):  # type: ignore[misc]
    """The part of a prefix's MLP that all layers share: ``[length, width]`` to ``[length, inner]``."""

    def __init__(self, length: int, width: int, inner: int, device: torch.device) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.empty(length, width, device=device).normal_())
        self.first = nn.Linear(width, inner, device=device)

    def forward(self) -> torch.Tensor:
        return torch.tanh(self.first(self.values))


class Prefix(nn.Module):  # type: ignore[misc]
    """Learnt keys and values of one attention layer, ``[heads, length, head width]`` each (Li & Liang 2021, 4.3)."""

    def __init__(self, heads: int, length: int, size: int, trunk: PrefixTrunk | None, device: torch.device) -> None:
        super().__init__()
        self.shape = (length, 2, heads, size)
        self._trunk = [trunk]  # in a list: its weights belong to the transformer, once
        if trunk is None:
            self.values = nn.Parameter(torch.empty(self.shape, device=device).normal_(std=0.02))
        else:
            self.last = nn.Linear(trunk.first.out_features, 2 * heads * size, device=device)

    def forward(self) -> tuple[torch.Tensor, torch.Tensor]:
        trunk = self._trunk[0]
        found = self.values if trunk is None else self.last(trunk()).reshape(self.shape)
        keys, values = found.permute(1, 2, 0, 3)
        return keys, values
