"""The arithmetic of learning from rewards: advantages, estimates of the KL divergence, clipped losses.

Sources: Schulman et al. 2016, arXiv:1506.02438 (GAE, equation 16); Schulman et al. 2017, arXiv:1707.06347 (PPO, equation 7);
Ziegler et al. 2019, arXiv:1909.08593 (KL in the reward, adaptive coefficient, section 2.2); Shao et al. 2024,
arXiv:2402.03300 (GRPO, sections 4.1.1 and 4.1.2); J. Schulman 2020, "Approximating KL divergence" (the third estimator).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def gae(
    rewards: torch.Tensor, values: torch.Tensor, mask: torch.Tensor, *, gamma: float, lam: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Advantages and returns, ``[n, tokens]`` each, of replies whose tokens are ``mask``; the value behind the end is 0."""
    import torch

    width = rewards.shape[1]
    held = mask.to(rewards.dtype)
    advantages = torch.zeros_like(rewards)
    later = torch.zeros_like(rewards[:, 0])
    for at in range(width - 1, -1, -1):
        after = values[:, at + 1] * held[:, at + 1] if at + 1 < width else torch.zeros_like(later)
        surprise = rewards[:, at] + gamma * after - values[:, at]
        later = (surprise + gamma * lam * later) * held[:, at]
        advantages[:, at] = later
    return advantages, (advantages + values) * held


def group_advantages(rewards: torch.Tensor, group: int, *, scaled: bool = True) -> torch.Tensor:
    """Each reward less the mean of its group of ``group`` neighbours, in standard deviations where ``scaled``; ``[n]``.

    A group in which all rewards are equal says nothing: its advantages are 0.
    """
    held = rewards.view(-1, group)
    centred = held - held.mean(1, keepdim=True)
    if scaled:
        centred = centred / (held.std(1, keepdim=True, correction=0) + 1e-6)
    return centred.reshape(-1)


def whitened(values: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """``values`` with mean 0 and variance 1 over ``mask``, 0 elsewhere."""
    import torch

    held = values[mask]
    if held.numel() < 2:
        return torch.zeros_like(values)
    out = torch.zeros_like(values)
    out[mask] = (held - held.mean()) / (held.std(correction=0) + 1e-8)
    return out


def clipped(new: torch.Tensor, old: torch.Tensor, advantages: torch.Tensor, clip: float) -> torch.Tensor:
    """The clipped surrogate loss of each token from its log-probabilities; its mean is to be made small."""
    import torch

    ratio = torch.exp(new - old)
    return torch.maximum(-advantages * ratio, -advantages * ratio.clamp(1 - clip, 1 + clip))


def clipped_value(new: torch.Tensor, old: torch.Tensor, returns: torch.Tensor, clip: float) -> torch.Tensor:
    """Half the squared error of each value, or of the value kept within ``clip`` of the old one if that is more."""
    import torch

    near = old + (new - old).clamp(-clip, clip)
    return 0.5 * torch.maximum((new - returns) ** 2, (near - returns) ** 2)


def kl_third(new: torch.Tensor, reference: torch.Tensor) -> torch.Tensor:
    """Estimate of KL(new || reference) at each token drawn from new: never below 0, unbiased."""
    import torch

    gap = reference - new
    return torch.exp(gap) - gap - 1


def adapted(coefficient: float, kl: float, target: float, *, speed: float = 0.1) -> float:
    """The KL coefficient after a step with the divergence ``kl`` per reply: a fifth of ``speed`` up or down at most."""
    error = min(0.2, max(-0.2, kl / target - 1))
    return coefficient * (1 + speed * error)
