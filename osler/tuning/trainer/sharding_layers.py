"""A module around a whole training step, so that weights outside the sharded blocks are at hand in all of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch


class Whole(torch.nn.Module):  # type: ignore[misc]
    """Calling it runs ``work`` with the weights of ``network`` that no block holds gathered."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, work: Callable[[], Any]) -> Any:
        return work()
