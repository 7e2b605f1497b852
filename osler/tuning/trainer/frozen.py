"""The proof that frozen weights stayed frozen: their SHA-256 before and after training."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from osler.core.errors import ModelError

if TYPE_CHECKING:
    import torch


class Frozen:
    """The weights of ``network`` that do not learn. ``before``: their hash when training began, "" where all learn."""

    def __init__(self, network: torch.nn.Module) -> None:
        self._names = [name for name, weight in network.named_parameters() if not weight.requires_grad]
        self.count = sum(weight.numel() for weight in network.parameters() if not weight.requires_grad)
        self.before = hash_of(network, self._names)

    def prove(self, network: torch.nn.Module) -> str:
        """The hash now; ModelError where it is another."""
        after = hash_of(network, self._names)
        if after != self.before:
            raise ModelError(
                f"frozen weights changed in training: their hash was {self.before[:16]} and is {after[:16]}",
                hint="give weights that must not change requires_grad = False, and write to none of them by hand",
                kind="training",
            )
        return after


def hash_of(network: torch.nn.Module, names: list[str]) -> str:
    """SHA-256 over the names, shapes, types and bytes of the weights ``names``; "" where there are none."""
    import torch

    if not names:
        return ""
    weights = dict(network.named_parameters())
    found = hashlib.sha256()
    for name in sorted(names):
        weight = weights[name].detach().cpu()
        found.update(f"{name} {tuple(weight.shape)} {weight.dtype}\0".encode())
        found.update(weight.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return found.hexdigest()
