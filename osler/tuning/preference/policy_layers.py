"""The network that learns from rewards: a writing network, a head for values where wanted, and what must outlive a kill."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

_MOST = 10.0  # standard deviations: a single odd reward must not decide a step


class PolicyNetwork(nn.Module):  # type: ignore[misc]
    """``policy`` with a linear head that reads a value from its last hidden state, 0 at the start.

    coefficient of the KL penalty, running sums of the rewards, and whether the training has ended are buffers, so they
    are part of every checkpoint. It stays in evaluation mode: with dropout the policy would not be the one that drew.
    """

    coefficient: torch.Tensor
    rewards: torch.Tensor
    ended: torch.Tensor

    def __init__(self, policy: Any, *, coefficient: float, valued: bool) -> None:
        super().__init__()
        self.policy = policy
        self.value = None
        if valued:
            width = int(policy.get_output_embeddings().weight.shape[1])
            self.value = nn.Linear(width, 1)
            nn.init.zeros_(self.value.weight)
            nn.init.zeros_(self.value.bias)
        self.register_buffer("coefficient", torch.tensor(coefficient, dtype=torch.float64))
        self.register_buffer("rewards", torch.zeros(3, dtype=torch.float64))  # how many, their mean, sum of squares
        self.register_buffer("ended", torch.tensor(0.0))

    def train(self, mode: bool = True) -> PolicyNetwork:
        super().train(False)
        return self

    def values(self, hidden: torch.Tensor) -> torch.Tensor:
        assert self.value is not None
        found: torch.Tensor = self.value(hidden)
        return found.squeeze(-1).float()

    def normal(self, rewards: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """``rewards`` less the running mean in running standard deviations; ``seen`` (all of this step) count first."""
        count, mean, square = self.rewards.tolist()
        for value in seen.double().tolist():  # Welford 1962
            count += 1
            gap = value - mean
            mean += gap / count
            square += gap * (value - mean)
        self.rewards.copy_(torch.tensor([count, mean, square], dtype=torch.float64))
        deviation = (square / count) ** 0.5 if count else 0.0
        return ((rewards - mean) / (deviation + 1e-8)).clamp(-_MOST, _MOST) if deviation > 1e-8 else rewards - mean
