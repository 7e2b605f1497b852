"""Linear layers whose frozen weights are held in 4 or 8 bits and made whole again, layer by layer, when they are used."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from osler.models.adapter_quantise import Packed, pack, unpack


class _Product(torch.autograd.Function):  # type: ignore[misc]
    """x W^T with the weights made whole in both passes, so that no whole copy is kept in between."""

    @staticmethod
    def forward(ctx: Any, given: torch.Tensor, layer: Quantised) -> torch.Tensor:
        ctx.layer, ctx.dtype = layer, given.dtype
        return nn.functional.linear(given, layer.whole(given.dtype))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        gradient = gradients[0]
        return (gradient @ ctx.layer.whole(gradient.dtype)).to(ctx.dtype), None


class Quantised(nn.Linear):  # type: ignore[misc]
    """A frozen linear layer in ``weights`` ("nf4", "int4", "int8"); its codes and constants are buffers."""

    def __init__(self, base: nn.Module, weights: str) -> None:
        nn.Module.__init__(self)
        table: Any = base.weight
        self.turned = not isinstance(base, nn.Linear)  # Conv1D holds W^T
        whole = table.detach().T.contiguous() if self.turned else table.detach()
        self.out_features, self.in_features = whole.shape
        self.kind = weights
        for name, part in pack(whole, weights)._asdict().items():
            self.register_buffer(f"packed_{name}", part, persistent=False)
        self.bias = base.bias
        self.held = whole.dtype

    @property
    def weight(self) -> torch.Tensor:
        return self.whole(self.held)

    def whole(self, dtype: torch.dtype) -> torch.Tensor:
        packed = Packed(*(getattr(self, f"packed_{name}") for name in Packed._fields))
        return unpack(packed, self.kind, (self.out_features, self.in_features)).to(dtype)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = _Product.apply(input, self)
        return found if self.bias is None else found + self.bias.to(found.dtype)

    def full(self) -> nn.Linear:
        """The plain layer that this one stands for."""
        layer = nn.Linear(self.in_features, self.out_features, bias=False, device=self.packed_codes.device)
        layer.weight = nn.Parameter(self.weight, requires_grad=False)
        layer.bias = self.bias
        return layer
